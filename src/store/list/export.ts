/**
 * Packs for an export: zone by zone in the order of their creation, in each by ordinal. Every batch is a statement of its
 * own that begins behind the last pack, so nothing is open in the database while a client takes its time.
 */
import { type ListFilter, selectionOf } from '../../pack/list-index.ts';
import { bytesAt, intAt, locate, offsetsFor, textAt } from '../protocol/data-row.ts';
import type { Reader, Texts } from '../protocol/reader.ts';
import { type Statement, statement } from '../statement.ts';
import { cellOf, cellsOf, inCells } from '../zone-key.ts';

/** Which packs: of one zone, or of every zone of an account that is not hidden. */
export interface ExportAsk extends ListFilter {
  readonly accountId: string;
  readonly zoneId: string | undefined;
}

/** A place in an export: behind the pack at an ordinal of a zone, also where that zone is gone. */
export interface ExportPlace {
  /** When the zone was created, in microseconds since 1970: zones come by it, and by id where it is the same. */
  readonly createdOn: number;
  readonly zoneId: string;
  readonly ord: number;
}

/** A pack's JSON as it came from the database. */
export interface ExportRow {
  readonly place: ExportPlace;
  readonly jsonVersion: number;
  readonly json: Buffer;
}

/** Most packs of a batch: about 400 kB. */
export const EXPORT_BATCH = 200;
/** Zones that are looked up at a time. */
const ZONES_AT_ONCE = 1_000;

const BEGINNING: ExportPlace = { createdOn: Date.UTC(1900) * 1_000, zoneId: '', ord: 0 };

/** The packs behind a place, in batches, each read when it is asked for. */
export async function* exportBatches(
  reader: Reader,
  ask: ExportAsk,
  after: ExportPlace | undefined,
): AsyncGenerator<ExportRow[], void> {
  let from: ExportPlace | undefined = after ?? BEGINNING;
  while (from) {
    const rests: Rest[] = await listRests(reader, ask, from);
    yield* batchesOf(reader, ask, rests);
    const last = rests.at(-1);
    from =
      last && rests.length === ZONES_AT_ONCE ? { ...last.place, ord: Number.MAX_SAFE_INTEGER } : undefined;
  }
}

/** A zone that is yet to be exported, or what is left of it behind a place. */
interface Rest {
  readonly place: ExportPlace;
  /** How many packs of the whole zone matched when it was looked up. */
  readonly count: number;
}

async function* batchesOf(
  reader: Reader,
  ask: ExportAsk,
  rests: readonly Rest[],
): AsyncGenerator<ExportRow[], void> {
  let left = rests.filter(({ count }) => count > 0);
  while (left.length > 0) {
    const group = left.slice(0, sizeOfGroup(left));
    const rows = await readBatch(reader, ask, group);
    if (rows.length > 0) yield rows;
    left = rows.length < EXPORT_BATCH ? left.slice(group.length) : behind(left, rows.at(-1)?.place);
  }
}

/** How many of the zones fill a batch. */
function sizeOfGroup(rests: readonly Rest[]): number {
  let packs = 0;
  const last = rests.findIndex(({ count }) => (packs += count) >= EXPORT_BATCH);
  return last < 0 ? rests.length : last + 1;
}

function behind(rests: readonly Rest[], place: ExportPlace | undefined): Rest[] {
  const i = rests.findIndex((rest) => rest.place.zoneId === place?.zoneId);
  const rest = rests[i];
  return rest && place ? [{ ...rest, place }, ...rests.slice(i + 1)] : [];
}

