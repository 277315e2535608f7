/** How what is due of alerts is found: in which order, within which bounds, by one process at a time. */
import type { AlertBody } from '../pack/alert-body.ts';
import { BY_INDEX, type TakenDelivery } from './alert-deliveries.ts';
import type { Mechanism } from './alert-policies.ts';
import { statement } from './statement.ts';
import { allSent, execute, type Pool, pipelined } from './store.ts';
import { inCells } from './zone-key.ts';

/** How much may be under way. */
export interface DeliveryBounds {
  /** Of one account, and of one channel, by all processes together. */
  readonly ofAccount: number;
  readonly ofChannel: number;
  /** Taken at a time. */
  readonly limit: number;
}

interface Row {
  account_id: string;
  number: string;
  id: string;
  policy_id: string;
  policy_name: string;
  alert_type: string;
  mechanism: Mechanism;
  destination: string;
  subject: string;
  body: AlertBody;
  made_on: Date;
  attempts: number;
  tried_on: Date | null;
  taken_until: Date;
  is_wanted: boolean;
}

const toTaken = (row: Row): TakenDelivery => ({
  accountId: row.account_id,
  number: Number(row.number),
  id: row.id,
  policyId: row.policy_id,
  policyName: row.policy_name,
  alertType: row.alert_type,
  mechanism: row.mechanism,
  destination: row.destination,
  subject: row.subject,
  body: row.body,
  madeOn: row.made_on,
  attempts: row.attempts,
  triedOn: (row.attempts > 0 && row.tried_on) || undefined,
  takenUntil: row.taken_until,
  isWanted: row.is_wanted,
});

/**
 * Takes due deliveries until `until`: whoever takes them is alone with them, and with what is behind them, so long. Accounts
 * and channels have their turns. `isMore`: others may be found at once.
 */
export async function takeDeliveries(
  pool: Pool,
  what: {
    readonly cells: readonly number[];
    readonly now: Date;
    readonly until: Date;
    readonly bounds: DeliveryBounds;
  },
): Promise<{ readonly taken: readonly TakenDelivery[]; readonly isMore: boolean }> {
  const { bounds, ...values } = what;
  const asked = {
    ...values,
    of_account: bounds.ofAccount,
    of_channel: bounds.ofChannel,
    limit: bounds.limit,
    looked: LOOKED_AT,
  };
  const { rows } = await pipelined(pool, (tx) => {
    // Of all processes one takes at a time, so that the bounds hold; what another took is seen by then.
    const alone = execute(tx, ALONE, {});
    const taken = execute<Row | { account_id: null; pushed: number }>(tx, TAKE, asked);
    return allSent(taken, alone);
  });
  const taken = rows.flatMap((row) => (row.account_id === null ? [] : [toTaken(row)]));
  return { taken, isMore: rows.some((row) => row.account_id === null && row.pushed > 0) };
}

/** Of a channel, at most so many are looked at. */
const LOOKED_AT = 64;

/** With a number of ours, an arbitrary one, of this one use. */
const ALONE = statement(`select pg_advisory_xact_lock(7022176319), ${BY_INDEX}`);

const CHANNEL = 'cell, account_id, mechanism, destination';
const sameChannel = (a: string, b: string): string =>
  `(${a}.cell, ${a}.account_id, ${a}.mechanism, ${a}.destination) = (${b}.cell, ${b}.account_id, ${b}.mechanism, ${b}.destination)`;
const sameAccount = (a: string, b: string): string =>
  `${a}.cell = ${b}.cell and ${a}.account_id = ${b}.account_id`;
const IS_FREE = '(taken_until is null or taken_until <= :now)';

/**
 * `places`: channels for which something waits, found by leaps through the index. Of each the first due ones are looked at. What
 * is behind another of its subject waits with that one, a term at least, so that it is not looked at again and again: the end of
 * that one makes it due. Conditions and orders are
 * those of an index, column by column: another would be gone through to its end.
 */
const TAKE = statement(`
  with recursive places as (
    (select ${CHANNEL} from alert_deliveries
      where ${inCells('alert_deliveries')} and due_at is not null order by ${CHANNEL} limit 1)
    union all
    select next.* from places cross join lateral (
      select ${CHANNEL} from alert_deliveries as one
       where ${inCells('one')} and due_at is not null
         and (one.cell, one.account_id, one.mechanism, one.destination)
           > (places.cell, places.account_id, places.mechanism, places.destination)
       order by ${CHANNEL} limit 1) as next),
  busy as materialized (
    select ${CHANNEL}, subject, number from alert_deliveries
     where ${inCells('alert_deliveries')} and taken_until > :now),
  looked as materialized (
    select places.*, due.number, due.subject, due.due_at,
        case when head.number < due.number
             then greatest(head.due_at, :until::timestamptz) end as waits_until,
        exists (select from busy where ${sameChannel('busy', 'places')} and busy.subject = due.subject) as is_busy
      from places cross join lateral (
        select number, subject, due_at from alert_deliveries as waiting
         where ${inCells('waiting')} and ${sameAccount('waiting', 'places')} and due_at is not null
           and (mechanism, destination, due_at) >= (places.mechanism, places.destination, '-infinity'::timestamptz)
           and (mechanism, destination, due_at) <= (places.mechanism, places.destination, :now::timestamptz) and ${IS_FREE}
         order by mechanism, destination, due_at limit :looked::int) as due
      cross join lateral (
        select number, due_at from alert_deliveries as first
         where ${inCells('first')} and ${sameAccount('first', 'places')} and due_at is not null
           and (mechanism, destination, subject, number) >= (places.mechanism, places.destination, due.subject, 0::bigint)
         order by mechanism, destination, subject, number limit 1) as head
     where (select count(*) from busy where ${sameChannel('busy', 'places')}) < :of_channel::int),
  in_turn as (
    select looked.*, row_number() over (partition by ${CHANNEL} order by due_at, number)
        + (select count(*) from busy where ${sameChannel('busy', 'looked')}) as of_channel
      from looked where waits_until is null and not is_busy),
  in_account as (
    select in_turn.*, row_number() over (partition by cell, account_id order by of_channel, due_at, number)
        + (select count(*) from busy where (busy.cell, busy.account_id) = (in_turn.cell, in_turn.account_id)) as of_account
      from in_turn where of_channel <= :of_channel::int),
  chosen as (
    select cell, account_id, number from in_account where of_account <= :of_account::int
     order by of_account, due_at limit :limit::int),
  pushed as (
    update alert_deliveries as one set due_at = coalesce(waits_until, :until::timestamptz)
      from (select * from looked where waits_until is not null or is_busy limit ${LOOKED_AT}) as looked
     where ${inCells('one')}
       and (one.cell, one.account_id, one.number) = (looked.cell, looked.account_id, looked.number)
       and one.ended_on is null and one.due_at is not distinct from looked.due_at
    returning 1),
  taken as (
    update alert_deliveries as one set taken_until = :until
      from chosen
     where ${inCells('one')} and (one.cell, one.account_id, one.number) = (chosen.cell, chosen.account_id, chosen.number)
       and one.ended_on is null and (one.taken_until is null or one.taken_until <= :now)
    returning one.*)
  select account_id, number, id, policy_id, policy_name, alert_type, mechanism, destination, subject, body, made_on,
         attempts, tried_on, taken_until, policy_id = '' or exists (
           select from alert_policies as policy
            where policy.cell = taken.cell and policy.account_id = taken.account_id and policy.id = taken.policy_id
              and policy.is_enabled) as is_wanted, 0::bigint as pushed
    from taken
  union all
  select null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, count(*) from pushed`);
