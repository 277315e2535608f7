/** Names that move in, as their owners ask for and see them. */
import type { MoveIn, MoveInStatus } from '../pack/move-in.ts';
import { MOVE_IN_COLUMNS, type MoveInRow, type StoredMoveIn, toMoveIn } from './move-in-row.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { IN_ZONE, zoneKey } from './zone-key.ts';

/** Which move is meant. */
export type MoveInKey = Pick<MoveIn, 'zoneId' | 'id'>;

/** Values for `THIS`. */
export const moveInKey = ({ zoneId, id }: MoveInKey) => ({ ...zoneKey(zoneId), id });

/** Condition on the row of a move. */
export const THIS = `${IN_ZONE} and id = :id`;

/** Stores a new move: due when its pack is to be ordered. */
export async function insertMoveIn(tx: Tx, move: StoredMoveIn): Promise<void> {
  await execute(tx, INSERT, {
    ...moveInKey(move),
    account: move.accountId,
    key: move.key,
    hosts: move.hosts,
    upload: move.uploadId,
    ends: move.uploadEnds,
    ca: move.certificateAuthority,
    method: move.validationMethod,
    planned_for: move.plannedFor,
    wanted_by: move.wantedBy,
    actor: JSON.stringify(move.by),
    now: move.createdOn,
  });
}

const INSERT = statement(`
  insert into move_ins (cell, zone_id, id, account_id, key, hosts, upload_id, upload_ends, certificate_authority,
    validation_method, status, planned_for, wanted_by, actor, created_on, due_at)
  values (:cell, :zone, :id, :account, :key, :hosts, :upload, :ends, :ca, :method, 'planned', :planned_for, :wanted_by,
    :actor, :now, :planned_for)`);

/** The move of a zone that an earlier import of the same began; undefined: there was none. */
export async function getMoveInByKey(db: Db, zoneId: string, key: string): Promise<StoredMoveIn | undefined> {
  const { rows } = await execute<MoveInRow>(db, BY_KEY, { ...zoneKey(zoneId), key });
  return rows[0] && toMoveIn(rows[0]);
}

const BY_KEY = statement(`select ${MOVE_IN_COLUMNS} from move_ins where ${IN_ZONE} and key = :key`);

/** Forgets one that was cancelled, as the same is imported again. */
export async function removeMoveIn(tx: Tx, key: MoveInKey): Promise<void> {
  await execute(tx, REMOVE, moveInKey(key));
}

const REMOVE = statement(`delete from move_ins where ${THIS}`);

/** The move with that id, locked until the transaction ends; undefined: the zone has none. */
export async function lockMoveIn(tx: Tx, key: MoveInKey): Promise<StoredMoveIn | undefined> {
  const { rows } = await execute<MoveInRow>(tx, LOCK, moveInKey(key));
  return rows[0] && toMoveIn(rows[0]);
}

const LOCK = statement(`select ${MOVE_IN_COLUMNS} from move_ins where ${THIS} for update`);

/** A move of an account; undefined: it has none of that id. */
export async function findMoveIn(db: Db, accountId: string, id: string): Promise<StoredMoveIn | undefined> {
  const { rows } = await execute<MoveInRow>(db, FIND, { account: accountId, id });
  return rows[0] && toMoveIn(rows[0]);
}

const FIND = statement(`select ${MOVE_IN_COLUMNS} from move_ins where account_id = :account and id = :id`);

/** When the last name without a certificate is planned for of an account; undefined: none is. */
export async function getLastSlot(db: Db, accountId: string): Promise<Date | undefined> {
  const { rows } = await execute<{ last: Date | null }>(db, LAST, { account: accountId });
  return rows[0]?.last ?? undefined;
}

const LAST = statement(`
  select max(planned_for) as last from move_ins
   where account_id = :account and status = 'planned' and upload_id is null`);

/** Which moves of an account are shown; undefined: whichever. */
export interface MoveInFilter {
  readonly accountId: string;
  readonly zoneId?: string | undefined;
  readonly status?: MoveInStatus | undefined;
}

/** A page of an account's moves, the oldest first, and how many match. */
export async function listMoveIns(
  db: Db,
  { accountId, zoneId, status }: MoveInFilter,
  { page, perPage }: { readonly page: number; readonly perPage: number },
): Promise<{ readonly moves: readonly MoveIn[]; readonly total: number }> {
  const values = { account: accountId, zone: zoneId ?? null, status: status ?? null };
  const { rows } = await execute<MoveInRow>(db, LIST, {
    ...values,
    most: perPage,
    before: (page - 1) * perPage,
  });
  const counted = await execute<{ n: number }>(db, COUNT, values);
  return { moves: rows.map(toMoveIn), total: counted.rows[0]?.n ?? 0 };
}

const MATCHING = `account_id = :account and (:zone::text is null or zone_id = :zone)
  and (:status::text is null or status = :status)`;
const LIST = statement(`
  select ${MOVE_IN_COLUMNS} from move_ins where ${MATCHING} order by created_on, id limit :most offset :before`);
const COUNT = statement(`select count(*)::int as n from move_ins where ${MATCHING}`);

/** How far the moves of an account are. */
export interface MoveInCounts {
  readonly byStatus: Readonly<Partial<Record<MoveInStatus, number>>>;
  /** Moves that something stands in the way of. */
  readonly stuck: number;
  /** Those whose certificate ends, by this pace, before their managed pack can be ordered. */
  readonly late: number;
}

/** Counts them; `pace` in seconds is from one pack to the next. */
export async function countMoveIns(
  db: Db,
  accountId: string,
  { now, pace }: { readonly now: Date; readonly pace: number },
): Promise<MoveInCounts> {
  const { rows } = await execute<{ status: MoveInStatus; n: number; stuck: number }>(db, COUNTS, {
    account: accountId,
  });
  const late = await execute<{ n: number }>(db, LATE, { account: accountId, now, pace });
  return {
    byStatus: Object.fromEntries(rows.map(({ status, n }) => [status, n])),
    stuck: rows.reduce((sum, row) => sum + row.stuck, 0),
    late: late.rows[0]?.n ?? 0,
  };
}

const COUNTS = statement(`
  select status, count(*)::int as n, count(*) filter (where why is not null and finished_on is null)::int as stuck
    from move_ins where account_id = :account group by status`);
const LATE = statement(`
  select count(*)::int as n from (
    select upload_ends, row_number() over (order by upload_ends) as place
      from move_ins where account_id = :account and status = 'planned' and upload_id is not null) as queue
   where upload_ends < :now::timestamptz + make_interval(secs => :pace::float8 * place)`);
