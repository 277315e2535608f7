/** Names that move in, as workers go on with them. */
import type { MoveInStatus } from '../pack/move-in.ts';
import { MOVE_IN_COLUMNS, type MoveInRow, type StoredMoveIn, toMoveIn } from './move-in-row.ts';
import { type MoveInKey, moveInKey, THIS } from './move-ins.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { inCells } from './zone-key.ts';

/** When the next pack may be ordered, by whichever process. */
export async function getPace(db: Db): Promise<Date> {
  const { rows } = await execute<{ next_at: Date }>(db, PACE, {});
  return rows[0]?.next_at ?? new Date(0);
}

const PACE = statement('select next_at from move_in_pace where id = 1');

/** As `getPace`; nobody else finds out until the transaction ends. */
export async function lockPace(tx: Tx): Promise<Date> {
  const { rows } = await execute<{ next_at: Date }>(tx, LOCK_PACE, {});
  return rows[0]?.next_at ?? new Date(0);
}

const LOCK_PACE = statement(`
  insert into move_in_pace (id, next_at) values (1, timestamptz 'epoch')
  on conflict (id) do update set next_at = move_in_pace.next_at returning next_at`);

/** Sets when the next pack may be ordered. */
export async function putPace(tx: Tx, nextAt: Date): Promise<void> {
  await execute(tx, PUT_PACE, { next_at: nextAt });
}

const PUT_PACE = statement('update move_in_pace set next_at = :next_at where id = 1');

interface Taking {
  readonly cells: readonly number[];
  readonly now: Date;
  /** Whoever takes it is alone with it so long. */
  readonly until: Date;
}

/** Takes, of the moves whose pack is to be ordered by now, the one that has least time. */
export async function takePlanned(
  tx: Tx,
  { packId, ...what }: Taking & { readonly packId: string },
): Promise<StoredMoveIn | undefined> {
  const { rows } = await execute<MoveInRow>(tx, TAKE_PLANNED, { ...what, pack: packId });
  return rows[0] && toMoveIn(rows[0]);
}

const TAKE_PLANNED = statement(`
  update move_ins set due_at = :until, attempts = attempts + 1, pack_id = coalesce(pack_id, :pack)
   where ${inCells('move_ins')} and (cell, zone_id, id) in (
     select cell, zone_id, id from move_ins
      where ${inCells('move_ins')} and status = 'planned' and due_at <= :now
      order by wanted_by limit 1 for update skip locked)
  returning ${MOVE_IN_COLUMNS}`);

/** Takes moves whose pack was ordered and that want to be looked at, those that have been due longest. */
export async function takeUnderWay(
  db: Db,
  what: Taking & { readonly most: number },
): Promise<StoredMoveIn[]> {
  const { rows } = await execute<MoveInRow>(db, TAKE_UNDER_WAY, { ...what });
  return rows.map(toMoveIn);
}

const TAKE_UNDER_WAY = statement(`
  update move_ins set due_at = :until
   where ${inCells('move_ins')} and (cell, zone_id, id) in (
     select cell, zone_id, id from move_ins
      where ${inCells('move_ins')} and status in ('ordered', 'proving') and due_at <= :now
      order by due_at limit :most for update skip locked)
  returning ${MOVE_IN_COLUMNS}`);

/** What becomes of a move. */
export interface MoveInChange {
  readonly status: MoveInStatus;
  /** When it is gone on with; undefined: never. */
  readonly dueAt: Date | undefined;
  readonly why?: string | undefined;
  readonly packId?: string | undefined;
  readonly provingSince?: Date | undefined;
  readonly finishedOn?: Date | undefined;
}

/** Writes what becomes of a move. */
export async function putMoveIn(db: Db, key: MoveInKey, change: MoveInChange): Promise<void> {
  await execute(db, PUT, {
    ...moveInKey(key),
    status: change.status,
    due_at: change.dueAt,
    why: change.why,
    pack: change.packId,
    since: change.provingSince,
    finished: change.finishedOn,
  });
}

const PUT = statement(`
  update move_ins set status = :status, due_at = :due_at, why = :why, pack_id = coalesce(:pack::uuid, pack_id),
    proving_since = :since, finished_on = :finished
   where ${THIS}`);

/** The managed pack of another move of the zone for the same hosts: two certificates of one name have one. */
export async function findShared(db: Db, { zoneId, id, hosts }: StoredMoveIn): Promise<string | undefined> {
  const { rows } = await execute<{ pack_id: string }>(db, SHARED, { ...moveInKey({ zoneId, id }), hosts });
  return rows[0]?.pack_id;
}

const SHARED = statement(`
  select pack_id from move_ins
   where cell = :cell and zone_id = :zone and id <> :id and hosts @> :hosts::text[] and hosts <@ :hosts::text[]
     and status in ('ordered', 'proving', 'done') and pack_id is not null limit 1`);