/** Zones from that of a place on. */
async function listRests(reader: Reader, ask: ExportAsk, from: ExportPlace): Promise<Rest[]> {
  const [a, b] = selectionOf(ask).slots;
  const rests: Rest[] = [];
  const values = {
    account: ask.accountId,
    ...(ask.zoneId !== undefined && { cell: String(cellOf(ask.zoneId)), zone: ask.zoneId }),
    created: String(from.createdOn),
    id: from.zoneId,
    a: String(a),
    b: String(b),
    limit: String(ZONES_AT_ONCE),
  };
  await reader.read(ask.zoneId === undefined ? ALL_ZONES : ONE_ZONE, values, (bytes, at) => {
    locate(bytes, at, ZONE_CELLS);
    const zoneId = textAt(bytes, ZONE_CELLS, 0) ?? '';
    const ord = zoneId === from.zoneId ? from.ord : 0;
    const place = { createdOn: intAt(bytes, ZONE_CELLS, 1), zoneId, ord };
    rests.push({ place, count: intAt(bytes, ZONE_CELLS, 2) });
  });
  return rests;
}

/** Offsets of a zone: id, created_on, count. */
const ZONE_CELLS = offsetsFor(3);

const zonesWhere = (which: string): Statement =>
  statement(`
  select id, (extract(epoch from created_on) * 1000000)::bigint, counts[:a::int] + counts[:b::int]
    from zones
   where account_id = :account and deleted_on is null and ${which}
     and (created_on, id) >= (timestamptz 'epoch' + :created::bigint * interval '1 microsecond', :id::text)
   order by created_on, id limit :limit::int`);

const [ALL_ZONES, ONE_ZONE] = [zonesWhere('true'), zonesWhere('cell = :cell and id = :zone')];

async function readBatch(reader: Reader, ask: ExportAsk, group: readonly Rest[]): Promise<ExportRow[]> {
  const { classes } = selectionOf(ask);
  const zones = group.map(({ place }) => place.zoneId);
  const { own, cells } = cellsOf(zones);
  const values: Texts = {
    account: ask.accountId,
    own: `{${own.join(',')}}`,
    cells: `{${cells.join(',')}}`,
    zones: `{${zones.join(',')}}`,
    afters: `{${group.map(({ place }) => place.ord).join(',')}}`,
    limit: String(EXPORT_BATCH),
    ...(classes && { classes: `{${classes.join(',')}}` }),
  };
  const rows: ExportRow[] = [];
  await reader.read(classes ? BY_CLASS : EVERY, values, (bytes, at) => {
    locate(bytes, at, OFFSETS);
    const zone = group[intAt(bytes, OFFSETS, 0) - 1]?.place;
    if (zone) rows.push(toRow(bytes, { ...zone, ord: intAt(bytes, OFFSETS, 1) }));
  });
  return rows;
}

/** Offsets of a row: i, ord, wire_version, wire. Used up within each row. */
const OFFSETS = offsetsFor(4);

const toRow = (bytes: Buffer, place: ExportPlace): ExportRow => ({
  place,
  jsonVersion: intAt(bytes, OFFSETS, 2),
  json: bytesAt(bytes, OFFSETS, 3),
});

/** The first packs of zones that are still the account's, where `ords` finds the ordinals behind `rest.after`. */
const batch = (ords: string): Statement =>
  statement(`
    with one as materialized (
      select rest.i, rest.cell, rest.id, each.ord
        from unnest(:own::smallint[], :zones::text[], :afters::bigint[])
             with ordinality as rest (cell, id, after, i)
        join zones on ${inCells('zones')} and zones.cell = rest.cell and zones.id = rest.id
             and zones.account_id = :account and zones.deleted_on is null
       cross join lateral (${ords}) as each
       order by rest.i, each.ord limit :limit::int)
    select one.i, one.ord, pack.*
      from one cross join lateral (
        select wire_version, wire from packs
         where ${inCells('packs')} and packs.cell = one.cell and zone_id = one.id and packs.ord = one.ord limit 1) as pack
     order by one.i, one.ord`);

const OF_REST = `${inCells('packs')} and packs.cell = rest.cell and zone_id = rest.id`;

const EVERY = batch(`
  select ord from packs
   where ${OF_REST} and ord > rest.after order by ord limit :limit::int`);

const BY_CLASS = batch(`
  select in_class.ord
    from unnest(:classes::smallint[]) as class cross join lateral (
      select ord from packs
       where ${OF_REST} and packs.class = class.class and ord > rest.after
       order by ord limit :limit::int) as in_class
   order by in_class.ord limit :limit::int`);
