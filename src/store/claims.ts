import type { Clock } from '../kit/clock.ts';
import { after, type Seconds } from '../kit/time.ts';
import { LIFECYCLE } from '../pack/lifecycle.ts';
import { PACK_STATUSES, type Pack } from '../pack/pack.ts';
import { LANES } from './accounts.ts';
import { PACK_COLUMNS, type PackRow, toPack, ZONE_OF_PACK } from './pack-row.ts';
import { statement } from './statement.ts';
import { type Db, execute, repeated } from './store.ts';

/** How long a claim lasts unless it is extended; a killed worker's packs are free again after it. */
export const LEASE: Seconds = 60;

/** A pack in a worker's hands, as long as nobody claimed it since. */
export interface Claim {
  readonly packId: string;
  readonly claim: number;
}

/** A claim, and the pack as it was claimed. */
export interface Claimed extends Claim {
  readonly read: () => Promise<Pack>;
}

/** Who takes packs, and which. */
export interface Wanted {
  /** Name of the process. */
  readonly worker: string;
  readonly most: number;
  readonly first: number;
  readonly inHand: readonly string[];
}

/**
 * Takes up to `most` due packs, one from each lane before a second from any, beginning at lane `first`. Packs
 * in `inHand` are left out: when time is moved on, the leases of live workers end too.
 */
export async function claimDue(
  db: Db,
  clock: Clock,
  { worker, most, first, inHand }: Wanted,
): Promise<Claimed[]> {
  const now = clock.now();
  const values = { now, lease_end: after(now, LEASE), worker, most, first, in_hand: inHand };
  const { rows } = await repeated(db, () => execute<PackRow>(db, CLAIM, values));
  return rows.map((row) => ({ packId: row.id, claim: row.claim, read: () => toPack(db, row) }));
}

// Zones are looked up one by one: of how many packs there will be, the plan knows nothing.
const CLAIM = statement(`
  with due as (
    select taken.id
      from generate_series(0, ${LANES - 1}) as step
     cross join lateral (
       select id, row_number() over () as place
         from (select id from packs
                where lane = (step + :first::int) % ${LANES} and due_at <= :now and id <> all(:in_hand::uuid[])
                order by due_at limit :most::int
                  for update skip locked) as lane_due) as taken
     order by place, step limit :most::int),
  claimed as (
    update packs set due_at = :lease_end, claim = claim + 1, worker = :worker from due where packs.id = due.id
    returning ${PACK_COLUMNS})
  select claimed.*, zone.* from claimed
   cross join lateral (select ${ZONE_OF_PACK} from zones where zones.id = claimed.zone_id limit 1) as zone`);

/** Extends the leases of packs that are still held; one that was made due meanwhile stays due. */
export async function extendLeases(db: Db, clock: Clock, claims: readonly Claim[]): Promise<void> {
  const now = clock.now();
  await db.query(
    `update packs set due_at = $1
       from unnest($2::uuid[], $3::int[]) as held (id, claim)
      where packs.id = held.id and packs.claim = held.claim and packs.due_at > $4`,
    [after(now, LEASE), claims.map(({ packId }) => packId), claims.map(({ claim }) => claim), now],
  );
}

/** Ends the leases of a process, but for what it has in its hands now: those of a killed one of its name. How many there were. */
export async function freeLeases(
  db: Db,
  clock: Clock,
  { worker, inHand }: Pick<Wanted, 'worker' | 'inHand'>,
): Promise<number> {
  const now = clock.now();
  const { rowCount } = await db.query(
    `update packs set due_at = $1, worker = null
      where lane = any(array(select generate_series(0, ${LANES - 1}))) and due_at > $1 and due_at <= $2 and worker = $3
        and id <> all($4)`,
    [now, after(now, LEASE), worker, inHand],
  );
  return rowCount ?? 0;
}

/** Gives a pack back, due at once: its worker stops. One that waits for nobody, or for its day, keeps its time. */
export async function giveBack(db: Db, clock: Clock, { packId, claim }: Claim): Promise<void> {
  const now = clock.now();
  const statuses = PACK_STATUSES.filter((status) => LIFECYCLE[status].job !== undefined);
  await db.query(
    `update packs set due_at = $1, worker = null
      where id = $2 and claim = $3 and status = any($4) and due_at <= $5`,
    [now, packId, claim, statuses, after(now, LEASE)],
  );
}
