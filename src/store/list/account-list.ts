/**
 * Packs of an account by any filter, in the order of an index that knows one part of it: the leading one. What it finds
 * are candidates; the rest of the filter is looked at in their rows, on a bounded number of them a page. Places in these
 * orders are kept for life, but for the order by end, so a walk shows each pack once whatever is written meanwhile.
 */

import { type FacetFilter, facetsOf, selectionOf } from '../../pack/list-index.ts';
import type { Environment, PackStatus } from '../../pack/pack.ts';
import { bytesAt, intAt, isNull, locate, offsetsFor, textAt } from '../protocol/data-row.ts';
import type { Reader, Texts } from '../protocol/reader.ts';
import { reverse } from '../published-records.ts';
import type { Statement } from '../statement.ts';
import { cellOf } from '../zone-key.ts';
import * as queries from './account-queries.ts';

export interface AccountFilter extends FacetFilter {
  readonly status: PackStatus | 'all';
  readonly environment: Environment | undefined;
  readonly accountId: string;
  /** A zone of the account. Undefined, here and below: any. */
  readonly zoneId: string | undefined;
  /** The first of its certificates ends before it. */
  readonly expiresBefore: Date | undefined;
  /** One of its hosts, in A-labels. */
  readonly host: string | undefined;
  /** A name, in A-labels, that is one of its hosts or above one. */
  readonly suffix: string | undefined;
}

/**
 * A place in a walk: after what has it. `seq` is a number in a zone; `at` is what comes before that in the order, instants
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

/** Up to `most` packs of the account after a place in the filter's order; undefined: from its beginning. */
export async function listAccountPage(
  reader: Reader,
  filter: AccountFilter,
  { after, most }: { readonly after: Place | undefined; readonly most: number },
): Promise<AccountPage> {
  const way = wayOf(filter);
  const found: Candidate[] = [];
  let place = after ?? BEGINNING;
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

/** How the packs of a filter are found. */
interface Way {
  readonly statement: Statement;
  readonly values: Texts;
}

/** What the leading part of a filter finds. */
interface Candidate {
  readonly place: Place;
  /** Undefined: the pack does not match the rest of the filter. */
  readonly row: AccountRow | undefined;
}

async function listCandidates(reader: Reader, way: Way, place: Place, limit: number): Promise<Candidate[]> {
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

const BEGINNING: Place = { at: '', seq: 0 };

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

/** The part that leaves the fewest candidates leads. */
function wayOf(filter: AccountFilter): Way {
  const values = valuesOf(filter);
  if (filter.host !== undefined) return { statement: queries.BY_HOST, values };
  if (filter.suffix !== undefined) return { statement: queries.BY_SUFFIX, values };
  if (filter.zoneId !== undefined) return wayInZone(filter, filter.zoneId, values);
  const facets = facetsOf(filter);
  const ends = { least: String(facets?.[0] ?? 0), most: String(facets?.at(-1) ?? MOST_FACET) };
  const faceted = { ...values, ...ends, ...(facets && { facets: toArray(facets) }) };
  const statement = filter.expiresBefore === undefined ? queries.BY_FACET : queries.BY_END;
  return { statement, values: faceted };
}

function wayInZone(filter: AccountFilter, zoneId: string, some: Texts): Way {
  const { classes } = selectionOf(filter);
  const values = { ...some, cell: String(cellOf(zoneId)) };
  if (!classes) return { statement: queries.IN_ONE_ZONE, values };
  return { statement: queries.IN_ONE_ZONE_BY_CLASS, values: { ...values, classes: toArray(classes) } };
}

const MOST_FACET = 2 ** 15 - 1;

const toArray = (numbers: readonly number[]): string => `{${numbers.join(',')}}`;

const valuesOf = (filter: AccountFilter): Texts => ({
  account: filter.accountId,
  status: filter.status === 'all' ? null : filter.status,
  deploy: filter.environment ?? null,
  type: filter.type ?? null,
  ca: filter.certificateAuthority ?? null,
  zone: filter.zoneId ?? null,
  before: filter.expiresBefore ? String(filter.expiresBefore.getTime() * 1_000) : null,
  ...(filter.host !== undefined && { host: reverse(filter.host) }),
  ...(filter.suffix !== undefined && { suffix: filter.suffix, reversed_suffix: reverse(filter.suffix) }),
});
