/**
 * Packs of an account by any filter, in the order of an index that knows one part of it: the leading one. What it finds
 * are candidates; the rest of the filter is looked at in their rows, on a bounded number of them a page. Places in these
 * orders are kept for life, but for the order by end, so a walk shows each pack once whatever is written meanwhile.
 */

import { type FacetFilter, facetsOf, selectionOf } from '../../pack/list-index.ts';
import type { Environment, PackStatus } from '../../pack/pack.ts';
import { isOfRenewals, statusesOfGroup } from '../../pack/pack-group.ts';
import { bytesAt, intAt, isNull, locate, offsetsFor, textAt } from '../protocol/data-row.ts';
import type { Reader, Texts } from '../protocol/reader.ts';
import { reverse } from '../published-records.ts';
import type { Statement } from '../statement.ts';
import { cellOf } from '../zone-key.ts';
import type { Way } from './account-queries.ts';
import * as queries from './account-queries.ts';

export interface AccountFilter extends FacetFilter {
  readonly status: PackStatus | 'all';
  readonly environment: Environment | undefined;
  readonly accountId: string;
  /** A zone of the account. Undefined, here and below: any. */
  readonly zoneId: string | undefined;
  /** The first of its certificates ends before it. */
  readonly expiresBefore: Date | undefined;
  /** The first of its certificates ends then or later. */
  readonly expiresAfter: Date | undefined;
  /** Undefined: made at any time. */
  readonly createdBefore?: Date | undefined;
  /** When it is asked whether a pack is at risk; needed with a group. */
  readonly asOf?: Date | undefined;
  /** By the end of the first certificate packs of all zones are sorted alone, and of any host. */
  readonly order: 'created_on' | 'expires_on';
  /** One of its hosts, in A-labels. */
  readonly host: string | undefined;
  /** A name, in A-labels, that is one of its hosts or above one. */
  readonly suffix: string | undefined;
}

/**
 * A place in a walk: behind what has it. `seq` is a number in a zone; `at` is what comes before that in the order, instants
 * and the zone, or '' in one zone.
 */
export interface Place {
  readonly at: string;
  readonly seq: number;
}

/** A pack's JSON as it came from the database. */
export interface AccountRow {
  readonly zoneId: string;
  readonly id: string;
  readonly jsonVersion: number;
  readonly json: Buffer;
}

export interface AccountPage {
  readonly rows: readonly AccountRow[];
  /** Where to go on. Undefined: there are no more. A page may be short, or empty, where there may be more. */
  readonly next: Place | undefined;
}

/** Most candidates of one page. */
const MOST_EXAMINED = 4_000;
/** Most candidates of one statement: their JSON is in memory where they match. */
const MOST_AT_ONCE = 500;

/** From where on packs are wanted, which way, and how many. */
export interface Stretch {
  /** Undefined: from the beginning, or the end. */
  readonly from: Place | undefined;
  readonly way: Way;
  readonly most: number;
}

/** Up to `most` packs of the account behind a place in the filter's order, in the order in which they come that way. */
export async function listAccountPage(
  reader: Reader,
  filter: AccountFilter,
  { from, way: direction, most }: Stretch,
): Promise<AccountPage> {
  const way = searchOf(filter, direction);
  const found: Candidate[] = [];
  let place = from ?? (direction === 'forwards' ? BEGINNING : END);
  let examined = 0;
  for (let limit = most + 1; ; limit = Math.min(limit * 4, MOST_AT_ONCE)) {
    const candidates = await listCandidates(reader, way, place, limit);
    found.push(...candidates.filter(({ row }) => row));
    const rows = found.slice(0, most).flatMap(({ row }) => row ?? []);
    if (found.length > most) return { rows, next: found[most - 1]?.place };
    if (candidates.length < limit) return { rows, next: undefined };
    place = candidates.at(-1)?.place ?? place;
    examined += candidates.length;
    if (examined >= MOST_EXAMINED) return { rows, next: place };
  }
}

/** The place from which the other way leads to what has it, and to all that came before it this way. */
export const turned = ({ at, seq }: Place, way: Way): Place => ({
  at,
  seq: way === 'forwards' ? seq + 1 : seq - 1,
});

/** How the packs of a filter are found. */
interface Search {
  readonly statement: Statement;
  readonly values: Texts;
}

/** What the leading part of a filter finds. */
interface Candidate {
  readonly place: Place;
  /** Undefined: the pack does not match the rest of the filter. */
  readonly row: AccountRow | undefined;
}

async function listCandidates(
  reader: Reader,
  way: Search,
  place: Place,
  limit: number,
): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  const values = { ...way.values, ...placeTexts(place), limit: String(limit) };
  await reader.read(way.statement, values, (bytes, at) => {
    locate(bytes, at, OFFSETS);
    candidates.push(toCandidate(bytes));
  });
  return candidates;
}

