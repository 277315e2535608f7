/** What zones are looked at for, who has a name among those that claim it, and when they are looked at next. */
import { classOf } from '../pack/list-index.ts';
import { ENVIRONMENTS, type PackStatus, type ZoneStatus, type ZoneType } from '../pack/pack.ts';
import type { AfterLook, ZoneLooks } from '../pack/zone-life.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { EVERY_CELL, IN_ZONE, inCells, zoneKey } from './zone-key.ts';

/** A zone with what is kept of its looks. */
export interface LookedZone extends ZoneLooks {
  readonly accountId: string;
  readonly name: string;
  readonly type: ZoneType;
  readonly isPaused: boolean;
  readonly isDeactivated: boolean;
  readonly nameServers: readonly string[] | undefined;
  readonly originalNameServers: readonly string[] | undefined;
  readonly verificationKey: string;
  readonly wantsText: boolean;
  readonly textShownOn: Date | undefined;
  readonly lookAt: Date | undefined;
}

interface LookedRow {
  id: string;
  account_id: string;
  name: string;
  type: ZoneType;
  status: ZoneStatus;
  has_name: boolean;
  is_paused: boolean;
  is_deactivated: boolean;
  name_servers: string[] | null;
  original_name_servers: string[] | null;
  verification_key: string;
  wants_text: boolean;
  text_shown_on: Date | null;
  proven_on: Date | null;
  failing_since: Date | null;
  absent_since: Date | null;
  challenged_on: Date | null;
  looks: number;
  look_at: Date | null;
}

const COLUMNS = [
  'id',
  'account_id',
  'name',
  'type',
  'status',
  'has_name',
  'is_paused',
  'is_deactivated',
  'name_servers',
  'original_name_servers',
  'verification_key',
  'wants_text',
  'text_shown_on',
  'proven_on',
  'failing_since',
  'absent_since',
  'challenged_on',
  'looks',
  'look_at',
] as const satisfies readonly (keyof LookedRow)[];
const LOOKED = COLUMNS.map((name) => `zones.${name}`).join(', ');

const toLooked = (row: LookedRow): LookedZone => ({
  id: row.id,
  accountId: row.account_id,
  name: row.name,
  type: row.type,
  status: row.status,
  hasName: row.has_name,
  isPaused: row.is_paused,
  isDeactivated: row.is_deactivated,
  nameServers: row.name_servers ?? undefined,
  originalNameServers: row.original_name_servers ?? undefined,
  verificationKey: row.verification_key,
  wantsText: row.wants_text,
  textShownOn: row.text_shown_on ?? undefined,
  provenOn: row.proven_on ?? undefined,
  failingSince: row.failing_since ?? undefined,
  absentSince: row.absent_since ?? undefined,
  challengedOn: row.challenged_on ?? undefined,
  looks: row.looks,
  lookAt: row.look_at ?? undefined,
});

/** Takes zones that are due to be looked at; whoever takes one has it until `until`. */
export async function takeDueZones(
  db: Db,
  { now, until, limit }: { readonly now: Date; readonly until: Date; readonly limit: number },
): Promise<LookedZone[]> {
  const { rows } = await execute<LookedRow>(db, TAKE_DUE, { cells: EVERY_CELL, now, until, limit });
  return rows.map(toLooked);
}

const TAKE_DUE = statement(`
  update zones set look_at = :until
    from (select cell, id from zones where ${inCells('zones')} and look_at <= :now
           order by look_at limit :limit for update skip locked) as due
   where ${inCells('zones')} and zones.cell = due.cell and zones.id = due.id
  returning ${LOOKED}`);

/** The zone, locked until the transaction ends; undefined where it is gone or hidden. */
export async function lockZone(tx: Tx, id: string): Promise<LookedZone | undefined> {
  const { rows } = await execute<LookedRow>(tx, LOCK, zoneKey(id));
  return rows[0] && toLooked(rows[0]);
}

const THIS = 'cell = :cell and id = :zone';
const LOCK = statement(
  `select ${LOOKED} from zones where zones.cell = :cell and zones.id = :zone and deleted_on is null for no key update`,
);

