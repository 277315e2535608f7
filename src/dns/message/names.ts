import { getPublicSuffix } from 'tldts';

/** A name as the room keeps it: lower-case (ASCII alone, RFC 4343), without final dot; '' is the root. */
export const toDnsName = (text: string): string =>
  text.replace(/[A-Z]+/g, (part) => part.toLowerCase()).replace(/\.$/, '');

/** Whether `name` is `zone` or lies below it. */
export const isWithin = (name: string, zone: string): boolean =>
  zone === '' || name === zone || name.endsWith(`.${zone}`);

/** Whether `name` lies below `zone` and is not the zone itself. */
export const isBelow = (name: string, zone: string): boolean => name !== zone && isWithin(name, zone);

/** The name without its first label; the root is its own parent. */
export const parentOf = (name: string): string =>
  name.includes('.') ? name.slice(name.indexOf('.') + 1) : '';

/** Whether a name is made of host characters alone (`a-z 0-9 _ * -`) within the limits of RFC 1035 2.3.4. */
export const isPlainName = (name: string): boolean =>
  name.length <= 253 && name.split('.').every((label) => isPlainLabel(label));

/** Whether a label, in lower case, is made of host characters alone. */
export const isPlainLabel = (label: string): boolean => /^[a-z0-9_*-]{1,63}$/.test(label);

/** Whether a name is the root, a top-level domain or another suffix that a registry runs, e.g. `co.uk`. */
export const isRegistry = (name: string): boolean => name === '' || getPublicSuffix(name) === name;

/** Text of the wire made safe to print: control and non-ASCII bytes as `\ddd` (RFC 1035 5.1), cut to `most`. */
export function printable(text: string, most: number): string {
  const safe = text.slice(0, most).replace(/[^\x20-\x7e]|["\\]/g, escaped);
  return text.length > most ? `${safe}…` : safe;
}

const escaped = (char: string): string => `\\${String(char.charCodeAt(0) & 0xff).padStart(3, '0')}`;
