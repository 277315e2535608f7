import assert from 'node:assert/strict';
import { newUuid } from '../src/kit/id.ts';
import { selectionOf } from '../src/pack/list-index.ts';
import { ENVIRONMENTS, PACK_STATUSES } from '../src/pack/pack.ts';
import { createAccount } from '../src/store/accounts.ts';
import { type PageAsk } from '../src/store/list/page-ask.ts';
import { type PageIndex, placeOf, remember, toNumbers, toPageIndex } from '../src/store/list/page-index.ts';
import { indexBuckets, isNear, near, step, type Way, walk } from '../src/store/list/page-queries.ts';
import { putTotalTls } from '../src/store/managed.ts';
import { valuesOf } from '../src/store/statement.ts';
import { type Pool, type Tx, transaction } from '../src/store/store.ts';
import type { Zone } from '../src/store/zone-row.ts';
import { createZone, getZone } from '../src/store/zones.ts';
import { addPack, change, count, deps, pick, type WriteCounts } from './exact-writers.ts';

export interface ExactOptions {
  readonly pool: Pool;
  /** How many pages are compared, while six writers change what is on them. */
  readonly checks: number;
  /** Packs in each of the three zones before it begins. */
  readonly packs: number;
}

export interface ExactResult extends Readonly<WriteCounts> {
  readonly checks: number;
  readonly mismatches: number;
}

const WRITERS = 6;
const READERS = 2;

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
  const result = { checks: 0, mismatches: 0, writes: 0, rolled_back: 0, failovers: 0, deadlocks: 0 };
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

async function givenZones(pool: Pool): Promise<Zone[]> {
  const now = deps.clock.now();
  const account = await createAccount(pool, 'exact', now);
  const zones: Zone[] = [];
  for (let i = 0; i < 3; i++) {
    const zone = { accountId: account.id, name: `exact-${newUuid()}.example`, type: 'full' } as const;
    const id = await transaction(pool, (tx) => createZone(tx, zone, now));
    // Then moves of packs have their names looked at, in the same statement.
    await transaction(pool, (tx) => putTotalTls(tx, id, { isTotalTlsOn: true, totalTlsCa: undefined }));
    const made = await getZone(pool, account.id, id);
    if (made) zones.push(made);
  }
  return zones;
}

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
