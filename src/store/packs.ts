import { after, minutes } from '../kit/time.ts';
import type { Pack, PackStatus } from '../pack/pack.ts';
import { PACK_COLUMNS, type PackRow, storedRenewal, toPack, ZONE_OF_PACK } from './pack-row.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';

const SELECT = `select ${PACK_COLUMNS}, ${ZONE_OF_PACK} from packs join zones on zones.id = packs.zone_id`;

const BY_ID = statement(`${SELECT} where packs.id = :id`);
const IN_ZONE = statement(`${SELECT} where packs.id = :id and zone_id = :zone`);
const LOCKED = statement(`${SELECT} where packs.id = :id and zone_id = :zone for no key update of packs`);

/** How a pack is written down beside its fields: its JSON in the API, and when it next wants attention. */
export interface RowAside {
  readonly json: string;
  readonly jsonVersion: number;
  /** Undefined: nobody needs to look. */
  readonly dueAt: Date | undefined;
}

/** The pack, or undefined where the zone has no such pack. */
export async function getPack(db: Db, zoneId: string, id: string): Promise<Pack | undefined> {
  const { rows } = await execute<PackRow>(db, IN_ZONE, { id, zone: zoneId });
  return rows[0] && toPack(db, rows[0]);
}

/** The pack at an ordinal of a zone, or undefined. */
export async function getPackAt(db: Db, zoneId: string, ord: number): Promise<Pack | undefined> {
  const { rows } = await db.query<PackRow>(`${SELECT} where zone_id = $1 and ord = $2`, [zoneId, ord]);
  return rows[0] && toPack(db, rows[0]);
}

/** The pack by its id alone, for a worker that claimed it. */
export async function getClaimed(db: Db, id: string): Promise<Pack | undefined> {
  const { rows } = await execute<PackRow>(db, BY_ID, { id });
  return rows[0] && toPack(db, rows[0]);
}

/** As `getPack`, with the pack locked against other writers until the transaction ends. */
export async function lockPack(tx: Tx, zoneId: string, id: string): Promise<Pack | undefined> {
  const { rows } = await execute<PackRow>(tx, LOCKED, { id, zone: zoneId });
  return rows[0] && toPack(tx, rows[0]);
}

/** Ids of packs that follow `last`, in an order of their own; undefined: from the first. */
export async function listIdsAfter(db: Db, last: string | undefined, limit: number): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    'select id from packs where $1::uuid is null or id > $1 order by id limit $2',
    [last ?? null, limit],
  );
  return rows.map(({ id }) => id);
}

/** Locks a pack that a worker has and tells whether it still has it. */
export async function isHeld(tx: Tx, { id, claim }: Pack): Promise<boolean> {
  const { rowCount } = await execute(tx, HELD, { id, claim });
  return rowCount === 1;
}

const HELD = statement('select from packs where id = :id and claim = :claim for no key update');

/** Whether a worker works on a pack now. No lease ends after `latest`: one that does is of a clock that was ahead. */
export async function isInHand(db: Db, { id }: Pack, now: Date, latest?: Date): Promise<boolean> {
  const { rowCount } = await db.query(
    'select from packs where id = $1 and worker is not null and due_at > $2 and ($3::timestamptz is null or due_at <= $3)',
    [id, now, latest ?? null],
  );
  return rowCount === 1;
}

/** Sets when a held pack is due, and nothing else. */
export async function setDue(db: Db, { id, claim }: Pack, dueAt: Date | undefined): Promise<void> {
  await db.query('update packs set due_at = $3, worker = null where id = $1 and claim = $2', [
    id,
    claim,
    dueAt ?? null,
  ]);
}

/**
 * Writes when a held pack is to be renewed, of which nothing shows in lists, and when it is due for that. False: another
 * took it.
 */
export async function putRenewal(db: Db, pack: Pack, dueAt: Date | undefined): Promise<boolean> {
  const { id, claim } = pack;
  const { rowCount } = await execute(db, PUT_RENEWAL, {
    id,
    claim,
    renewal: storedRenewal(pack),
    due_at: dueAt,
  });
  return rowCount === 1;
}

const PUT_RENEWAL = statement(
  'update packs set renewal = :renewal, due_at = :due_at, worker = null where id = :id and claim = :claim',
);

/** Makes served packs due that nobody planned to renew, at most `limit`, those that end first. How many. */
export async function remindUnplanned(db: Db, limit: number, now: Date): Promise<number> {
  const { rowCount } = await db.query(
    `update packs set due_at = $2
      where id in (
        select id from packs
         where status in ('active', 'staging_active') and (renewal is null or due_at = expires_on)
           and certificate_authority is not null and due_at > $3
         order by expires_on limit $1 for update skip locked)`,
    [limit, now, after(now, LEASES)],
  );
  return rowCount ?? 0;
}

/** Longer than a worker has a pack before it tells so: what is due later is in nobody's hands. */
const LEASES = minutes(10);

/** Whether any pack wants attention now. */
export async function isAnyDue(db: Db, now: Date): Promise<boolean> {
  const { rows } = await db.query<{ due: boolean }>(
    'select exists (select from packs where due_at <= $1) as due',
    [now],
  );
  return rows[0]?.due ?? false;
}

/** Packs of hidden zones that nobody has begun to take away, at most `limit`. */
export async function listStranded(db: Db, leaving: readonly PackStatus[], limit: number): Promise<Pack[]> {
  const { rows } = await db.query<PackRow>(
    `${SELECT} where zones.deleted_on is not null and not (packs.status = any($1)) limit $2`,
    [leaving, limit],
  );
  return Promise.all(rows.map((row) => toPack(db, row)));
}

/** Makes packs of a status in the zone that holds `name` due, so that their records are looked at again. */
export async function makeDue(
  db: Db,
  zoneNames: readonly string[],
  status: PackStatus,
  now: Date,
): Promise<void> {
  await db.query(
    `update packs set due_at = $3 from zones
      where zones.id = zone_id and zones.name = any($1) and packs.status = $2 and due_at > $3`,
    [zoneNames, status, now],
  );
}
