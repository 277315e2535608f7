/** Incoming webhooks of Slack: docs.slack.dev/messaging/sending-messages-using-incoming-webhooks. */
import type { Shape } from '../notify.ts';
import { cut, escapeAngles, plain } from '../text.ts';

/** Longest text of a block, and of a header. */
const [MOST, MOST_HEADER] = [2_900, 150];

/** Blocks of type `plain_text` have no markup. The line for notifications has some, and is escaped. */
export const slack: Shape = ({ body, policyName }) => {
  const title = plain(body.title);
  return {
    json: {
      text: escapeAngles(cut(title, MOST)),
      unfurl_links: false,
      blocks: [
        { type: 'header', text: words(title, MOST_HEADER) },
        { type: 'section', text: words(plain(body.text), MOST) },
        ...(body.link ? [open(body.link)] : []),
        { type: 'context', elements: [words(plain(`${policyName} · ${body.severity}`), MOST_HEADER)] },
      ],
    },
  };
};

const words = (text: string, most: number) => ({ type: 'plain_text', emoji: false, text: cut(text, most) });

const open = (link: string) => ({
  type: 'section',
  text: { type: 'mrkdwn', text: `<${escapeAngles(link)}|Open in certpacks>` },
});
