/**
 * The statements of an account's list, each by the part of a filter that leads. They cross zones, as the list does, but for
 * those in one. Their order needs no number that all zones share: packs go by creation, that is when, zone, ordinal; by
 * the end of their first certificate, then by creation; or in one zone by ordinal.
 */
import { type Statement, statement } from '../statement.ts';
import { IN_ZONE } from '../zone-key.ts';
import { IN_GROUP } from './group-condition.ts';

/** The instant of a number of microseconds since 1970: whole, where a number of seconds would be rounded. */
const instant = (name: string): string => `timestamptz 'epoch' + :${name}::bigint * interval '1 microsecond'`;

/** An order: instants, the first one first, then zone and ordinal. */
type Order = readonly ['created_on'] | readonly ['expires_on', 'created_on'] | readonly ['renew_on'];
const CREATION: Order = ['created_on'];
const END: Order = ['expires_on', 'created_on'];
const RENEWAL: Order = ['renew_on'];

/** Which way an order is gone through. */
export type Way = 'forwards' | 'backwards';

/** How what is found behind a place is compared with it, and sorted. */
const WAYS: Readonly<Record<Way, { readonly sign: '>' | '<'; readonly sort: '' | ' desc' }>> = {
  forwards: { sign: '>', sort: '' },
  backwards: { sign: '<', sort: ' desc' },
};

/** Columns of an order, of a table or of this one. */
const columns = (order: Order, of = ''): string =>
  [...order, 'zone_id', 'ord'].map((name) => of + name).join(', ');

/** The same to sort by. */
const sorted = (order: Order, way: Way, of = ''): string =>
  [...order, 'zone_id', 'ord'].map((name) => of + name + WAYS[way].sort).join(', ');

/** Condition on rows that are behind a place. */
const follows = (order: Order, way: Way): string =>
  `(${columns(order)}) ${WAYS[way].sign} (${order.map((_, i) => instant(`at${i}`)).join(', ')}, :after_zone::text, :ord::bigint)`;

/** What comes before the ordinal in a place. */
const before = (order: Order): string =>
  order
    .map((name) => `(extract(epoch from one.${name}) * 1000000)::bigint || ' ' || `)
    .join('')
    .concat('one.zone_id');

/** Whether a pack matches what every filter may have. What is looked up elsewhere comes last. */
const MATCHES = `
  (:status::text is null or packs.status = :status)
  and (:deploy::text is null or packs.environment = :deploy)
  and (:type::text is null or packs.type = :type)
  and (:ca::text is null or packs.certificate_authority = :ca)
  and (:zone::text is null or packs.zone_id = :zone)
  and (:before::bigint is null or packs.expires_on < ${instant('before')})
  and (:since::bigint is null or packs.expires_on >= ${instant('since')})
  and (:made::bigint is null or packs.created_on < ${instant('made')})
  and ${IN_GROUP}
  and (select deleted_on is null from zones where zones.cell = packs.cell and zones.id = packs.zone_id)`;

/** What a statement finds candidates by. */
interface Listing {
  /** CTEs; the last one is `one`. */
  readonly candidates: string;
  /** Condition on the pack of a candidate. */
  readonly found: string;
  /** Undefined: by ordinal. */
  readonly order?: Order;
}

/** A statement for each way. */
export type BothWays = Readonly<Record<Way, Statement>>;

/**
 * Candidates as `one` in an order, each with the JSON of its pack where it is `found` and matches. Rows: place before the
 * ordinal, ordinal, zone, id, wire_version, wire; the last four null for no match.
 */
const listing = ({ candidates, found, order }: Listing, way: Way): Statement =>
  statement(`
    with recursive ${candidates}
    select ${order ? before(order) : "''"} as place, one.ord, pack.*
      from one left join lateral (
        select packs.zone_id, packs.id::text, packs.wire_version, packs.wire from packs
         where ${found} and ${MATCHES} limit 1) as pack on true
     order by ${order ? sorted(order, way, 'one.') : `one.ord${WAYS[way].sort}`}`);

const bothWays = (of: (way: Way) => Listing): BothWays => ({
  forwards: listing(of('forwards'), 'forwards'),
  backwards: listing(of('backwards'), 'backwards'),
});