/** What a look came to, of what only zones of type `full` have. */
export interface Noted {
  readonly textShownOn: Date | undefined;
  readonly originalNameServers: readonly string[] | undefined;
}

/**
 * Writes what a look came to. When the zone is looked at next stays as it is, where it is not what the one who looked had
 * it for (`lookAt` of `zone`): somebody wants it looked at meanwhile.
 */
export async function putLook(
  tx: Tx,
  zone: Pick<LookedZone, 'id' | 'lookAt'>,
  to: AfterLook & Noted,
): Promise<void> {
  await execute(tx, PUT_LOOK, {
    ...zoneKey(zone.id),
    had: zone.lookAt ?? null,
    look_at: to.lookAt ?? null,
    status: to.status,
    looks: to.looks,
    proven_on: to.provenOn ?? null,
    failing_since: to.failingSince ?? null,
    absent_since: to.absentSince ?? null,
    challenged_on: to.challengedOn ?? null,
    text_shown_on: to.textShownOn ?? null,
    original: to.originalNameServers ?? null,
  });
}

const PUT_LOOK = statement(`
  update zones
     set status = :status, looks = :looks, proven_on = :proven_on, failing_since = :failing_since,
         absent_since = :absent_since, challenged_on = :challenged_on, text_shown_on = :text_shown_on,
         original_name_servers = :original,
         look_at = case when look_at is not distinct from :had::timestamptz then :look_at::timestamptz else look_at end
   where ${THIS}`);

/** Has a zone looked at from `at` on, unless it is looked at sooner. False where there is none. */
export async function wantLook(db: Db, id: string, at: Date): Promise<boolean> {
  const { rowCount } = await execute(db, WANT_LOOK, { ...zoneKey(id), at });
  return rowCount === 1;
}

const WANT_LOOK = statement(`
  update zones set look_at = least(look_at, :at)
   where ${THIS} and deleted_on is null and not is_deactivated`);

/** Has a zone looked at no more by itself. */
export async function unlook(tx: Tx, id: string): Promise<void> {
  await execute(tx, UNLOOK, zoneKey(id));
}

const UNLOOK = statement(`update zones set look_at = null where ${THIS}`);

/** Makes due, and takes from whoever has them, the packs of a zone that are on their way to the edges. */
export async function stirPacks(tx: Tx, zoneId: string, now: Date): Promise<void> {
  await execute(tx, STIR, { ...zoneKey(zoneId), now, classes: ON_THE_WAY });
}

const STIRRED: readonly PackStatus[] = [
  'initializing',
  'pending_validation',
  'pending_issuance',
  'holding_deployment',
];
const ON_THE_WAY = STIRRED.flatMap((status) =>
  ENVIRONMENTS.map((environment) => classOf({ status, environment })),
);
const STIR = statement(`
  update packs set due_at = :now, claim = claim + 1, worker = null where ${IN_ZONE} and class = any(:classes::smallint[])`);

/** What is changed of a zone by its owner or the operator. */
export interface ZoneChange {
  readonly isPaused?: boolean;
  readonly isDeactivated?: boolean;
  /** Active and deactivated does not go together: it is as if it did not show control. */
  readonly status?: ZoneStatus;
  /** When it is looked at next; null: it is not. */
  readonly lookAt?: Date | null;
}

/** Changes a zone that is locked. */
export async function putZoneChange(tx: Tx, zone: LookedZone, change: ZoneChange, now: Date): Promise<void> {
  const { isPaused, isDeactivated, status, lookAt } = { ...zone, ...change };
  await execute(tx, CHANGE, {
    ...zoneKey(zone.id),
    now,
    is_paused: isPaused,
    is_deactivated: isDeactivated,
    status,
    look_at: lookAt ?? null,
  });
}

const CHANGE = statement(`
  update zones set is_paused = :is_paused, is_deactivated = :is_deactivated, status = :status, look_at = :look_at,
         modified_on = :now, version = version + 1
   where ${THIS}`);
