/** How much one account may have. */
import { Fault } from '../kit/fault.ts';
import type { NamePolicy } from '../pack/name-policy.ts';
import { countHosts, countPacks, countTokensOf, countZones, lockAccount } from '../store/quotas.ts';
import type { Tx } from '../store/store.ts';

/** Most that an account may have of each; 0: any number. */
export interface Quotas {
  readonly zones: number;
  readonly packs: number;
  /** Different hosts of all its packs. */
  readonly hosts: number;
  readonly tokens: number;
}

/** Any number of everything. */
export const NO_QUOTAS: Quotas = { zones: 0, packs: 0, hosts: 0, tokens: 0 };

const WHAT: Readonly<Record<keyof Quotas, string>> = {
  zones: 'zones (those counted that still rest after they were deleted)',
  packs: 'certificate packs',
  hosts: 'different hosts in its certificate packs',
  tokens: 'API tokens',
};

/** Throws `quota_reached` where an account would have more than it may. `count` is what it has with what it asks for. */
function check(quotas: Quotas, what: keyof Quotas, count: number): void {
  const most = quotas[what];
  if (count <= most) return;
  const sentence = `this account may have ${most} ${WHAT[what]}; take some away, or ask the operator (option account_${what})`;
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

/** As `checkZoneQuota`, for a pack of these names, in A-labels. */
export async function checkPackQuota(
  tx: Tx,
  { quotas }: { readonly quotas: Quotas },
  accountId: string,
  names: readonly string[],
): Promise<void> {
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
