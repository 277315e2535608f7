import assert from 'node:assert/strict';
import { systemClock } from '../src/kit/clock.ts';
import { Fault } from '../src/kit/fault.ts';
import { newUuid } from '../src/kit/id.ts';
import { advance, packMoved } from '../src/operation/advance.ts';
import { insertPack } from '../src/operation/insert-pack.ts';
import { type AdvanceDeps } from '../src/operation/operation.ts';
import { lifeWork } from '../src/operation/work.ts';
import { may, type PackEvent } from '../src/pack/lifecycle.ts';
import { selectionOf } from '../src/pack/list-index.ts';
import { ENVIRONMENTS, PACK_STATUSES, type Pack } from '../src/pack/pack.ts';
import { createAccount } from '../src/store/accounts.ts';
import { type PageAsk } from '../src/store/list/page-ask.ts';
import { type PageIndex, placeOf, remember, toNumbers, toPageIndex } from '../src/store/list/page-index.ts';
import { indexBuckets, isNear, near, step, type Way, walk } from '../src/store/list/page-queries.ts';
import { deletePack } from '../src/store/pack-writes.ts';
import { getPackAt } from '../src/store/packs.ts';
import { valuesOf } from '../src/store/statement.ts';
import { autocommit, type Pool, stateOf, type Tx, transaction } from '../src/store/store.ts';
import type { Zone } from '../src/store/zone-row.ts';
import { createZone, getZone, takeOrd, touchZone } from '../src/store/zones.ts';

export interface ExactOptions {
  readonly pool: Pool;
  /** How many pages are compared, while six writers change what is on them. */
  readonly checks: number;
  /** Packs in each of the three zones before it begins. */
  readonly packs: number;
}

export interface ExactResult {
  readonly checks: number;
  readonly mismatches: number;
  readonly writes: number;
  readonly rolled_back: number;
  /** Deadlocks that got through to who wrote or read. */
  readonly deadlocks: number;
}

const WRITERS = 6;
const READERS = 2;
const deps: AdvanceDeps = { clock: systemClock(), json: { delegationZone: 'dcv.example.net' } };

/**
 * Compares random pages of random filters with brute force, in one snapshot each, while writers insert, move, delete
 * and roll back. What differs is told to `say`, and to `progress` how many were compared.
 */
export async function exactCheck(
  { pool, checks, packs }: ExactOptions,
  say: (what: string) => void,
  progress: (done: number) => void = () => undefined,
): Promise<ExactResult> {
  const zones = await givenZones(pool);
  const result = { checks: 0, mismatches: 0, writes: 0, rolled_back: 0, deadlocks: 0 };
  for (const zone of zones)
    for (let i = 0; i < packs; i++) await addPack(pool, zone).catch((error: unknown) => count(result, error));
  const isOver = () => result.checks >= checks;
  const until = async (work: () => Promise<void>) => {
    while (!isOver()) await work().catch((error: unknown) => count(result, error));
  };
  const write = () => change(pool, pick(zones), { most: 2 * packs, result });
  const read = async () => {
    const problem = await compare(pool, randomAsk(pick(zones), packs));
    result.checks += 1;
    progress(result.checks);
    if (problem === undefined) return;
    result.mismatches += 1;
    say(problem);
  };
  await Promise.all([
    ...Array.from({ length: WRITERS }, () => until(write)),
    ...Array.from({ length: READERS }, () => until(read)),
  ]);
  return result;
}

function count(result: { rolled_back: number; deadlocks: number }, error: unknown): void {
  if (stateOf(error) === '40P01') result.deadlocks += 1;
  else if (error instanceof RollBack || (error instanceof Fault && error.fault === 'pack_moved'))
    result.rolled_back += 1;
  else throw error;
}

/** A writer thinks better of it. */
class RollBack extends Error {}

function pick<T>(from: readonly T[]): T {
  const place = Math.floor(Math.random() * from.length);
  for (const one of from.slice(place, place + 1)) return one;
  throw new Error('nothing to pick from');
}

