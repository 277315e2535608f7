/** Workflows of Microsoft Teams that post a card: learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors. */
import type { Shape } from '../notify.ts';
import { cut, plain } from '../text.ts';

const [MOST_TITLE, MOST] = [200, 8_000];

/** A run of text has no markup, a `TextBlock` has. */
export const msteams: Shape = ({ body, policyName }) => ({
  json: {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            runs([{ text: cut(plain(body.title), MOST_TITLE), weight: 'Bolder', size: 'Medium' }]),
            ...cut(plain(body.text), MOST)
              .split('\n')
              .map((line) => runs([{ text: line }])),
            runs([{ text: cut(plain(policyName), MOST_TITLE), isSubtle: true, size: 'Small' }]),
          ],
          ...(body.link && {
            actions: [{ type: 'Action.OpenUrl', title: 'Open in certpacks', url: body.link }],
          }),
        },
      },
    ],
  },
});

const runs = (inlines: readonly Readonly<Record<string, unknown>>[]) => ({
  type: 'RichTextBlock',
  inlines: inlines.map((one) => ({ type: 'TextRun', ...one })),
});
