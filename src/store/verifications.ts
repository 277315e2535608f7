/** How far the validation of a zone's packs is: as much of each as is told of it, so that many are read at once. */
import { after, type Seconds } from '../kit/time.ts';
import { classOf } from '../pack/list-index.ts';
import {
  ENVIRONMENTS,
  PACK_STATUSES,
  type Pack,
  type PackStatus,
  type PackType,
  type PackZone,
} from '../pack/pack.ts';
import { VERIFICATION, type Verified } from '../pack/verification.ts';
import { countZonePacks } from './quotas.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';
import { IN_ZONE, zoneKey } from './zone-key.ts';

/** Packs of a zone by how soon somebody has to do something for them. */
const isFirst = (status: PackStatus): boolean =>
  VERIFICATION[status] !== 'active' && VERIFICATION[status] !== 'expired';

const SHOWN = PACK_STATUSES.filter((status) => VERIFICATION[status] !== undefined);
const FIRST = SHOWN.filter(isFirst);
const LAST = SHOWN.filter((status) => !isFirst(status));

const classesOf = (statuses: readonly PackStatus[]): number[] =>
  statuses.flatMap((status) => ENVIRONMENTS.map((environment) => classOf({ status, environment })));

interface VerifiedRow {
  id: string;
  type: PackType;
  status: PackStatus;
  method: Pack['validationMethod'] | null;
  is_delegated: boolean;
  delegations: string[];
  hosts: string[];
  record: Verified['record'] | null;
  is_shown: boolean | null;
  signature: string | null;
}

/** Packs of a zone that are on their way or served, at most `limit`: those that are on their way first, the newest first. */
export async function listVerified(db: Db, zone: PackZone, limit: number): Promise<Verified[]> {
  const values = { ...zoneKey(zone.id), first: classesOf(FIRST), last: classesOf(LAST), limit };
  const { rows } = await execute<VerifiedRow>(db, LIST, values);
  return rows.map(({ id, type, status, method, is_delegated, record, is_shown, signature, ...row }) => ({
    id,
    type,
    zone,
    status,
    validationMethod: method ?? undefined,
    isDelegated: is_delegated,
    delegations: row.delegations,
    hosts: row.hosts,
    record: record ?? undefined,
    isShown: is_shown ?? undefined,
    signature: signature ?? undefined,
  }));
}

/** Ordinals of some classes, the newest of each, so that no more of the index is read than could be wanted. */
const newest = (classes: ':first' | ':last', rank: number): string => `
  select one.ord, ${rank} as rank
    from unnest(${classes}::smallint[]) as class cross join lateral (
      select ord from packs where ${IN_ZONE} and packs.class = class.class order by ord desc limit :limit) as one`;

const LIST = statement(`
  with ords as materialized (
    select ord, rank from (${newest(':first', 0)} union all ${newest(':last', 1)}) as each
     order by rank, ord desc limit :limit)
  select id, type, status, validation_method as method, is_delegated, delegations, hosts,
      coalesce(jsonb_path_query_first(validation_records, '$[*] ? (!exists (@.isOurs) && @.status != "valid")'),
        jsonb_path_query_first(validation_records, '$[*] ? (!exists (@.isOurs))')) as record,
      case when jsonb_array_length(validation_records) > 0
        then not jsonb_path_exists(validation_records, '$[*] ? (!exists (@.isOurs) && @.status != "valid")') end as is_shown,
      (select signature from certificates
        where certificates.cell = :cell and certificates.zone_id = :zone and pack_id = packs.id
        order by algorithm limit 1) as signature
    from ords cross join lateral (
      select * from packs where ${IN_ZONE} and packs.ord = ords.ord limit 1) as packs
   order by rank, ords.ord desc`);

interface WaitingAsk {
  readonly now: Date;
  /** Those that changed less long ago are left alone. */
  readonly least: Seconds;
  readonly limit: number;
}

/** Ids of packs that wait for validation, those first that changed longest ago. */
export async function listWaiting(
  db: Db,
  zoneId: string,
  { now, least, limit }: WaitingAsk,
): Promise<string[]> {
  const classes = classesOf(['pending_validation']);
  const before = after(now, -least);
  const { rows } = await execute<{ id: string }>(db, WAITING, { ...zoneKey(zoneId), classes, before, limit });
  return rows.map(({ id }) => id);
}

const WAITING = statement(`
  select id from packs
   where ${IN_ZONE} and class = any(:classes::smallint[]) and modified_on <= :before
   order by modified_on limit :limit`);

/** How many packs of a zone are on their way or served. */
export const countVerified = (db: Db, zoneId: string): Promise<number> => countZonePacks(db, zoneId, SHOWN);
