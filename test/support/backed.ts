/** Packs with backups, with two CAs and edges that show what the store wishes there. */
import assert from 'node:assert/strict';
import { createCa } from '../../src/ca/registry.ts';
import { VirtualClock } from '../../src/kit/clock.ts';
import { failOver } from '../../src/operation/fail-over.ts';
import { insertBacked, withBackup } from '../../src/operation/insert-backup.ts';
import type { Pack, PackZone } from '../../src/pack/pack.ts';
import { OPERATOR } from '../../src/store/audit.ts';
import { getServing } from '../../src/store/served-hosts.ts';
import { transaction } from '../../src/store/store.ts';
import { takeOrd } from '../../src/store/zones.ts';
import { allVisible, carryAll, edgeNamed, givenZone, packOf, shown, type TestJobDeps } from './job-deps.ts';
import { memoryAccounts } from './memory-accounts.ts';
import { givenPack as packWith } from './pack.ts';
import { simulatedCa, type TestCa } from './simulator/simulated-ca.ts';
import type { After } from './simulator/world.ts';

/** What jobs are given, with both CAs. */
export interface TwoCas {
  readonly deps: TestJobDeps;
  readonly google: TestCa;
  readonly letsEncrypt: TestCa;
}

/** Both CAs live in a clock of the test's own; there is one edge. */
export async function givenTwoCas(t: After, plain: TestJobDeps): Promise<TwoCas> {
  const clock = new VirtualClock();
  const [google, letsEncrypt] = await Promise.all([
    simulatedCa(t, { clock, name: 'google' }),
    simulatedCa(t, { clock, name: 'lets_encrypt' }),
  ]);
  const caDeps = { accounts: memoryAccounts(), clock };
  const cas = new Map([google, letsEncrypt].map(({ row }) => [row.name, createCa(row, caDeps)] as const));
  const deps = { ...plain, clock, cas, precheckTxt: allVisible, edges: [edgeNamed('edge-a')] };
  return { deps: { ...deps, showLeaf: serving(deps) }, google, letsEncrypt };
}

/** Edges that show, for each name, the leaf of the pack that serves it. */
export const serving =
  ({ pool, edges }: TestJobDeps): TestJobDeps['showLeaf'] =>
  async (edge, { name, algorithm }) => {
    const { environment = 'production' } = edges.find((one) => one.name === edge.name) ?? {};
    const pack = await getServing(pool, name, environment);
    const { rows } = await pool.query<{ leaf: string | null }>(
      `select case $2 when 'ecdsa' then desired_ecdsa else desired_rsa end as leaf from deployments
        where pack_id = $1 and edge = $3`,
      [pack?.id, algorithm, edge.name],
    );
    const leaf = rows[0]?.leaf;
    return leaf ? shown(leaf) : undefined;
  };

/** Ids of a pack and its backup. */
export interface BackedIds {
  readonly id: string;
  readonly backupId: string;
  readonly zone: PackZone;
}

/** An order of a pack from Google, with its backup from Let's Encrypt, with what `change` says of it. */
export async function givenBacked(deps: TestJobDeps, change: Partial<Pack> = {}): Promise<BackedIds> {
  const zone = await givenZone(deps, `shop-${Math.random().toString(36).slice(2)}.test`);
  const now = deps.clock.now();
  const times = { statusSince: now, createdOn: now, modifiedOn: now };
  return transaction(deps.pool, async (tx) => {
    const { ord, lane } = await takeOrd(tx, zone);
    const next = await takeOrd(tx, zone);
    const id = crypto.randomUUID();
    const ordered = packWith({ id, zone, ord, hosts: [zone.name], ...times, ...change });
    const offer = { certificateAuthority: 'lets_encrypt', validityDays: 90 } as const;
    const backed = withBackup(deps, ordered, { offer, ord: next.ord });
    await insertBacked(tx, deps, backed, { lane });
    return { id, backupId: backed.backup.id, zone };
  });
}

/** The same, once both are issued and the pack is served. */
export async function givenBackedActive(deps: TestJobDeps): Promise<BackedIds> {
  const ids = await givenBacked(deps);
  await carryAll(deps);
  await assertStatuses(deps, ids, ['active', 'backup_issued']);
  return ids;
}

/** Has them change places, by a call on one of the two. */
export const swap = (deps: TestJobDeps, { zone }: BackedIds, id: string) =>
  failOver(deps, { zoneId: zone.id, id, by: OPERATOR });

/** Holds what both are in: the pack first. */
export async function assertStatuses(
  deps: TestJobDeps,
  { id, backupId }: BackedIds,
  expected: readonly [Pack['status'], Pack['status']],
): Promise<void> {
  const both = [await packOf(deps, id), await packOf(deps, backupId)];
  assert.deepEqual(
    both.map(({ status }) => status),
    expected,
    JSON.stringify(both.map(({ validationErrors }) => validationErrors)),
  );
}
