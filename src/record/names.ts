/** Names of records, and names in them. */
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { Fault } from '../kit/fault.ts';
import { hasUnprintable } from '../kit/unprintable.ts';

/**
 * The full name of a record in A-labels and lower case, without final dot, from what its owner wrote: a full name, one below
 * the zone, or `@` for the zone itself. A wildcard is a whole first label. Throws `invalid_record`.
 */
export function toRecordName(text: string, zone: string): string {
  if (text === '@' || text === '') return zone;
  const isWildcard = text === '*' || text.startsWith('*.');
  const rest = text === '*' ? '' : isWildcard ? text.slice(2) : text;
  const base = rest === '' || rest === '@' ? zone : inZone(toAscii(rest, '/name'), zone, rest.endsWith('.'));
  const name = isWildcard ? `*.${base}` : base;
  return checked(name, '/name');
}

/** A name with a final dot is a whole one: outside of the zone it is no name of the zone's. */
function inZone(name: string, zone: string, isAbsolute: boolean): string {
  if (name === zone || name.endsWith(`.${zone}`)) return name;
  if (!isAbsolute) return `${name}.${zone}`;
  throw refuse('/name', `${name} is not in the zone ${zone}`);
}

/**
 * A name that a record leads to, in A-labels and lower case, without final dot; `.` where `isRootTaken`. Throws
 * `invalid_record`.
 */
export function toTarget(text: string, pointer: string, isRootTaken = false): string {
  if (text === '.' && isRootTaken) return '.';
  if (isIP(text) !== 0) throw refuse(pointer, `is the address ${text}; it must be a host name`);
  return checked(toAscii(text, pointer), pointer);
}

/** Letters, digits, hyphens and underscores in ASCII, whatever script they were written in. */
function toAscii(text: string, pointer: string): string {
  const bare = text.replace(/\.$/, '');
  const shown = JSON.stringify(text.slice(0, 260));
  if (bare.length > 1_000 || hasUnprintable(bare) || /(?![a-z0-9._-])\p{ASCII}/iu.test(bare))
    throw refuse(pointer, `is ${shown}, which has a character that no name here may have`);
  // Label by label: a label with an underscore is no host name, and may stand beside one in another script.
  const labels = bare
    .split('.')
    .map((label) => (/^[\w-]*$/.test(label) ? label.toLowerCase() : domainToASCII(label)));
  if (labels.includes('')) throw refuse(pointer, `is ${shown}, which has an empty or malformed label`);
  return labels.join('.');
}

function checked(name: string, pointer: string): string {
  if (name.length > 253) throw refuse(pointer, 'is longer than 253 characters');
  const wrong = name.split('.').find((label) => !(label === '*' || LABEL.test(label)));
  if (wrong === undefined) return name;
  throw refuse(pointer, `has the label ${JSON.stringify(wrong.slice(0, 64))}, which no name here may have`);
}

/** 63 characters, none of them but inside a hyphen (RFC 1123 2.1), and underscores (RFC 8552). */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** The fault of a record that cannot be, in words for whoever wrote it. */
export const refuse = (pointer: string, what: string): Fault =>
  new Fault('invalid_record', `${pointer.slice(1).replaceAll('/', '.')} ${what}`, { pointer });
