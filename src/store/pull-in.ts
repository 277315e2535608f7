import type { PackStatus } from '../pack/pack.ts';
import { LANES } from './accounts.ts';
import { statement } from './statement.ts';
import { execute, type Tx } from './store.ts';

/** Which packs wait by a clock that was ahead. */
export interface Misdated {
  readonly now: Date;
  /** Packs of these statuses wait for a worker. */
  readonly workedOn: readonly PackStatus[];
  /** Leases that end later than this are of no clock that is right. */
  readonly leaseEnd: Date;
  /** What was written later than this, and is in one of these statuses or being renewed. */
  readonly later: Date;
  readonly onTheWay: readonly PackStatus[];
  /** Ids of packs that are left alone. */
  readonly inHand: readonly string[];
}

/** Makes packs due that wait by a clock that was ahead; nobody has them any more. How many. */
export async function pullInPacks(
  tx: Tx,
  { leaseEnd, inHand, onTheWay, workedOn, ...times }: Misdated,
): Promise<number> {
  const values = {
    ...times,
    lease_end: leaseEnd,
    in_hand: inHand,
    on_the_way: onTheWay,
    worked_on: workedOn,
  };
  const { rowCount } = await execute(tx, PULL_PACKS, values);
  return rowCount ?? 0;
}

const PULL_PACKS = statement(`
  update packs set due_at = :now, worker = null
   where lane = any(array(select generate_series(0, ${LANES - 1}))) and due_at > :now
     and not (id = any(:in_hand::uuid[])) and status = any(:worked_on)
     and (worker is not null and due_at > :lease_end
       or modified_on > :later and (status = any(:on_the_way) or renewal -> 'course' is not null))`);

/** Makes revocations due that were asked for later than `later`, or are to be tried later than `latest`. */
export async function pullInRevocations(
  tx: Tx,
  times: { readonly now: Date; readonly later: Date; readonly latest: Date },
): Promise<void> {
  await execute(tx, PULL_REVOCATIONS, times);
}

const PULL_REVOCATIONS = statement(`
  update revocations set due_on = :now
   where revoked_on is null and due_on > :now and (asked_on > :later or due_on > :latest)`);
