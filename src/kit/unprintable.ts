/**
 * Characters that show nothing and yet do something: control characters (C0, DEL, C1), those that turn the direction of text
 * or have no width (Unicode's format characters), separators of lines and paragraphs, halves of pairs.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The joiner and the non-joiner: some scripts cannot be written without them. */
const JOINERS = /[\u200c\u200d]/g;

/** Whether a name has such a character, joiners apart: nobody would see what it is. */
export const hasUnprintable = (name: string): boolean => name.replace(JOINERS, '').search(UNPRINTABLE) >= 0;

/** One line of text that a terminal shows as it is: what cannot be shown stands as its number, `\u202e`. */
export const printable = (text: string): string => text.replace(UNPRINTABLE, escapeOf);

/** JSON that a terminal shows as it is, and that means the same. */
export const printableJson = (value: unknown): string => printable(JSON.stringify(value));

/** As JSON has it: a character beyond U+FFFF is a pair. */
const escapeOf = (character: string): string =>
  Array.from({ length: character.length }, (_, i) => `\\u${hexOf(character.charCodeAt(i))}`).join('');

const hexOf = (code: number): string => code.toString(16).padStart(4, '0');