async function givenZones(pool: Pool): Promise<Zone[]> {
  const now = deps.clock.now();
  const account = await createAccount(pool, 'exact', now);
  const zones: Zone[] = [];
  for (let i = 0; i < 3; i++) {
    const zone = { accountId: account.id, name: `exact-${newUuid()}.example`, type: 'partial' } as const;
    const id = await transaction(pool, (tx) => createZone(tx, zone, now));
    const made = await getZone(pool, account.id, id);
    if (made) zones.push(made);
  }
  return zones;
}

function addPack(pool: Pool, zone: Zone): Promise<void> {
  const now = deps.clock.now();
  const times = { statusSince: now, createdOn: now, modifiedOn: now };
  return transaction(pool, async (tx) => {
    const { ord, lane } = await takeOrd(tx, zone);
    const changed = { status: pick(PACK_STATUSES), environment: pick(ENVIRONMENTS) };
    await insertPack(
      tx,
      deps,
      { ...NEW, ...times, ...changed, id: newUuid(), zone, ord, hosts: [zone.name] },
      { lane },
    );
    maybeNot();
  });
}

const NEW = {
  type: 'advanced',
  certificateAuthority: 'google',
  validationMethod: 'txt',
  validityDays: 90,
  isDelegated: false,
  isBranded: false,
  validationRecords: [],
  validationErrors: [],
  certificates: [],
  attempts: 0,
  claim: 0,
} as const satisfies Partial<Pack>;

/** One write in five is rolled back when all of it was done. */
function maybeNot(): void {
  if (Math.random() < 0.2) throw new RollBack();
}

interface Writing {
  /** Packs in a zone from which on none is added: brute force takes longer with each. */
  readonly most: number;
  readonly result: { writes: number };
}

async function change(pool: Pool, zone: Zone, { most, result }: Writing): Promise<void> {
  const chance = Math.random();
  const { rows } = await pool.query<{ ord: number }>('select ord::int from packs where zone_id = $1', [
    zone.id,
  ]);
  if (rows.length === 0 || (chance < 0.3 && rows.length < most)) await addPack(pool, zone);
  else {
    if (chance < 0.4) return changeAlone(pool, zone, pick(rows).ord, result);
    const ords = chance < 0.9 ? [pick(rows).ord] : [pick(rows).ord, pick(rows).ord];
    await transaction(pool, async (tx) => {
      for (const ord of ords) await moveOrDelete(tx, zone, { ord, isDelete: chance < 0.55 });
      maybeNot();
    });
  }
  result.writes += 1;
}

/** A change that is one statement, as most are. */
async function changeAlone(pool: Pool, zone: Zone, ord: number, result: { writes: number }): Promise<void> {
  const pack = await getPackAt(pool, zone.id, ord);
  const events = pack ? EVENTS.filter((event) => may(pack.status, event)) : [];
  if (!pack || events.length === 0) return;
  await autocommit(pool, zone.id, (db) => advance(db, deps, lifeWork(pack), { event: pick(events) }));
  result.writes += 1;
}

async function moveOrDelete(tx: Tx, zone: Zone, what: { ord: number; isDelete: boolean }): Promise<void> {
  const pack = await getPackAt(tx, zone.id, what.ord);
  if (!pack) return;
  if (what.isDelete) {
    await touchZone(tx, zone.id);
    if (!(await deletePack(tx, pack))) throw packMoved(pack);
    return;
  }
  const events = EVENTS.filter((event) => may(pack.status, event));
  if (events.length > 0) await advance(tx, deps, lifeWork(pack), { event: pick(events) });
}

const EVENTS: readonly PackEvent[] = [
  'done',
  'late',
  'restart',
  'delete',
  'stage',
  'promote',
  'retire',
  'withdraw',
];

