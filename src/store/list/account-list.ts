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
import { type Statement, statement } from '../statement.ts';

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

/** A place in a walk: after the pack that has it. `at` is what comes before the number in the order, or ''. */
export interface Place {
  readonly at: string;
  readonly seq: number;
}

/** A pack's JSON as it came from the database. */
export interface AccountRow {
  readonly id: string;
  readonly jsonVersion: number;
  readonly wire: Buffer;
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
  let place = after ?? way.start;
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
  readonly start: Place;
}

/** What the leading part of a filter finds. */
interface Candidate {
  readonly place: Place;
  /** Undefined: the pack does not match the rest of the filter. */
  readonly row: AccountRow | undefined;
}

async function listCandidates(reader: Reader, way: Way, place: Place, limit: number): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  const values = { ...way.values, at: place.at, seq: String(place.seq), limit: String(limit) };
  await reader.read(way.statement, values, (bytes, at) => {
    locate(bytes, at, CELLS);
    candidates.push(toCandidate(bytes));
  });
  return candidates;
}

/** Offsets of a row: at, seq, id, wire_version, wire. Used up within each row. */
const CELLS = offsetsFor(5);

const toCandidate = (bytes: Buffer): Candidate => ({
  place: { at: textAt(bytes, CELLS, 0) ?? '', seq: intAt(bytes, CELLS, 1) },
  row: isNull(CELLS, 4) ? undefined : toRow(bytes),
});

const toRow = (bytes: Buffer): AccountRow => ({
  id: textAt(bytes, CELLS, 2) ?? '',
  jsonVersion: intAt(bytes, CELLS, 3),
  wire: bytesAt(bytes, CELLS, 4),
});

const BEGINNING: Place = { at: '', seq: 0 };

/** The part that leaves the fewest candidates leads. */
function wayOf(filter: AccountFilter): Way {
  const values = valuesOf(filter);
  if (filter.host !== undefined) return { statement: BY_HOST, values, start: BEGINNING };
  if (filter.suffix !== undefined) return { statement: BY_SUFFIX, values, start: BEGINNING };
  if (filter.zoneId !== undefined) return wayInZone(filter, values);
  const facets = facetsOf(filter);
  const ends = { least: String(facets?.[0] ?? 0), most: String(facets?.at(-1) ?? MOST_FACET) };
  const faceted = { ...values, ...ends, ...(facets && { facets: toArray(facets) }) };
  if (filter.expiresBefore === undefined) return { statement: BY_FACET, values: faceted, start: BEGINNING };
  return { statement: BY_END, values: faceted, start: { at: LONG_AGO, seq: 0 } };
}

function wayInZone(filter: AccountFilter, values: Texts): Way {
  const { classes } = selectionOf(filter);
  if (!classes) return { statement: IN_ZONE, values, start: BEGINNING };
  return { statement: IN_ZONE_BY_CLASS, values: { ...values, classes: toArray(classes) }, start: BEGINNING };
}

const MOST_FACET = 2 ** 15 - 1;

const toArray = (numbers: readonly number[]): string => `{${numbers.join(',')}}`;

/** Microseconds since 1970 of an instant before every certificate. */
const LONG_AGO = String(Date.UTC(1900) * 1_000);

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

/** The instant of a number of microseconds since 1970: whole, where a number of seconds would be rounded. */
const instant = (name: string): string => `timestamptz 'epoch' + :${name}::bigint * interval '1 microsecond'`;

/** Whether a pack matches what every filter may have. What is looked up elsewhere comes last. */
const MATCHES = `
  (:status::text is null or packs.status = :status)
  and (:deploy::text is null or packs.environment = :deploy)
  and (:type::text is null or packs.type = :type)
  and (:ca::text is null or packs.certificate_authority = :ca)
  and (:zone::text is null or packs.zone_id = :zone)
  and (:before::bigint is null or packs.expires_on < ${instant('before')})
  and (select deleted_on is null from zones where zones.id = packs.zone_id)`;

