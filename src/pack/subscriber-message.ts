import { toName, withoutWildcard } from './hosts.ts';

/**
 * A message as the subscriber reads it: it names a host of the pack, what was seen, and, after a semicolon, the next step;
 * what lacks the first or the last gets it here.
 */
export function subscriberMessage(hosts: readonly string[], message: string): string {
  const isNamed = hosts.some((host) => message.includes(withoutWildcard(toName(host))));
  const named = isNamed ? message : `${shown(hosts)}: ${message}`;
  return named.includes(';') ? named : `${named}; it is tried again`;
}

const shown = ([first = '', ...more]: readonly string[]): string =>
  more.length > 0 ? `${first} and ${more.length} more` : first;