/** A page of any filter, with none of its matches, some or all before it. */
function randomAsk({ id }: Zone, packs: number): PageAsk {
  const perPage = pick([5, 7, 20, 50]);
  return {
    zoneId: id,
    status: pick(['all', 'all', 'served', 'served', pick(PACK_STATUSES)]),
    environment: pick([undefined, ...ENVIRONMENTS]),
    perPage,
    page: 1 + Math.floor((Math.random() ** 2 * packs * 1.5) / perPage),
  };
}

const SERVED = "('active', 'staging_active', 'pending_expiration')";

/** The page by every way of the list, and by brute force, in the same snapshot; undefined when they are the same. */
async function compare(pool: Pool, ask: PageAsk): Promise<string | undefined> {
  return transaction(pool, async (tx) => {
    await tx.query('set transaction isolation level repeatable read');
    const { rows } = await tx.query<Wire>(
      `select ord::int, wire from packs
        where zone_id = $1 and ($2 = 'all' or status = $2 or $2 = 'served' and status in ${SERVED})
          and ($3::text is null or environment = $3) order by packs.ord`,
      [ask.zoneId, ask.status, ask.environment ?? null],
    );
    const offset = (ask.page - 1) * ask.perPage;
    const expected = { total: rows.length, rows: rows.slice(offset, offset + ask.perPage) };
    try {
      assert.deepEqual(await whole(tx, walk(ask)), expected, 'walk');
      if (isNear(ask)) assert.deepEqual(await whole(tx, near(ask)), expected, 'near');
      assert.deepEqual(await byIndex(tx, ask), expected, 'step');
      return undefined;
    } catch (error) {
      return `${JSON.stringify(ask)}: ${String(error)}`;
    }
  });
}

interface Wire {
  readonly ord: number;
  readonly wire: string;
}

async function whole(tx: Tx, { statement, values }: Way): Promise<{ total: number; rows: Wire[] }> {
  type Row = { total: number; ord: string | null; wire: string | null };
  const { rows } = await tx.query<Row>(statement.text, valuesOf(statement, values));
  const page = rows.flatMap(({ ord, wire }) =>
    ord !== null && wire !== null ? [{ ord: Number(ord), wire }] : [],
  );
  return { total: rows[0]?.total ?? -1, rows: page };
}

async function byIndex(tx: Tx, ask: PageAsk): Promise<{ total: number; rows: Wire[] }> {
  const index = await indexIn(tx, ask);
  const page = await stepTo(tx, ask, index);
  const [begin, end] = [page[0]?.ord, page.at(-1)?.ord];
  if (begin === undefined || end === undefined) return { total: index.total, rows: page };
  remember(index, ask, [begin, end]);
  assert.deepEqual(await stepTo(tx, ask, index), page, 'step to a place that was seen before');
  return { total: index.total, rows: page };
}

async function indexIn(tx: Tx, ask: PageAsk): Promise<PageIndex> {
  type Rung = {
    version: string;
    total: number;
    array_to_string: string | null;
    bucket: number | null;
    n: number;
  };
  const { statement, values } = indexBuckets(ask);
  const { rows } = await tx.query<Rung>(statement.text, valuesOf(statement, values));
  const [first] = rows;
  assert(first);
  const classes = selectionOf(ask).classes && toNumbers(first.array_to_string);
  const full = rows.flatMap(({ bucket, n }) => (bucket === null ? [] : [{ bucket, n }]));
  return toPageIndex(
    { version: Number(first.version), total: first.total, classes },
    full.map(({ bucket }) => bucket),
    full.map(({ n }) => n),
  );
}

async function stepTo(tx: Tx, ask: PageAsk, index: PageIndex): Promise<Wire[]> {
  const place = placeOf(index, ask);
  if (!place) return [];
  const { statement, values } = step(ask, index, place);
  const { rows } = await tx.query<{ ord: string; wire: string }>(statement.text, valuesOf(statement, values));
  return rows.map(({ ord, wire }) => ({ ord: Number(ord), wire }));
}
