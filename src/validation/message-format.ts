import { printable } from '../dns/message/names.ts';
import type { Denied } from '../dns/resolver/empty-non-terminal.ts';
import type { Said } from '../dns/resolver/query-all.ts';
import type { Wanted } from './validation.ts';

/** How the CNAMEs led to `name`, when they did: the beginning of a sentence. */
export const leadsTo = ({ txtName }: Wanted, name: string): string =>
  name === txtName ? '' : `${txtName} leads by CNAME to ${name}, and `;

/** Names at most four servers. */
export function servers(said: readonly Said[]): string {
  return cut(said.map((one) => one.server));
}

/** Names at most four servers, each with how it failed. */
export function failures(said: readonly Said[]): string {
  return cut(said.map((one) => `${one.server} ${one.why ?? BARRED}`));
}

const BARRED = 'was not asked, its address is refused by policy (it is not public)';

/** What is wrong with servers that deny an empty non-terminal, and the step that helps with them as they are. */
export function denial({ name, below, servers: those }: Denied): string {
  const verb = those.length > 1 ? 'answer' : 'answers';
  const seen = `${cut(those)} ${verb} NXDOMAIN for ${name}, as if nothing were below it, while ${below} is there`;
  const why = 'a resolver that goes by that (RFC 8020), such as a CA’s, never gets to it';
  return `${seen}: ${why}; create any record at ${name}, e.g. a TXT, or have the name server repaired`;
}

const cut = (words: readonly string[]): string =>
  words.length > 4 ? `${words.slice(0, 4).join(', ')} and ${words.length - 4} more` : words.join(', ');

/** At most three TXT values in quotes, made printable. */
export function quoted(values: readonly string[]): string {
  const shown = values.slice(0, 3).map((value) => `"${printable(value, 80)}"`);
  const more = values.length > 3 ? ` and ${values.length - 3} more` : '';
  return `${shown.join(', ')}${more}`;
}

/** The step to a record at `name`, where none is: the TXT, or the CNAME that delegates the record's name. */
export function createStep({ txtName, txtValue, delegatedTo }: Wanted, name: string): string {
  const txt = `TXT ${name} with value "${printable(txtValue, 255)}"`;
  if (name !== txtName || delegatedTo === undefined) return `create ${txt}`;
  return `create CNAME ${txtName} that leads to ${delegatedTo}, or ${txt}`;
}