/** No facet is greater. */
export const MOST_FACET = 2 ** 15 - 1;

/** CTEs; the last one is `wanted`. Facets of the account's packs, found by leaps from one to the next: most of the thousand are empty. */
export const PRESENT = `
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
const faceted = (order: Order, way: Way, within: string): Listing => ({
  candidates: `${PRESENT},
    one as materialized (
      select ${columns(order, 'each.')}, wanted.facet
        from wanted cross join lateral (
          select ${columns(order)} from packs
           where account_id = :account and packs.facet = wanted.facet and ${within} and ${follows(order, way)}
           order by ${sorted(order, way)} limit :limit::int) as each
       order by ${sorted(order, way, 'each.')} limit :limit::int)`,
  found: `packs.account_id = :account and packs.facet = one.facet
   and (${columns(order, 'packs.')}) = (${columns(order, 'one.')})`,
  order,
});

/** By creation. */
export const BY_FACET = bothWays((way) => faceted(CREATION, way, 'true'));

/** By the end of the first certificate, then by creation: packs that end from `:low` on and before `:high`. */
export const BY_END = bothWays((way) =>
  faceted(END, way, `expires_on >= ${instant('low')} and expires_on < ${instant('high')}`),
);

const AT_ORD = `packs.cell = :cell and packs.zone_id = :zone and packs.ord = one.ord`;

/** Ordinals behind the place among rows of packs. */
const ordinals = (of: string, way: Way): string => `
  select ord from packs
   where ${IN_ZONE} and ${of} and ord ${WAYS[way].sign} :ord::bigint
   order by ord${WAYS[way].sort} limit :limit::int`;

/** Of one zone, by ordinal. */
export const IN_ONE_ZONE = bothWays((way) => ({
  candidates: `one as materialized (${ordinals('true', way)})`,
  found: AT_ORD,
}));

/** Of one zone and some classes, by ordinal. */
export const IN_ONE_ZONE_BY_CLASS = bothWays((way) => ({
  candidates: `one as materialized (
      select each.ord
        from unnest(:classes::smallint[]) as class cross join lateral (
          ${ordinals('packs.class = class.class', way)}) as each
       order by each.ord${WAYS[way].sort} limit :limit::int)`,
  found: AT_ORD,
}));

/** Rows of a table of names that are behind the place, by creation. */
const named = (table: string, name: string, way: Way): string => `
  select cell, ${columns(CREATION)} from ${table}
   where account_id = :account and ${name} and ${follows(CREATION, way)}
   order by ${sorted(CREATION, way)} limit :limit::int`;

const OF_ONE = 'cell = one.cell and zone_id = one.zone_id and ord = one.ord';

/** Of one host, by creation. */
export const BY_HOST = bothWays((way) => ({
  candidates: `one as materialized (${named('pack_hosts', 'reversed = :host', way)})`,
  found: `${OF_ONE} and (:suffix::text is null
     or (select true from pack_suffixes where ${OF_ONE} and name = :suffix)
     or (select true from pack_hosts where ${OF_ONE} and reversed = :reversed_suffix))`,
  order: CREATION,
}));

/** Of packs that are past the time of their renewal, by that. */
export const BY_RENEWAL = bothWays((way) => ({
  candidates: `one as materialized (
      select cell, ${columns(RENEWAL)} from pack_renewals
       where account_id = :account and renew_on < :now::timestamptz
         and (:group::text <> 'at_risk' or risk_on < :now::timestamptz) and ${follows(RENEWAL, way)}
       order by ${sorted(RENEWAL, way)} limit :limit::int)`,
  found: OF_ONE,
  order: RENEWAL,
}));

/** Of all names under a suffix, by creation. A pack is in one of both tables, and there once. */
export const BY_SUFFIX = bothWays((way) => ({
  candidates: `one as materialized (
      select * from (
        (${named('pack_hosts', 'reversed = :reversed_suffix', way)})
        union all
        (${named('pack_suffixes', 'name = :suffix', way)})) as parts
       order by ${sorted(CREATION, way)} limit :limit::int)`,
  found: OF_ONE,
  order: CREATION,
}));
