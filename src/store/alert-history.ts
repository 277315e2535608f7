/** What accounts were told by alerts, and what is still to be told: deliveries, as their owners read them. */
import type { Mechanism } from './alert-policies.ts';
import { type AlertKey, accountKey, alertKey, OF_ACCOUNT, THIS } from './alert-row.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';

export const DELIVERY_STATUSES = ['queued', 'sent', 'dead', 'silenced', 'cancelled'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** What is told, as far as an account reads it again. */
export interface ToldBody {
  readonly event: string;
  readonly title: string;
  readonly text: string;
}

/** One thing that is told by one channel. */
export interface DeliveryRecord extends AlertKey {
  /** Its place among those of its account. */
  readonly number: number;
  readonly policyId: string;
  readonly policyName: string;
  readonly alertType: string;
  readonly mechanism: Mechanism;
  /** Id of a webhook or of a service of PagerDuty, or a mail address. */
  readonly destination: string;
  readonly body: ToldBody;
  readonly madeOn: Date;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  /** Why the last attempt failed. */
  readonly problem: string | undefined;
  /** When it is tried next; undefined: it ended. */
  readonly dueAt: Date | undefined;
  readonly endedOn: Date | undefined;
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
  body: ToldBody;
  made_on: Date;
  status: DeliveryStatus;
  attempts: number;
  problem: string | null;
  due_at: Date | null;
  ended_on: Date | null;
}

const COLUMNS = `account_id, number, id, policy_id, policy_name, alert_type, mechanism, destination, body, made_on, status,
  attempts, problem, due_at, ended_on`;

const toRecord = (row: Row): DeliveryRecord => ({
  accountId: row.account_id,
  number: Number(row.number),
  id: row.id,
  policyId: row.policy_id,
  policyName: row.policy_name,
  alertType: row.alert_type,
  mechanism: row.mechanism,
  destination: row.destination,
  body: row.body,
  madeOn: row.made_on,
  status: row.status,
  attempts: row.attempts,
  problem: row.problem ?? undefined,
  dueAt: row.due_at ?? undefined,
  endedOn: row.ended_on ?? undefined,
});

/** Which of what was told is wanted: newest first, sent at or after `since` and before `before`. */
export interface HistoryAsk {
  readonly since: Date | undefined;
  readonly before: Date | undefined;
  readonly skip: number;
  readonly most: number;
}

/** Most that are counted of a history. */
export const MOST_COUNTED = 10_000;

/** What an account was told, and how much there is of it, `MOST_COUNTED` at most. */
export async function listHistory(
  db: Db,
  accountId: string,
  { since, before, skip, most }: HistoryAsk,
): Promise<{ readonly told: DeliveryRecord[]; readonly total: number }> {
  const values = { ...accountKey(accountId), since, before };
  const { rows } = await execute<Row>(db, HISTORY, { ...values, skip, most });
  const { rows: counted } = await execute<{ n: number }>(db, COUNT, values);
  return { told: rows.map(toRecord), total: counted[0]?.n ?? 0 };
}

const TOLD = `${OF_ACCOUNT} and status = 'sent'
  and (:since::timestamptz is null or ended_on >= :since::timestamptz)
  and (:before::timestamptz is null or ended_on < :before::timestamptz)`;

const HISTORY = statement(`
  select ${COLUMNS} from alert_deliveries where ${TOLD}
   order by ended_on desc, number desc limit :most::int offset :skip::int`);
const COUNT = statement(`
  select count(*)::int as n from (select 1 from alert_deliveries where ${TOLD} limit ${MOST_COUNTED}) as one`);

/** Which deliveries are wanted: the newest first, of one status or of all. */
export interface DeliveryAsk {
  readonly status: DeliveryStatus | undefined;
  /** Number of the last one that was read. */
  readonly after: number | undefined;
  readonly most: number;
}

/** Deliveries of an account. */
export async function listDeliveries(
  db: Db,
  accountId: string,
  { status, after, most }: DeliveryAsk,
): Promise<DeliveryRecord[]> {
  const values = { ...accountKey(accountId), after, most, ...(status && { status }) };
  const { rows } = await execute<Row>(db, status ? OF_STATUS : ALL, values);
  return rows.map(toRecord);
}

const listing = (which: string) =>
  statement(`
    select ${COLUMNS} from alert_deliveries
     where ${OF_ACCOUNT} and ${which} and (:after::bigint is null or number < :after::bigint)
     order by number desc limit :most::int`);
const OF_STATUS = listing('status = :status');
const ALL = listing('true');

/** A delivery of an account, or undefined. */
export async function getDelivery(db: Db, key: AlertKey): Promise<DeliveryRecord | undefined> {
  const { rows } = await execute<Row>(db, GET, alertKey(key));
  return rows[0] && toRecord(rows[0]);
}

const GET = statement(`select ${COLUMNS} from alert_deliveries where ${THIS}`);

/** Has what is dead be tried again, from its first attempt on. Whether it was. */
export async function queueAgain(tx: Tx, key: AlertKey, now: Date): Promise<boolean> {
  const { rowCount } = await execute(tx, AGAIN, { ...alertKey(key), now });
  return rowCount === 1;
}

const AGAIN = statement(`
  update alert_deliveries set status = 'queued', attempts = 0, tried_on = null, due_at = :now, taken_until = null,
         ended_on = null
   where ${THIS} and status = 'dead'`);
