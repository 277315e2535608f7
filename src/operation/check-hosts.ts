import { Fault } from '../kit/fault.ts';
import { withoutWildcard } from '../pack/hosts.ts';
import { isKeptFor, isPrivateSuffix, isRelated, type NamePolicy } from '../pack/name-policy.ts';
import type { PackZone } from '../pack/pack.ts';
import { getFirstAccount } from '../store/names.ts';
import type { Db } from '../store/store.ts';

/**
 * Throws `invalid_host` with a pointer where a name, in A-labels, is not for the account of the zone: a public suffix of the
 * list's private part, or what the operator keeps. The zone may be older than what the operator says.
 */
export async function checkHosts(
  { pool, names: policy }: { readonly pool: Db; readonly names: NamePolicy },
  { accountId }: Pick<PackZone, 'accountId'>,
  names: readonly string[],
): Promise<void> {
  const bases = names.map(withoutWildcard);
  const suffix = policy.suffixAccounts.includes(accountId) ? -1 : bases.findIndex(isPrivateSuffix);
  if (suffix >= 0) throw refused(names, suffix, SUFFIX);
  const isNear = (base: string) => policy.owned.some(({ name }) => isRelated(name, base));
  if (!bases.some(isNear)) return;
  const first = await getFirstAccount(pool);
  const kept = bases.findIndex((base) => isKeptFor(policy, base, { accountId, first }));
  if (kept >= 0)
    throw refused(names, kept, 'is kept by the operator of this service; where it is yours, ask there');
}

const SUFFIX =
  'is a public suffix by the private part of that list: names below it have many owners; the operator can allow this ' +
  'account (option suffix_accounts)';

const refused = (names: readonly string[], i: number, why: string): Fault =>
  new Fault('invalid_host', `${names[i]} ${why}`, { pointer: `/hosts/${i}` });
