/** What is to be told, as it is stored in the first place; and what becomes of it in the end. */
import type { AlertBody } from '../pack/alert-body.ts';
import type { AlertChannel } from './alert-deliveries.ts';
import { accountKey, OF_ACCOUNT } from './alert-row.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';

/** Something that is to be told. */
export interface NewDelivery extends AlertChannel {
  readonly id: string;
  readonly policyId: string;
  readonly policyName: string;
  readonly alertType: string;
  /** What it is of: order is kept within it. */
  readonly subject: string;
  /** What a channel is told once. */
  readonly once: string;
  readonly body: AlertBody;
  readonly isSilenced: boolean;
  /** Before that it is not sent, and may be cancelled. */
  readonly notBefore: Date;
}

/** Stores what is to be told, in the transaction that moves the reader, and in its order. What a channel was told already is left out. */
export async function insertDeliveries(
  tx: Tx,
  accountId: string,
  news: readonly NewDelivery[],
  now: Date,
): Promise<void> {
  if (news.length === 0) return;
  const rows = news.map((one) => ({
    id: one.id,
    policy_id: one.policyId,
    policy_name: one.policyName,
    alert_type: one.alertType,
    mechanism: one.mechanism,
    destination: one.destination,
    subject: one.subject,
    once: one.once,
    body: one.body,
    status: one.isSilenced ? 'silenced' : 'queued',
    due_at: one.isSilenced ? null : one.notBefore,
  }));
  await execute(tx, INSERT, {
    ...accountKey(accountId),
    rows: JSON.stringify(rows),
    count: rows.length,
    now,
  });
}

/** The reader's row is locked by then: numbers are in the order of commits. */
const INSERT = statement(`
  with numbered as (
    update alert_readers set deliveries = deliveries + :count::int where ${OF_ACCOUNT}
    returning deliveries - :count::int as before)
  insert into alert_deliveries (cell, account_id, number, id, policy_id, policy_name, alert_type, mechanism, destination,
    subject, once, body, made_on, status, due_at, ended_on)
  select :cell, :account, before + i, one.id, one.policy_id, one.policy_name, one.alert_type, one.mechanism,
         one.destination, one.subject, one.once, one.body, :now, one.status, one.due_at,
         case when one.due_at is null then :now::timestamptz end
    from numbered, rows from (jsonb_to_recordset(:rows::jsonb) as (id text, policy_id text, policy_name text,
           alert_type text, mechanism text, destination text, subject text, once text, body jsonb, status text,
           due_at timestamptz)) with ordinality as one (id, policy_id, policy_name, alert_type, mechanism, destination,
           subject, once, body, status, due_at, i)
  on conflict (cell, account_id, mechanism, destination, once) do nothing`);

/** Forgets deliveries that ended before `instant`. */
export async function purgeDeliveries(db: Db, instant: Date): Promise<void> {
  await db.query('delete from alert_deliveries where ended_on < $1', [instant]);
}

/** What waits, and what is dead, of the whole installation. */
export interface DeliveryCounts {
  readonly queued: number;
  readonly dead: number;
  /** Since when the one is due that waits longest; undefined: none does. */
  readonly dueSince: Date | undefined;
}

/** More than that are not counted. */
const MOST_COUNTED = 100_000;

/** Counts deliveries, each at most to `MOST_COUNTED`. */
export async function countDeliveries(db: Db, now: Date): Promise<DeliveryCounts> {
  const { rows } = await db.query<{ queued: number; dead: number; due_since: Date | null }>(
    `select (select count(*)::int from (
               select from alert_deliveries where due_at is not null limit ${MOST_COUNTED}) as counted) as queued,
            (select count(*)::int from (
               select from alert_deliveries where status = 'dead' limit ${MOST_COUNTED}) as counted) as dead,
            (select min(due_at) from (
               select due_at from alert_deliveries
                where due_at <= $1 and taken_until is null limit ${MOST_COUNTED}) as counted) as due_since`,
    [now],
  );
  const [row] = rows;
  return { queued: row?.queued ?? 0, dead: row?.dead ?? 0, dueSince: row?.due_since ?? undefined };
}
