/** How much one account may have, and one zone. */

import type { OptionName } from '../kit/config.ts';
import { Fault } from '../kit/fault.ts';
import type { NamePolicy } from '../pack/name-policy.ts';
import type { PackZone } from '../pack/pack.ts';
import {
  countHosts,
  countOwnPacks,
  countPacks,
  countPacksInZone,
  countTokensOf,
  countZones,
  lockAccount,
} from '../store/quotas.ts';
import type { Db, Tx } from '../store/store.ts';

/** Most that there may be of each; 0: any number. */
export interface Quotas {
  readonly zones: number;
  readonly packs: number;
  /** Packs of one zone; all others are of an account. */
  readonly zonePacks: number;
  /** Different hosts of all its packs. */
  readonly hosts: number;
  readonly tokens: number;
  /** DNS records, of each of its zones. */
  readonly records: number;
}

/** Any number of everything. */
export const NO_QUOTAS: Quotas = { zones: 0, packs: 0, zonePacks: 0, hosts: 0, tokens: 0, records: 0 };

/** Whose a quota is, of what, and the option that says how much. */
interface Words {
  readonly whose: 'account' | 'zone';
  readonly what: string;
  readonly option: OptionName;
}

const WORDS: Readonly<Record<keyof Quotas, Words>> = {
  zones: {
    whose: 'account',
    what: 'zones (those counted that still rest after they were deleted)',
    option: 'account_zones',
  },
  packs: { whose: 'account', what: 'certificate packs', option: 'account_packs' },
  zonePacks: { whose: 'zone', what: 'certificate packs', option: 'zone_packs' },
  hosts: { whose: 'account', what: 'different hosts in its certificate packs', option: 'account_hosts' },
  tokens: { whose: 'account', what: 'API tokens', option: 'account_tokens' },
  records: { whose: 'zone', what: 'DNS records', option: 'zone_records' },
};

/** Throws `quota_reached` where there would be more than may be. `count` is what there is with what is asked for. */
function check(quotas: Quotas, which: keyof Quotas, count: number): void {
  const most = quotas[which];
  if (count <= most) return;
  const { whose, what, option } = WORDS[which];
  const sentence = `this ${whose} may have ${most} ${what}; take some away, or ask the operator (option ${option})`;
  throw new Fault('quota_reached', sentence);
}

/** Throws `quota_reached` unless the account may have another zone. What is counted stays so until the transaction ends. */
export async function checkZoneQuota(
  tx: Tx,
  { quotas, names }: { readonly quotas: Quotas; readonly names: NamePolicy },
  accountId: string,
  now: Date,
): Promise<void> {
  if (quotas.zones === 0) return;
  await lockAccount(tx, accountId);
  check(quotas, 'zones', (await countZones(tx, accountId, { rest: names.rest, now })) + 1);
}

/** As `checkZoneQuota`, for a pack of these names, in A-labels, in a transaction that holds its zone. */
export async function checkPackQuota(
  tx: Tx,
  { quotas }: { readonly quotas: Quotas },
  { id, accountId }: Pick<PackZone, 'id' | 'accountId'>,
  names: readonly string[],
): Promise<void> {
<<<<<<< HEAD
  if (quotas.zonePacks > 0) check(quotas, 'zonePacks', (await countPacksInZone(tx, id)) + 1);
=======
  if (quotas.zonePacks > 0) check(quotas, 'zonePacks', (await countOwnPacks(tx, id)) + 1);
>>>>>>> main
  if (quotas.packs + quotas.hosts === 0) return;
  await lockAccount(tx, accountId);
  if (quotas.packs > 0) check(quotas, 'packs', (await countPacks(tx, accountId)) + 1);
  if (quotas.hosts > 0) check(quotas, 'hosts', await countHosts(tx, accountId, names));
}

/** As `checkZoneQuota`, for a token, where the account's tokens are locked. */
export async function checkTokenQuota(
  tx: Tx,
  { quotas }: { readonly quotas: Quotas },
  accountId: string,
): Promise<void> {
  if (quotas.tokens === 0) return;
  check(quotas, 'tokens', (await countTokensOf(tx, accountId)) + 1);
}

/** What a zone has of certificate packs, and how many it may have as things are. */
export interface PackQuota {
  readonly allocated: number;
  readonly used: number;
}

/** Stands for any number: the largest quota that an operator can set. */
const ANY_NUMBER = 1_000_000_000;

/** The packs that a zone may have: by its own quota, and by what its account's other zones leave of the account's. */
export async function packQuotaOf(
  db: Db,
  quotas: Quotas,
  { id, accountId }: Pick<PackZone, 'id' | 'accountId'>,
): Promise<PackQuota> {
<<<<<<< HEAD
  const used = await countPacksInZone(db, id);
=======
  const used = await countOwnPacks(db, id);
>>>>>>> main
  const left = quotas.packs === 0 ? ANY_NUMBER : quotas.packs - (await countPacks(db, accountId));
  const byAccount = used + Math.max(0, left);
  return { used, allocated: Math.min(quotas.zonePacks || ANY_NUMBER, byAccount) };
}

/** Throws `quota_reached` where a zone would have more DNS records than it may. `count` is what it has with what is asked for. */
export function checkRecordQuota({ quotas }: { readonly quotas: Quotas }, count: number): void {
  if (quotas.records > 0) check(quotas, 'records', count);
}
