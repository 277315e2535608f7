/** Which packs of an account a filter finds, without their JSON, and how many. */
import { FACETS_END } from '../../pack/account-slots.ts';
import { facetsOf, selectionOf } from '../../pack/list-index.ts';
import type { PackKey } from '../../pack/pack.ts';
import { isByStatus } from '../../pack/pack-group.ts';
import { type Statement, statement, type Values } from '../statement.ts';
import { type Db, execute } from '../store.ts';
import { EVERY_CELL, inCells, zoneKey } from '../zone-key.ts';
import { type AccountFilter, type Place, searchFrom } from './account-list.ts';

/** Packs, and the place behind the last that was looked at; no place: there are no more. */
export interface KeysPage {
  readonly keys: readonly PackKey[];
  readonly next: Place | undefined;
}

/** Packs behind a place in the filter's order, of `most` that are looked at: fewer or none where few of these match. */
export async function listAccountKeys(
  db: Db,
  filter: AccountFilter,
  { from, most }: { readonly from: Place | undefined; readonly most: number },
): Promise<KeysPage> {
  const { statement: what, values } = searchFrom(filter, from);
  const { rows } = await execute<KeyRow>(db, keysOf(what), { ...values, limit: String(most) });
  const last = rows.at(-1);
  return {
    keys: rows.flatMap(({ id, zone_id: zoneId }) => (id === null ? [] : [{ id, zone: { id: zoneId } }])),
    next: last && rows.length === most ? { at: last.place, seq: Number(last.ord) } : undefined,
  };
}

type KeyRow = { place: string; ord: string } & (
  | { id: null; zone_id: null }
  | { id: string; zone_id: string }
);

/** A statement that is made of another and takes the same values. */
function madeOf(of: Statement, sql: (text: string) => string): Statement {
  const known = MADE.get(of.name + sql('')) ?? { ...statement(sql(of.text)), parameters: of.parameters };
  MADE.set(of.name + sql(''), known);
  return known;
}

const MADE = new Map<string, Statement>();

const keysOf = (of: Statement): Statement =>
  madeOf(of, (text) => `select place, ord, zone_id, id from (${text}) as found`);
const countOf = (of: Statement): Statement =>
  madeOf(of, (text) => `select count(id)::int as n, count(*)::int as looked from (${text}) as found`);

/** Most packs that are looked at to count them. */
export const MOST_LOOKED_AT = 100_000;

/**
 * How many packs match: by the counts that changes keep, where these tell; else each is looked at. Undefined: there are more to
 * look at than `MOST_LOOKED_AT`.
 */
export async function countMatching(db: Db, filter: AccountFilter): Promise<number | undefined> {
  const { zoneId } = filter;
  if (!isOfCounts(filter)) return countEach(db, filter);
  return zoneId === undefined ? countFacets(db, filter) : countInZone(db, filter, zoneId);
}

/** Whether counts tell of it: of all facets in an account, of statuses and environments in a zone. */
function isOfCounts(filter: AccountFilter): boolean {
  const { zoneId, host, suffix, expiresBefore, expiresAfter, type, certificateAuthority, group } = filter;
  if (group !== undefined && (zoneId !== undefined || !isByStatus(group))) return false;
  const others = [host, suffix, expiresBefore, expiresAfter];
  const ofFacets = zoneId === undefined ? [] : [type, certificateAuthority];
  return [...others, ...ofFacets].every((one) => one === undefined);
}

async function countEach(db: Db, filter: AccountFilter): Promise<number | undefined> {
  const { statement: what, values } = searchFrom(filter, undefined);
  const limit = String(MOST_LOOKED_AT + 1);
  const { rows } = await execute<{ n: number; looked: number }>(db, countOf(what), { ...values, limit });
  const { n = 0, looked = 0 } = rows[0] ?? {};
  return looked > MOST_LOOKED_AT ? undefined : n;
}

async function countFacets(db: Db, filter: AccountFilter): Promise<number> {
  const values: Values = { cells: EVERY_CELL, account: filter.accountId, facets: facetsOf(filter) ?? null };
  const { rows } = await execute<{ n: number }>(db, FACETS, values);
  return rows[0]?.n ?? 0;
}

const FACETS = statement(`
  select coalesce(sum(n), 0)::int as n from account_counts
   where ${inCells('account_counts')} and account_id = :account and slot < ${FACETS_END}
     and (:facets::integer[] is null or slot = any(:facets::integer[]))`);

async function countInZone(db: Db, filter: AccountFilter, zoneId: string): Promise<number> {
  const [a, b] = selectionOf(filter).slots;
  const { rows } = await execute<{ n: number }>(db, IN_ZONE, { ...zoneKey(zoneId), a, b });
  return rows[0]?.n ?? 0;
}

const IN_ZONE = statement(
  'select counts[:a::int] + counts[:b::int] as n from zones where cell = :cell and id = :zone',
);
