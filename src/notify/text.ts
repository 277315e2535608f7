/** Texts of strangers in messages: bounded, in one piece, and harmless in the markup of a channel. */

/** At most so many characters, none of them half of a pair. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** One line without what steers a terminal, the direction of text, or headers of a mail. */
export const oneLine = (text: string): string => plain(text).replaceAll(/\s+/g, ' ').trim();

/** The same with its lines. */
export const plain = (text: string): string => text.replaceAll(/[^\P{C}\n]/gu, ' ');

/** HTML, and the markup of chats that go by its characters. */
export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** `&`, `<` and `>` alone, as Slack wants them. */
export const escapeAngles = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Markdown in which any punctuation may have a backslash. A mention begins with `@`, a link with `http`: both are parted. */
export const escapeMarkdown = (text: string): string => text.replaceAll(/[!-/:-@[-`{-~]/g, String.raw`\$&`);
