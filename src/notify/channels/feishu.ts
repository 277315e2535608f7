/** Bots of Feishu and Lark: open.feishu.cn/document, "Custom bot usage guide". */
import { createHmac } from 'node:crypto';
import type { Shape } from '../notify.ts';
import { cut, plain } from '../text.ts';

const [MOST_TITLE, MOST] = [200, 8_000];

/** A post of plain elements. The secret signs the time. */
export const feishu: Shape = ({ body }, { secret, now }) => ({
  usesSecret: true,
  json: {
    ...(secret !== undefined && signed(secret, Math.floor(now.getTime() / 1_000))),
    msg_type: 'post',
    content: {
      post: {
        en_us: {
          title: cut(plain(body.title), MOST_TITLE),
          content: [
            [{ tag: 'text', text: cut(plain(body.text), MOST) }],
            ...(body.link ? [[{ tag: 'a', text: 'Open in certpacks', href: body.link }]] : []),
          ],
        },
      },
    },
  },
});

/** The text that is signed is the key, and what it signs is empty. */
const signed = (secret: string, seconds: number) => ({
  timestamp: String(seconds),
  sign: createHmac('sha256', `${seconds}\n${secret}`).digest('base64'),
});