/** Microseconds since 1970 of an instant before every pack and certificate. */
const LONG_AGO = String(Date.UTC(1900) * 1_000);

/** The same of one behind all that PostgreSQL and dates of certificates have. */
const FAR_AHEAD = String(Date.UTC(10_000) * 1_000);

const BEGINNING: Place = { at: '', seq: 0 };
const END: Place = { at: `${FAR_AHEAD} ${FAR_AHEAD} ~`, seq: Number.MAX_SAFE_INTEGER };

/** A place as its statement takes it: instants, the zone behind them, the ordinal. */
function placeTexts({ at, seq }: Place): Texts {
  const parts = at === '' ? [LONG_AGO, LONG_AGO, ''] : at.split(' ');
  const [at0 = null, at1 = null] = parts;
  return { at0, at1, after_zone: parts.at(-1) ?? '', ord: String(seq) };
}

/** Offsets of a row: at, ord, zone, id, wire_version, wire. Used up within each row. */
const OFFSETS = offsetsFor(6);

const toCandidate = (bytes: Buffer): Candidate => ({
  place: { at: textAt(bytes, OFFSETS, 0) ?? '', seq: intAt(bytes, OFFSETS, 1) },
  row: isNull(OFFSETS, 5) ? undefined : toRow(bytes),
});

const toRow = (bytes: Buffer): AccountRow => ({
  zoneId: textAt(bytes, OFFSETS, 2) ?? '',
  id: textAt(bytes, OFFSETS, 3) ?? '',
  jsonVersion: intAt(bytes, OFFSETS, 4),
  json: bytesAt(bytes, OFFSETS, 5),
});

/** How packs behind a place are found, up to `limit` candidates; undefined: from the beginning. */
export function searchFrom(filter: AccountFilter, place: Place | undefined): Search {
  const { statement, values } = searchOf(filter, 'forwards');
  return { statement, values: { ...values, ...placeTexts(place ?? BEGINNING) } };
}

/** The part that leaves the fewest candidates leads. Of renewals that are late there are few. */
function searchOf(filter: AccountFilter, way: Way): Search {
  const values = valuesOf(filter);
  if (filter.host !== undefined) return { statement: queries.BY_HOST[way], values };
  if (filter.suffix !== undefined) return { statement: queries.BY_SUFFIX[way], values };
  if (filter.zoneId !== undefined) return searchInZone(filter, filter.zoneId, { values, way });
  const isOfLate = filter.group !== undefined && isOfRenewals(filter.group);
  if (isOfLate && filter.order === 'created_on') return { statement: queries.BY_RENEWAL[way], values };
  return searchByFacet(filter, { values, way });
}

/** What a search is made from. */
interface Known {
  readonly values: Texts;
  readonly way: Way;
}

function searchByFacet(filter: AccountFilter, { values: some, way }: Known): Search {
  const facets = facetsOf(filter);
  const ends = { least: String(facets?.[0] ?? 0), most: String(facets?.at(-1) ?? queries.MOST_FACET) };
  const values = { ...some, ...ends, ...(facets && { facets: toArray(facets) }) };
  if (filter.order === 'created_on') return { statement: queries.BY_FACET[way], values };
  const { since, before } = some;
  return {
    statement: queries.BY_END[way],
    values: { ...values, low: since ?? LONG_AGO, high: before ?? FAR_AHEAD },
  };
}

function searchInZone(filter: AccountFilter, zoneId: string, { values: some, way }: Known): Search {
  const { classes } = selectionOf(filter);
  const values = { ...some, cell: String(cellOf(zoneId)) };
  if (!classes) return { statement: queries.IN_ONE_ZONE[way], values };
  return { statement: queries.IN_ONE_ZONE_BY_CLASS[way], values: { ...values, classes: toArray(classes) } };
}

const toArray = (numbers: readonly (number | string)[]): string => `{${numbers.join(',')}}`;

const valuesOf = (filter: AccountFilter): Texts => ({
  ...groupValues(filter),
  account: filter.accountId,
  status: filter.status === 'all' ? null : filter.status,
  deploy: filter.environment ?? null,
  type: filter.type ?? null,
  ca: filter.certificateAuthority ?? null,
  zone: filter.zoneId ?? null,
  before: microseconds(filter.expiresBefore),
  since: microseconds(filter.expiresAfter),
  made: microseconds(filter.createdBefore),
  ...(filter.host !== undefined && { host: reverse(filter.host) }),
  ...(filter.suffix !== undefined && { suffix: filter.suffix, reversed_suffix: reverse(filter.suffix) }),
});

function groupValues({ group, asOf }: AccountFilter): Texts {
  const statuses = group && statusesOfGroup(group);
  return {
    group: group ?? null,
    statuses: statuses ? toArray(statuses) : null,
    now: asOf ? asOf.toISOString() : null,
  };
}

const microseconds = (instant: Date | undefined): string | null =>
  instant ? String(instant.getTime() * 1_000) : null;