/** Candidates as `one` in an order, each with the JSON of its pack where it is `found` and matches. */
const listing = (one: string, found: string, order = 'one.seq'): Statement =>
  statement(`
    with recursive ${one}
    select one.at, one.seq, pack.*
      from one left join lateral (
        select packs.id::text, packs.wire_version, packs.wire from packs
         where ${found} and ${MATCHES} limit 1) as pack on true
     order by ${order}`);

/** Facets of the account's packs, found by leaps from one to the next: most of the thousand are empty. */
const PRESENT = `
  present as (
      (select facet from packs where account_id = :account and facet >= :least::int order by facet limit 1)
    union all
      select (select packs.facet from packs
               where account_id = :account and packs.facet > present.facet and packs.facet <= :most::int
               order by packs.facet limit 1)
        from present where present.facet is not null),
  wanted as (
    select facet from present where :facets::smallint[] is null or facet = any(:facets::smallint[]))`;

/** Of each facet that is wanted as many as the page could need, then the first of all these. */
const BY_FACET = listing(
  `${PRESENT},
    one as materialized (
      select '' as at, each.seq, wanted.facet
        from wanted cross join lateral (
          select seq from packs
           where account_id = :account and packs.facet = wanted.facet and seq > :seq::bigint
           order by seq limit :limit::int) as each
       order by each.seq limit :limit::int)`,
  'packs.account_id = :account and packs.facet = one.facet and packs.seq = one.seq',
);

const BY_END = listing(
  `${PRESENT},
    one as materialized (
      select (extract(epoch from each.expires_on) * 1000000)::bigint::text as at, each.seq, each.expires_on, wanted.facet
        from wanted cross join lateral (
          select expires_on, seq from packs
           where account_id = :account and packs.facet = wanted.facet and expires_on < ${instant('before')}
             and (expires_on, seq) > (${instant('at')}, :seq::bigint)
           order by expires_on, seq limit :limit::int) as each
       order by each.expires_on, each.seq limit :limit::int)`,
  `packs.account_id = :account and packs.facet = one.facet
   and packs.expires_on = one.expires_on and packs.seq = one.seq`,
  'one.expires_on, one.seq',
);

const IN_ZONE = listing(
  `one as materialized (
      select '' as at, ord as seq from packs
       where zone_id = :zone and ord > :seq::bigint order by ord limit :limit::int)`,
  'packs.ord = one.seq and packs.zone_id = :zone',
);

const IN_ZONE_BY_CLASS = listing(
  `one as materialized (
      select '' as at, each.seq
        from unnest(:classes::smallint[]) as class cross join lateral (
          select ord as seq from packs
           where zone_id = :zone and packs.class = class.class and ord > :seq::bigint
           order by ord limit :limit::int) as each
       order by each.seq limit :limit::int)`,
  'packs.ord = one.seq and packs.zone_id = :zone',
);

const BY_HOST = listing(
  `one as materialized (
      select '' as at, seq, pack_id from pack_hosts
       where account_id = :account and reversed = :host and seq > :seq::bigint
       order by seq limit :limit::int)`,
  `packs.id = one.pack_id and (:suffix::text is null
     or (select true from pack_suffixes where pack_id = one.pack_id and name = :suffix)
     or (select true from pack_hosts where pack_id = one.pack_id and reversed = :reversed_suffix))`,
);

/** A pack is in one of both, and there once. */
const BY_SUFFIX = listing(
  `one as materialized (
      select '' as at, * from (
        (select seq, pack_id from pack_hosts
          where account_id = :account and reversed = :reversed_suffix and seq > :seq::bigint
          order by seq limit :limit::int)
        union all
        (select seq, pack_id from pack_suffixes
          where account_id = :account and name = :suffix and seq > :seq::bigint
          order by seq limit :limit::int)) as parts
       order by seq limit :limit::int)`,
  'packs.id = one.pack_id',
);
