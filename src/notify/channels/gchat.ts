/** Webhooks of Google Chat: developers.google.com/workspace/chat/quickstart/webhooks, cards of version 2. */
import type { Shape } from '../notify.ts';
import { cut, escapeHtml, plain } from '../text.ts';

const [MOST_TITLE, MOST] = [200, 3_500];

/** A paragraph of a card has a few tags of HTML: it is escaped. The head of a card has none. */
export const gchat: Shape = ({ body, policyName, id }) => ({
  json: {
    cardsV2: [
      {
        cardId: id,
        card: {
          header: { title: cut(plain(body.title), MOST_TITLE), subtitle: cut(plain(policyName), MOST_TITLE) },
          sections: [{ widgets: [paragraph(body.text), ...(body.link ? [button(body.link)] : [])] }],
        },
      },
    ],
  },
});

const paragraph = (text: string) => ({
  textParagraph: { text: escapeHtml(cut(plain(text), MOST)).replaceAll('\n', '<br>') },
});

const button = (url: string) => ({
  buttonList: { buttons: [{ text: 'Open in certpacks', onClick: { openLink: { url } } }] },
});
