/** Webhooks of Discord: discord.com/developers/docs/resources/webhook#execute-webhook. */
import type { AlertSeverity } from '../../pack/alert-body.ts';
import type { Shape } from '../notify.ts';
import { cut, escapeMarkdown, plain } from '../text.ts';

/** Longest title and description of an embed; half of it, as each character may get a backslash. */
const [MOST_TITLE, MOST] = [128, 2_000];

const COLOURS: Readonly<Record<AlertSeverity, number>> = {
  info: 0x2e7d32,
  warning: 0xf9a825,
  error: 0xd84315,
  critical: 0xb71c1c,
};

/** Nobody is mentioned, whatever stands in the text. */
export const discord: Shape = ({ body, policyName }) => ({
  json: {
    username: 'certpacks',
    allowed_mentions: { parse: [] },
    embeds: [
      {
        title: escapeMarkdown(cut(plain(body.title), MOST_TITLE)),
        description: escapeMarkdown(cut(plain(body.text), MOST)),
        ...(body.link && { url: body.link }),
        color: COLOURS[body.severity],
        timestamp: body.madeOn,
        footer: { text: cut(plain(policyName), MOST_TITLE) },
      },
    ],
  },
});
