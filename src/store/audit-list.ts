/** The record of what was done, as clients are shown it. */

import type { Actor, Resource } from './audit.ts';
import type { Place } from './list/account-list.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';

export interface AuditFilter {
  readonly accountId: string;
  readonly since: Date | undefined;
  readonly before: Date | undefined;
  readonly isNewestFirst: boolean;
  readonly zoneId: string | undefined;
  readonly tokenId: string | undefined;
  readonly resource: Resource | undefined;
  readonly resourceId: string | undefined;
}

/** One record. */
export interface AuditRecord {
  readonly id: string;
  readonly madeOn: Date;
  readonly event: string;
  readonly actor: Actor;
  readonly resource: string;
  readonly resourceId: string;
  readonly name: string | undefined;
  readonly zoneId: string | undefined;
  readonly zoneName: string | undefined;
}

export interface AuditPage {
  readonly records: readonly AuditRecord[];
  /** Where to go on. Undefined: there are no more. A page may be short, or empty, where there may be more. */
  readonly next: Place | undefined;
}

/** Most records that are looked at for one page. */
const MOST_EXAMINED = 5_000;

interface Row {
  at: string;
  seq: string;
  made_on: Date;
  event: string;
  actor: string;
  actor_name: string | null;
  address: string | null;
  request: string | null;
  resource: string;
  resource_id: string;
  name: string | null;
  zone_id: string;
  is_in_zone: boolean;
  zone_name: string | null;
  is_wanted: boolean;
}

/** Up to `most` records of what clients and operators did in an account, after a place in their order. */
export async function listAudit(
  db: Db,
  filter: AuditFilter,
  { after, most }: { readonly after: Place | undefined; readonly most: number },
): Promise<AuditPage> {
  const isFiltered = [filter.zoneId, filter.tokenId, filter.resource, filter.resourceId].some(Boolean);
  const limit = isFiltered ? MOST_EXAMINED : most + 1;
  const { rows } = await execute<Row>(db, filter.isNewestFirst ? NEWEST : OLDEST, {
    account: filter.accountId,
    since: filter.since,
    before: filter.before,
    zone: filter.zoneId,
    token: filter.tokenId,
    resource: filter.resource,
    resource_id: filter.resourceId,
    ...placeValues(after),
    limit,
  });
  const wanted = rows.filter((row) => row.is_wanted);
  const records = wanted.slice(0, most).map(toRecord);
  if (wanted.length > most) return { records, next: placeOf(wanted[most - 1]) };
  return { records, next: rows.length < limit ? undefined : placeOf(rows.at(-1)) };
}

/** A place in the order: when, the zone in text, then the number in that zone. */
function placeValues(place: Place | undefined) {
  const [at, zone] = place?.at.split(' ') ?? [];
  return { at, in_zone: zone ?? '', seq: place?.seq };
}

const placeOf = (row: Row | undefined): Place | undefined => row && { at: row.at, seq: Number(row.seq) };

/** The instant of a place: whole, where a number of seconds would be rounded. */
const AT = "timestamptz 'epoch' + :at::bigint * interval '1 microsecond'";

const listing = (order: 'asc' | 'desc', beyond: '<' | '>') =>
  statement(`
    select (extract(epoch from made_on) * 1000000)::bigint || ' ' || zone_id as at, seq, made_on, event, actor,
           actor_name, address, request, resource, resource_id, one.name, zone_id,
           zone_id <> :account as is_in_zone, zones.name as zone_name, is_wanted
      from (
        select cell, zone_id, seq, made_on, event, actor, actor_name, address, request, resource,
               coalesce(resource_id, pack_id::text) as resource_id, name,
               (:zone::text is null or zone_id = :zone) and (:token::text is null or actor = :token)
               and (:resource::text is null or resource = :resource)
               and (:resource_id::text is null or coalesce(resource_id, pack_id::text) = :resource_id) as is_wanted
          from audit
         where account_id = :account and actor <> 'worker'
           and (:since::timestamptz is null or made_on >= :since) and (:before::timestamptz is null or made_on < :before)
           and (:at::bigint is null or (made_on, zone_id, seq) ${beyond} (${AT}, :in_zone::text, :seq::bigint))
         order by made_on ${order}, zone_id ${order}, seq ${order} limit :limit::int) as one
      left join zones on zones.cell = one.cell and zones.id = zone_id and is_wanted
     order by made_on ${order}, zone_id ${order}, seq ${order}`);

const NEWEST = listing('desc', '<');
const OLDEST = listing('asc', '>');

const toRecord = (row: Row): AuditRecord => ({
  id: `${row.zone_id}-${row.seq}`,
  madeOn: row.made_on,
  event: row.event,
  actor: {
    id: row.actor,
    name: row.actor_name ?? undefined,
    address: row.address ?? undefined,
    request: row.request ?? undefined,
  },
  resource: row.resource,
  resourceId: row.resource_id,
  name: row.name ?? undefined,
  zoneId: row.is_in_zone ? row.zone_id : undefined,
  zoneName: row.zone_name ?? undefined,
});
