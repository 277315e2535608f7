import assert from 'node:assert/strict';
import { render } from '../../src/operation/render.ts';
import { accountChange, slotsOfPack } from '../../src/pack/account-slots.ts';
import { toName } from '../../src/pack/hosts.ts';
import { earliestEnd } from '../../src/pack/lifecycle.ts';
import type { Counted } from '../../src/pack/list-index.ts';
import { classOf, countChange, facetOf, placeOfCa, SLOTS } from '../../src/pack/list-index.ts';
import type { Pack } from '../../src/pack/pack.ts';
import type { JsonContext } from '../../src/pack/pack-json.ts';
import { renewalPlanOf } from '../../src/pack/renewal.ts';
import { planPut, planValues, tallied, tallyValues } from '../../src/store/account-counts.ts';
import { getPack } from '../../src/store/packs.ts';
import { reverse } from '../../src/store/published-records.ts';
import { statement } from '../../src/store/statement.ts';
import { execute, type Pool, type Tx } from '../../src/store/store.ts';

/** What lists are made from, as it is stored beside a pack. */
interface StoredRow {
  id: string;
  zone_id: string;
  ord: number;
  wire: string;
  class: number;
  facet: number;
  expires_on: Date | null;
  hosts: string[];
}

/**
 * Holds for every pack in the database: its stored JSON is a fresh rendering of it, it is sorted and counted as what it
 * is, and every count of its zone and buckets is what counting shows.
 */
export async function assertStored(pool: Pool, reply: JsonContext): Promise<void> {
  const { rows } = await pool.query<StoredRow>(
    `select id, zone_id, ord::int, wire, class, facet, expires_on,
       array(select reversed from pack_hosts as one
              where (one.cell, one.zone_id, one.ord) = (packs.cell, packs.zone_id, packs.ord)
              order by reversed) as hosts
       from packs order by zone_id, ord`,
  );
  const counted: Place[] = [];
  const packs: Pack[] = [];
  for (const row of rows) {
    counted.push({ ...(await assertRow(pool, reply, row)), ...row });
    packs.push((await getPack(pool, row.zone_id, row.id)) ?? assert.fail());
  }
  await assertCounts(pool, counted);
  await assertOfAccounts(pool, packs);
}

/** Counts anew what an account has of a pack that a test wrote certificates to past the service: it had none. */
export async function countCertificates(tx: Tx, pack: Pack): Promise<void> {
  const change = accountChange({ ...pack, certificates: [] }, pack);
  const account = { ...tallyValues(pack.zone.id, new Map(change)), account: pack.zone.accountId };
  await execute(tx, TALLY, account);
  const plan = renewalPlanOf(pack);
  if (!plan) return;
  const of = { zone: pack.zone.id, ord: pack.ord, ca_place: placeOfCa(pack.certificateAuthority) };
  await execute(tx, PLAN, { ...account, ...of, ...planValues(plan) });
}

const TALLY = statement(`with once as (select), ${tallied('once')} select from once`);
const PLAN = statement(`with once as (select) ${planPut('once')}`);

/** What accounts are counted as having, and when their packs are to be renewed, is what looking at each pack shows. */
async function assertOfAccounts(pool: Pool, packs: readonly Pack[]): Promise<void> {
  const { rows: counts } = await pool.query<{ key: string; n: number }>(
    `select account_id || ' ' || slot as key, sum(n)::int as n from account_counts group by account_id, slot
     having sum(n) <> 0 order by (account_id || ' ' || slot) collate "C"`,
  );
  const expected = new Map<string, number>();
  for (const pack of packs)
    for (const slot of slotsOfPack(pack)) {
      const key = `${pack.zone.accountId} ${slot}`;
      expected.set(key, (expected.get(key) ?? 0) + 1);
    }
  const inOrder = [...expected].map(([key, n]) => ({ key, n })).toSorted((a, b) => (a.key < b.key ? -1 : 1));
  assert.deepEqual(counts, inOrder);
  const { rows: plans } = await pool.query<{
    zone_id: string;
    ord: number;
    renew_on: Date;
    risk_on: Date;
    ends_on: Date;
    ca: number;
  }>('select zone_id, ord::int, renew_on, risk_on, ends_on, ca from pack_renewals order by zone_id, ord');
  assert.deepEqual(
    plans,
    packs
      .flatMap((pack) => {
        const plan = renewalPlanOf(pack);
        const of = { zone_id: pack.zone.id, ord: pack.ord, ca: placeOfCa(pack.certificateAuthority) };
        return plan ? [{ ...of, ...planValues(plan) }] : [];
      })
      .toSorted((a, b) => (a.zone_id === b.zone_id ? a.ord - b.ord : a.zone_id < b.zone_id ? -1 : 1)),
  );
}

type Place = Counted & Pick<StoredRow, 'zone_id' | 'ord'>;

async function assertRow(pool: Pool, reply: JsonContext, row: StoredRow): Promise<Counted> {
  const pack = await getPack(pool, row.zone_id, row.id);
  assert(pack);
  assert.deepEqual(JSON.parse(row.wire), JSON.parse(render({ json: reply }, pack).json));
  const expected = {
    class: classOf(pack),
    facet: facetOf(pack),
    expires_on: earliestEnd(pack) ?? null,
    hosts: [...new Set(pack.hosts.map(toName))].map(reverse).toSorted((a, b) => (a < b ? -1 : 1)),
  };
  assert.deepEqual(
    { class: row.class, facet: row.facet, expires_on: row.expires_on, hosts: row.hosts },
    expected,
  );
  return { status: pack.status, environment: pack.environment };
}

async function assertCounts(pool: Pool, packs: readonly Place[]): Promise<void> {
  const { rows: zones } = await pool.query<{ key: string; counts: number[] }>(
    'select id as key, counts from zones where counts <> array_fill(0, array[47]) order by id collate "C"',
  );
  assert.deepEqual(
    zones,
    countsBy(packs, ({ zone_id }) => zone_id),
  );
  const { rows: buckets } = await pool.query<{ key: string; counts: number[] }>(
    `select zone_id || ' ' || level || ' ' || bucket as key, counts from pack_buckets
      order by (zone_id || ' ' || level || ' ' || bucket) collate "C"`,
  );
  const expected = [0, 1].flatMap((level) =>
    countsBy(packs, ({ zone_id, ord }) => `${zone_id} ${level} ${Math.floor(ord / 64 ** (level + 1))}`),
  );
  assert.deepEqual(
    buckets,
    expected.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
  );
}

/** Counts by brute force, ordered by key. */
function countsBy(
  packs: readonly Place[],
  keyOf: (pack: Place) => string,
): { key: string; counts: number[] }[] {
  const sums = new Map<string, number[]>();
  for (const pack of packs) {
    const counts = sums.get(keyOf(pack)) ?? Array.from({ length: SLOTS }, () => 0);
    sums.set(keyOf(pack), counts);
    for (const [i, n] of countChange(undefined, pack).entries()) counts[i] = (counts[i] ?? 0) + n;
  }
  return [...sums].map(([key, counts]) => ({ key, counts })).toSorted((a, b) => (a.key < b.key ? -1 : 1));
}
