import { setImmediate as immediate } from 'node:timers/promises';
import { SLOTS } from '../../src/pack/list-index.ts';
import type { PackZone } from '../../src/pack/pack.ts';
import { createAccount } from '../../src/store/accounts.ts';
import { reverse } from '../../src/store/published-records.ts';
import { openPool, type Pool, type Tx, transaction } from '../../src/store/store.ts';
import { cellOf } from '../../src/store/zone-key.ts';
import { Rows } from './copy.ts';
import { withoutIndexes } from './indexes.ts';
import { packAt, type SeedShape, zoneAt, zoneSizes } from './shape.ts';
import { AccountCounts, PackTables, ZoneCounts } from './tables.ts';

export interface SeedOptions extends SeedShape {
  readonly url: string;
  /**
   * Whether zones get their packs in turns, as in an installation that grew: then neighbours in a list lie apart in the
   * table. Else one zone is filled after the other.
   */
  readonly isMixed: boolean;
}

export interface SeedResult {
  readonly packs: number;
  readonly zones: number;
  readonly largest: number;
  readonly packs_per_s: number;
  /** Bytes of a pack's JSON, on average. */
  readonly body_bytes: number;
}

/** Packs that are written in one transaction, and made before what is written has its turn. */
const [BATCH, STEP] = [5_000, 50];

/** To make an index of millions takes minutes; COPY has no pipeline. */
const PATIENT = { query_timeout: 3_600_000, pipeline: false };

/**
 * Fills a database that has the schema and no packs, with packs of one account. Told to `progress`: how many are in; to
 * `say`: what else takes long. Throws where the database has packs already.
 */
export async function seed(
  options: SeedOptions,
  progress: (done: number) => void,
  say: (what: string) => void = () => undefined,
): Promise<SeedResult> {
  const sizes = zoneSizes(options);
  await using ends = new AsyncDisposableStack();
  const pool = openPool({ connectionString: options.url, max: 2, ...PATIENT }, () => undefined);
  ends.defer(() => pool.end());
  const { rows } = await pool.query<{ is_empty: boolean }>(
    'select not exists (select from packs) as is_empty',
  );
  if (!rows[0]?.is_empty) throw new Error('this database has packs already; name one that is empty');
  const began = performance.now();
  const now = new Date();
  const account = await createAccount(pool, 'bench', now);
  const zones = sizes.map((_, i) => zoneAt(account.id, i));
  await transaction(pool, (tx) => sendZones(tx, zones, now));
  let bytes = 0;
  await withoutIndexes(pool, async () => {
    bytes = await fill(pool, options, { zones, sizes, now }, progress);
    say('making the indexes');
  });
  // Else autovacuum would do it while something is measured.
  await pool.query('vacuum analyze');
  const seconds = (performance.now() - began) / 1_000;
  const { packs, largest } = options;
  const packs_per_s = Math.round(packs / seconds);
  return { packs, zones: zones.length, largest, packs_per_s, body_bytes: Math.round(bytes / packs) };
}

async function sendZones(tx: Tx, zones: readonly PackZone[], now: Date): Promise<void> {
  const [rows, names] = [new Rows('zones'), new Rows('zone_names')];
  for (const { id, accountId: account_id, name, type, delegationUuid: delegation_uuid } of zones) {
    const said = { cell: cellOf(id), account_id, name, type };
    rows.add({ ...said, id, delegation_uuid, created_on: now, modified_on: now });
    names.add({ ...said, zone_id: id, reversed: reverse(name) });
  }
  await rows.send(tx);
  await names.send(tx);
}

interface Plan {
  readonly zones: readonly PackZone[];
  readonly sizes: readonly number[];
  readonly now: Date;
}

/** Writes all packs and then the counts. Returns the bytes of their JSON. */
async function fill(
  pool: Pool,
  { isMixed, packs }: SeedOptions,
  { zones, sizes, now }: Plan,
  progress: (done: number) => void,
): Promise<number> {
  const counts = zones.map((zone) => new ZoneCounts(zone));
  const ofAccount = new AccountCounts();
  const ords = zones.map(() => 0);
  let tables = new PackTables();
  let [done, bytes] = [0, 0];
  let sending = Promise.resolve();
  const send = async () => {
    await sending;
    bytes += tables.bytes;
    sending = sendBatch(pool, tables);
    tables = new PackTables();
    progress(done);
  };
  for (const place of isMixed ? mixed(sizes, packs) : inTurn(sizes)) {
    const zone = zones[place];
    const ord = (ords[place] ?? 0) + 1;
    if (!zone) throw new Error('a pack without a zone');
    ords[place] = ord;
    const pack = packAt(zone, ord, now);
    done += 1;
    tables.add(pack);
    counts[place]?.add(pack);
    ofAccount.add(pack);
    // The next batch is made while this one is written.
    if (done % BATCH === 0) await send();
    else if (done % STEP === 0) await immediate();
  }
  await send();
  await sending;
  await transaction(pool, (tx) => sendCounts(tx, counts, ofAccount));
  return bytes;
}

/** What is lost in a power cut is filled anew: no need to wait for the disk. */
async function sendBatch(pool: Pool, tables: PackTables): Promise<void> {
  const send = (part: (tx: Tx) => Promise<void>) =>
    transaction(pool, async (tx) => {
      await tx.query('set local synchronous_commit = off');
      await part(tx);
    });
  await Promise.all([send((tx) => tables.sendPacks(tx)), send((tx) => tables.sendParts(tx))]);
}

async function sendCounts(tx: Tx, counts: readonly ZoneCounts[], ofAccount: AccountCounts): Promise<void> {
  const rows = new Rows('account_counts');
  ofAccount.write(rows);
  await rows.send(tx);
  const buckets = new Rows('pack_buckets');
  const zones = new Rows('zone_counts');
  for (const one of counts) one.write(buckets, zones);
  await tx.query(
    `create temporary table zone_counts (id text, next_ord bigint, counts integer[]) on commit drop`,
  );
  await buckets.send(tx);
  await zones.send(tx);
  await tx.query(
    `update zones set next_ord = zone_counts.next_ord, counts = zone_counts.counts, version = 1
       from zone_counts where zone_counts.id = zones.id and cardinality(zone_counts.counts) = ${SLOTS}`,
  );
}

/** One zone after the other. */
function* inTurn(sizes: readonly number[]): Generator<number> {
  for (const [place, size] of sizes.entries()) for (let i = 0; i < size; i++) yield place;
}

/** Every zone evenly over the whole time, the same each time. */
function mixed(sizes: readonly number[], packs: number): Uint32Array {
  const places = Uint32Array.from(inTurn(sizes));
  let state = 1;
  for (let i = packs - 1; i > 0; i--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; // Numerical Recipes' generator
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    const [a = 0, b = 0] = [places[i], places[j]];
    places[i] = b;
    places[j] = a;
  }
  return places;
}
