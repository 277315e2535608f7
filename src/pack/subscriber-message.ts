import { toName, withoutWildcard } from './hosts.ts';
import type { Pack } from './pack.ts';
import { hostsIn, inOne, unrenewedWords, type Words } from './standing.ts';

/**
 * A message as the subscriber reads it: it names a host of the pack, what was seen, and, after a semicolon, the next step;
 * what lacks the first or the last gets it here.
 */
export function subscriberMessage(hosts: readonly string[], message: string): string {
  const isNamed = hosts.some((host) =>
    [host, toName(host)].some((name) => message.includes(withoutWildcard(name))),
  );
  const named = isNamed ? message : `${hostsIn(hosts)}: ${message}`;
  return named.includes(';') ? named : `${named}; ${AGAIN}`;
}

const AGAIN = 'it is tried again';

/** What the errors of a pack say whose certificates end and were not renewed. */
export const unrenewedMessage = (pack: Pack): string =>
  subscriberMessage(pack.hosts, inOne(unrenewedWords(pack)));

/** The halves of a message: what was seen, and the next step. What a server or a CA wrote stands in quotes or brackets, mostly. */
export function halvesOf(message: string): Words {
  const at = withoutQuoted(message).indexOf('; ');
  return at < 0
    ? { what: message, next: AGAIN }
    : { what: message.slice(0, at), next: message.slice(at + 2) };
}

/** As long, with blanks in place of what stands in quotes, or in brackets that hold others. */
function withoutQuoted(message: string): string {
  const bare = message.replaceAll(/\([^()]*\)|"[^"]*"/g, (quoted) => '_'.repeat(quoted.length));
  return bare === message ? bare : withoutQuoted(bare);
}
