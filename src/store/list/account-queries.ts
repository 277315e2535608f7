/**
 * The statements of an account's list, each by the part of a filter that leads. They cross zones, as the list does, but for
 * those in one. Their order needs no number that all zones share: packs go by creation, that is when, zone, ordinal; by
 * the end of their first certificate, then by creation; or in one zone by ordinal.
 */
import { type Statement, statement } from '../statement.ts';
import { IN_ZONE } from '../zone-key.ts';

/** The instant of a number of microseconds since 1970: whole, where a number of seconds would be rounded. */
const instant = (name: string): string => `timestamptz 'epoch' + :${name}::bigint * interval '1 microsecond'`;

/** An order: instants, the first one first, then zone and ordinal. */
type Order = readonly ['created_on'] | readonly ['expires_on', 'created_on'];
const CREATION: Order = ['created_on'];
const END: Order = ['expires_on', 'created_on'];

/** Columns of an order, of a table or of this one. */
const columns = (order: Order, of = ''): string =>
  [...order, 'zone_id', 'ord'].map((name) => of + name).join(', ');

/** Condition on rows that follow a place. */
const follows = (order: Order): string =>
  `(${columns(order)}) > (${order.map((_, i) => instant(`at${i}`)).join(', ')}, :after_zone::text, :ord::bigint)`;

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

/**
 * Candidates as `one` in an order, each with the JSON of its pack where it is `found` and matches. Rows: place before the
 * ordinal, ordinal, zone, id, wire_version, wire; the last four null for no match.
 */
const listing = ({ candidates, found, order }: Listing): Statement =>
  statement(`
    with recursive ${candidates}
    select ${order ? before(order) : "''"}, one.ord, pack.*
      from one left join lateral (
        select packs.zone_id, packs.id::text, packs.wire_version, packs.wire from packs
         where ${found} and ${MATCHES} limit 1) as pack on true
     order by ${order ? columns(order, 'one.') : 'one.ord'}`);

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
const faceted = (order: Order, within: string): Listing => ({
  candidates: `${PRESENT},
    one as materialized (
      select ${columns(order, 'each.')}, wanted.facet
        from wanted cross join lateral (
          select ${columns(order)} from packs
           where account_id = :account and packs.facet = wanted.facet and ${within} and ${follows(order)}
           order by ${columns(order)} limit :limit::int) as each
       order by ${columns(order, 'each.')} limit :limit::int)`,
  found: `packs.account_id = :account and packs.facet = one.facet
   and (${columns(order, 'packs.')}) = (${columns(order, 'one.')})`,
  order,
});

/** By creation. */
export const BY_FACET = listing(faceted(CREATION, 'true'));

/** By the end of the first certificate, then by creation. */
export const BY_END = listing(faceted(END, `expires_on < ${instant('before')}`));

const AT_ORD = `packs.cell = :cell and packs.zone_id = :zone and packs.ord = one.ord`;

/** Of one zone, by ordinal. */
export const IN_ONE_ZONE = listing({
  candidates: `one as materialized (
      select ord from packs where ${IN_ZONE} and ord > :ord::bigint order by ord limit :limit::int)`,
  found: AT_ORD,
});

/** Of one zone and some classes, by ordinal. */
export const IN_ONE_ZONE_BY_CLASS = listing({
  candidates: `one as materialized (
      select each.ord
        from unnest(:classes::smallint[]) as class cross join lateral (
          select ord from packs
           where ${IN_ZONE} and packs.class = class.class and ord > :ord::bigint
           order by ord limit :limit::int) as each
       order by each.ord limit :limit::int)`,
  found: AT_ORD,
});

/** Rows of a table of names that follow the place, by creation. */
const named = (table: string, name: string): string => `
  select cell, ${columns(CREATION)} from ${table}
   where account_id = :account and ${name} and ${follows(CREATION)}
   order by ${columns(CREATION)} limit :limit::int`;

const OF_ONE = 'cell = one.cell and zone_id = one.zone_id and ord = one.ord';

/** Of one host, by creation. */
export const BY_HOST = listing({
  candidates: `one as materialized (${named('pack_hosts', 'reversed = :host')})`,
  found: `${OF_ONE} and (:suffix::text is null
     or (select true from pack_suffixes where ${OF_ONE} and name = :suffix)
     or (select true from pack_hosts where ${OF_ONE} and reversed = :reversed_suffix))`,
  order: CREATION,
});

/** Of all names under a suffix, by creation. A pack is in one of both tables, and there once. */
export const BY_SUFFIX = listing({
  candidates: `one as materialized (
      select * from (
        (${named('pack_hosts', 'reversed = :reversed_suffix')})
        union all
        (${named('pack_suffixes', 'name = :suffix')})) as parts
       order by ${columns(CREATION)} limit :limit::int)`,
  found: OF_ONE,
  order: CREATION,
});
