/**
 * What waits to be told, and what was: a row for each channel that is told. It is due as a revocation is; of one channel and
 * subject only the first that has not ended is tried, and by nobody else meanwhile.
 */
import type { AlertBody } from '../pack/alert-body.ts';
import type { Mechanism } from './alert-policies.ts';
import { type AlertKey, accountKey, OF_ACCOUNT } from './alert-row.ts';
import { statement } from './statement.ts';
import { allSent, type Db, execute, type Pool, pipelined } from './store.ts';

/** Who is told: by which kind of channel, and which of them. */
export interface AlertChannel {
  readonly mechanism: Mechanism;
  /** Id of a webhook or of a service of PagerDuty; or a mail address. */
  readonly destination: string;
}

/** A delivery in somebody's hands. */
export interface TakenDelivery extends AlertKey, AlertChannel {
  readonly number: number;
  readonly policyId: string;
  readonly policyName: string;
  readonly alertType: string;
  readonly subject: string;
  readonly body: AlertBody;
  readonly madeOn: Date;
  readonly attempts: number;
  /** When it was tried first; undefined: it was not yet. */
  readonly triedOn: Date | undefined;
  readonly takenUntil: Date;
  /** Whether its policy is there and enabled, if one is behind it. */
  readonly isWanted: boolean;
}

/**
 * For the rest of a transaction: where the rows of a queue were not counted since it filled, another index, and a sort of all that
 * it has, seem as good as the one whose order is the order that is wanted. They are not considered. Up to PostgreSQL 17 what is
 * sorted all the same counts as very dear then, and would be compiled first, for seconds.
 */
export const BY_INDEX = [
  'jit',
  'enable_sort',
  'enable_incremental_sort',
  'enable_bitmapscan',
  'enable_seqscan',
]
  .map((name) => `set_config('${name}', 'off', true)`)
  .join(', ');
const IN_ORDER = statement(`select ${BY_INDEX}`);

const THIS = `${OF_ACCOUNT} and number = :number and taken_until = :taken`;
const keyOf = (one: TakenDelivery) => ({
  ...accountKey(one.accountId),
  number: one.number,
  taken: one.takenUntil,
});

/** When it was tried first; what is sent again begins anew. */
const FIRST = 'case when attempts = 0 then :now::timestamptz else coalesce(tried_on, :now::timestamptz) end';

/** How a delivery ended. */
export interface DeliveryEnd {
  readonly status: 'sent' | 'dead' | 'cancelled';
  /** Why it was not sent, in words. */
  readonly problem?: string | undefined;
}

/** It is over: what is behind it is due. Nothing happens where it is another's by now. */
export async function endDelivery(
  pool: Pool,
  one: TakenDelivery,
  end: DeliveryEnd,
  now: Date,
): Promise<void> {
  const { mechanism, destination, subject } = one;
  const { status, problem = null } = end;
  const values = { ...keyOf(one), mechanism, destination, subject, status, problem, now };
  await pipelined(pool, (tx) => {
    const ordered = execute(tx, IN_ORDER, {});
    return allSent(execute(tx, END, values), ordered);
  });
}

const END = statement(`
  with ended as (
    update alert_deliveries set status = :status, problem = :problem, ended_on = :now, due_at = null, taken_until = null,
           attempts = attempts + case when :status = 'cancelled' then 0 else 1 end,
           tried_on = case when :status = 'cancelled' then tried_on else ${FIRST} end
     where ${THIS} returning 1)
  update alert_deliveries set due_at = greatest(:now::timestamptz, (body ->> 'notBefore')::timestamptz)
   where ${OF_ACCOUNT} and ended_on is null and taken_until is null and exists (select from ended)
     and number = (
       select number from (
         select mechanism, destination, subject, number from alert_deliveries
          where ${OF_ACCOUNT} and due_at is not null
            and (mechanism, destination, subject, number) > (:mechanism, :destination, :subject, :number::bigint)
          order by mechanism, destination, subject, number limit 1) as next
        where mechanism = :mechanism and destination = :destination and subject = :subject)`);

/** It is tried again later, and why. An attempt that was none does not count. */
export async function postponeDelivery(
  db: Db,
  one: TakenDelivery,
  why: { readonly problem: string; readonly due: Date; readonly now: Date; readonly isAttempt: boolean },
): Promise<void> {
  const { problem, due, now, isAttempt } = why;
  await execute(db, POSTPONE, { ...keyOf(one), problem, due, now, count: isAttempt ? 1 : 0 });
}

const POSTPONE = statement(`
  update alert_deliveries set problem = :problem, due_at = :due, taken_until = null, attempts = attempts + :count::int,
         tried_on = case when :count::int = 0 then tried_on else ${FIRST} end
   where ${THIS}`);

/** Gives a delivery back that was not tried to its end. */
export async function giveBackDelivery(db: Db, one: TakenDelivery): Promise<void> {
  await execute(db, GIVE_BACK, keyOf(one));
}

const GIVE_BACK = statement(`update alert_deliveries set taken_until = null where ${THIS}`);
