/** Looks for secrets in whatever the service lets out, in every form in which they could be written there. */
import { createPrivateKey } from 'node:crypto';

/** A secret, and the texts any of which would be it. */
export interface Needle {
  readonly what: string;
  readonly forms: readonly string[];
}

/** Bytes that are secret by themselves. Short ones would be found by chance. */
export function needleOf(what: string, secret: Buffer): Needle {
  if (secret.length < 16) throw new Error(`${what} is too short to be looked for`);
  const hex = secret.toString('hex');
  return { what, forms: [secret.toString('latin1'), hex, hex.toUpperCase(), ...inBase64(secret)] };
}

/** A text that is secret as it stands. */
export const textNeedle = (what: string, secret: string): Needle => ({ what, forms: [secret] });

/**
 * A private key in PEM: by the numbers that make it private, so that it is found in PEM, DER and JWK alike, and in parts.
 */
export function needlesOf(what: string, pem: string): Needle[] {
  const { d = '', p, q } = createPrivateKey(pem).export({ format: 'jwk' });
  const parts = Object.entries({ d, p, q }).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return parts.map(([name, text]) => needleOf(`${name} of ${what}`, Buffer.from(text, 'base64url')));
}

/** What base64 of anything around the bytes would have inside, at each of three alignments. Lines of 64 are joined before. */
function inBase64(secret: Buffer): string[] {
  return [0, 1, 2].flatMap((shift) => {
    const shifted = Buffer.concat([Buffer.alloc(shift), secret]);
    const whole = shifted.subarray(shift === 0 ? 0 : 3, shifted.length - (shifted.length % 3));
    return [whole.toString('base64'), whole.toString('base64url')];
  });
}

/** Names of the secrets that are in a text or in bytes, as they stand or written in hexadecimal or base64 as a whole. */
export function secretsIn(haystack: string | Buffer, needles: readonly Needle[]): string[] {
  const text = typeof haystack === 'string' ? haystack : haystack.toString('latin1');
  const inside = [
    ...decoded(text, /[A-Za-z0-9+/_-]{40,}/g, 'base64'),
    ...decoded(text, /(?:[0-9a-f]{2}){32,}/gi, 'hex'),
  ].join('\0');
  const texts = [text, inside].flatMap((one) => [one, joined(one)]);
  return needles
    .filter(({ forms }) => forms.some((form) => texts.some((one) => one.includes(form))))
    .map(({ what }) => what);
}

/** Base64 is broken into lines, and a line's end is written as two characters in JSON. */
const joined = (text: string): string => text.replaceAll(/\\n|\\r|[\r\n]/g, '');

const decoded = (text: string, runs: RegExp, encoding: 'base64' | 'hex'): string[] =>
  [...text.matchAll(runs)].map(([run]) => Buffer.from(run, encoding).toString('latin1'));
