import { domainToASCII } from 'node:url';

/** A name as all servers write it in the end: A-labels, lower case, without the root's dot. */
export function normalName(name: string): string {
  const plain = name.trim().toLowerCase().replace(/\.$/, '');
  // Only where it is needed: it refuses names that a server may well have been asked for.
  if (/^[\x21-\x7e]*$/.test(plain)) return plain;
  const [, wildcard = '', rest = ''] = /^(\*\.)?(.*)$/s.exec(plain) ?? [];
  return `${wildcard}${domainToASCII(rest) || rest}`;
}
