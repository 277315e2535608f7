/** Validation that is delegated to us: where a CA looks for the TXT record of a name, a CNAME leads into our delegation zone. */
import { toName, withoutWildcard } from './hosts.ts';
import type { Pack } from './pack.ts';
import { isAnsweredHere } from './type.ts';
import { METHODS } from './validation-method.ts';

/** Where a CA looks for the TXT record of a host (RFC 8555 8.4). */
export const challengeName = (name: string): string => `_acme-challenge.${withoutWildcard(name)}`;

/** Where the customer's CNAME leads: unique per account, zone and name, so a departed one proves nothing. */
export const delegatedName = (name: string, uuid: string, delegationZone: string): string =>
  `${withoutWildcard(name)}.${uuid}.${delegationZone}`;

/** The CNAME by which the validation of a name is delegated. */
export interface Delegation {
  /** In A-labels, without wildcard. */
  readonly name: string;
  readonly target: string;
}

/** The CNAMEs that delegate validation to us, one per Authorization Domain Name; none where our DNS serves. */
export function delegationsOf(
  { type, zone, hosts, validationMethod }: Pick<Pack, 'type' | 'zone' | 'hosts' | 'validationMethod'>,
  delegationZone: string,
): Delegation[] {
  const isDelegable = validationMethod !== undefined && METHODS[validationMethod].isDelegable;
  if (isAnsweredHere({ type, zone }) || !isDelegable || delegationZone === '') return [];
  const names = new Set(hosts.map((host) => withoutWildcard(toName(host))));
  return [...names].map((name) => ({
    name,
    target: delegatedName(name, zone.delegationUuid, delegationZone),
  }));
}

/** What a look found of a delegation: whether a CNAME leads to its target. */
export interface DelegationSeen {
  readonly target: string;
  readonly isLedTo: boolean;
}

/** Targets that are led to, after looks at some of them; the same array where nothing changed. */
export function delegationsAfter(
  before: readonly string[],
  seen: readonly DelegationSeen[],
): readonly string[] {
  const isLedTo = new Map(seen.map((one) => [one.target, one.isLedTo]));
  const kept = before.filter((target) => isLedTo.get(target) ?? true);
  const added = [...isLedTo].flatMap(([target, is]) => (is && !before.includes(target) ? [target] : []));
  return added.length === 0 && kept.length === before.length ? before : [...kept, ...added];
}
