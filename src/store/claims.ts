import type { Clock } from '../kit/clock.ts';
import { after, type Seconds } from '../kit/time.ts';
import { LIFECYCLE } from '../pack/lifecycle.ts';
import { PACK_STATUSES, type Pack, type PackKey } from '../pack/pack.ts';
import { LANES } from './accounts.ts';
import { PACK_COLUMNS, type PackRow, toPack, ZONE_OF_PACK } from './pack-row.ts';
import { statement } from './statement.ts';
import { type Db, execute, repeated } from './store.ts';
import { cellsOf, IN_ZONE, inCells, packKey, toKey } from './zone-key.ts';

/** How long a claim lasts unless it is extended; a killed worker's packs are free again after it. */
export const LEASE: Seconds = 60;

/** A pack in a worker's hands, as long as nobody claimed it since. */
export interface Claim extends PackKey {
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
  /** Where it looks: in every cell, where one statement can. */
  readonly cells: readonly number[];
  readonly most: number;
  readonly first: number;
  readonly inHand: readonly string[];
}

/**
 * Takes up to `most` due packs, one from each lane before a second from any, beginning at lane `first`. Packs
 * in `inHand` are left out: when time is moved on, the leases of live workers end too.
 */
export async function claimDue(db: Db, clock: Clock, { inHand, ...wanted }: Wanted): Promise<Claimed[]> {
  const now = clock.now();
  const values = { ...wanted, now, lease_end: after(now, LEASE), in_hand: inHand };
  const { rows } = await repeated(db, () => execute<PackRow>(db, CLAIM, values));
  return rows.map((row) => ({ ...toKey(row), claim: row.claim, read: () => toPack(db, row) }));
}

// Zones are looked up one by one: of how many packs there will be, the plan knows nothing.
const CLAIM = statement(`
  with due as (
    select taken.cell, taken.zone_id, taken.id
      from generate_series(0, ${LANES - 1}) as step
     cross join lateral (
       select lane_due.*, row_number() over () as place
         from (select cell, zone_id, id from packs
                where ${inCells('packs')} and lane = (step + :first::int) % ${LANES}
                  and due_at <= :now and id <> all(:in_hand::uuid[])
                order by due_at limit :most::int
                  for update skip locked) as lane_due) as taken
     order by place, step limit :most::int),
  claimed as (
    update packs set due_at = :lease_end, claim = claim + 1, worker = :worker from due
     where ${inCells('packs')} and packs.cell = due.cell and packs.zone_id = due.zone_id and packs.id = due.id
    returning packs.cell, ${PACK_COLUMNS})
  select claimed.*, zone.* from claimed
   cross join lateral (
     select ${ZONE_OF_PACK} from zones
      where ${inCells('zones')} and zones.cell = claimed.cell and zones.id = claimed.zone_id limit 1) as zone`);

/** Extends the leases of packs that are still held; one that was made due meanwhile stays due. */
export async function extendLeases(db: Db, clock: Clock, claims: readonly Claim[]): Promise<void> {
  const now = clock.now();
  const zones = claims.map(({ zone }) => zone.id);
  const held = {
    ...cellsOf(zones),
    zones,
    packs: claims.map(({ id }) => id),
    claims: claims.map(({ claim }) => claim),
  };
  await execute(db, EXTEND, { ...held, now, lease_end: after(now, LEASE) });
}

const EXTEND = statement(`
  update packs set due_at = :lease_end
    from unnest(:own::smallint[], :zones::text[], :packs::uuid[], :claims::int[]) as held (cell, zone_id, id, claim)
   where ${inCells('packs')} and packs.cell = held.cell and packs.zone_id = held.zone_id and packs.id = held.id
     and packs.claim = held.claim and packs.due_at > :now`);

/** Ends the leases of a process, but for what it has in its hands now: those of a killed one of its name. How many there were. */
export async function freeLeases(
  db: Db,
  clock: Clock,
  { worker, inHand }: Pick<Wanted, 'worker' | 'inHand'>,
): Promise<number> {
  const now = clock.now();
  const values = { now, lease_end: after(now, LEASE), worker, in_hand: inHand };
  const { rowCount } = await execute(db, FREE, values);
  return rowCount ?? 0;
}

const FREE = statement(`
  update packs set due_at = :now, worker = null
   where lane = any(array(select generate_series(0, ${LANES - 1}))) and due_at > :now and due_at <= :lease_end
     and worker = :worker and id <> all(:in_hand::uuid[])`);

/** Gives a pack back, due at once: its worker stops. One that waits for nobody, or for its day, keeps its time. */
export async function giveBack(db: Db, clock: Clock, claim: Claim): Promise<void> {
  const now = clock.now();
  const held = { ...packKey(claim), claim: claim.claim };
  await execute(db, GIVE_BACK, { ...held, statuses: WORKED_ON, now, lease_end: after(now, LEASE) });
}

const WORKED_ON = PACK_STATUSES.filter((status) => LIFECYCLE[status].job !== undefined);
const GIVE_BACK = statement(`
  update packs set due_at = :now, worker = null
   where ${IN_ZONE} and id = :pack and claim = :claim and status = any(:statuses) and due_at <= :lease_end`);
