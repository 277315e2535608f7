/** What each channel was told last, until that is over; and messages that were not sent yet and have become another. */
import type { AlertBody } from '../pack/alert-body.ts';
import type { AlertChannel } from './alert-deliveries.ts';
import { accountKey, OF_ACCOUNT } from './alert-row.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';

/** What of a channel is told of: a subject. */
export type Lane = AlertChannel & { readonly subject: string };

/** A condition on rows of lanes. The names are those of columns. */
const OF_LANES = `(mechanism, destination, subject) in (
    select mechanism, destination, subject
      from jsonb_to_recordset(:lanes::jsonb) as lane (mechanism text, destination text, subject text))`;

/** Something that a channel was told of a subject. */
export interface Told extends AlertChannel {
  readonly subject: string;
  readonly event: string;
  readonly isProblem: boolean;
  readonly toldOn: Date;
}

interface Row {
  mechanism: AlertChannel['mechanism'];
  destination: string;
  subject: string;
  event: string;
  is_problem: boolean;
  told_on: Date;
}

/** What channels of an account were told of some subjects. */
export async function listTold(tx: Tx, accountId: string, subjects: readonly string[]): Promise<Told[]> {
  const { rows } = await execute<Row>(tx, LIST, { ...accountKey(accountId), subjects });
  return rows.map((row) => ({
    mechanism: row.mechanism,
    destination: row.destination,
    subject: row.subject,
    event: row.event,
    isProblem: row.is_problem,
    toldOn: row.told_on,
  }));
}

const COLUMNS = 'mechanism, destination, subject, event, is_problem, told_on';
const LIST = statement(
  `select ${COLUMNS} from alert_told where ${OF_ACCOUNT} and subject = any(:subjects::text[])`,
);

/** Notes what channels are told now; `over`: of whose subjects nothing is left that was told before. */
export async function putTold(
  tx: Tx,
  accountId: string,
  { told, over }: { readonly told: readonly Told[]; readonly over: readonly Lane[] },
): Promise<void> {
  const key = accountKey(accountId);
  if (over.length > 0) await execute(tx, REMOVE, { ...key, lanes: JSON.stringify(over) });
  if (told.length === 0) return;
  const rows = told.map((one) => ({ ...one, is_problem: one.isProblem, told_on: one.toldOn }));
  await execute(tx, PUT, { ...key, rows: JSON.stringify(rows) });
}

const REMOVE = statement(`delete from alert_told where ${OF_ACCOUNT} and ${OF_LANES}`);

const PUT = statement(`
  insert into alert_told (cell, account_id, ${COLUMNS})
  select distinct on (mechanism, destination, subject, event) :cell::smallint, :account, ${COLUMNS}
    from jsonb_to_recordset(:rows::jsonb) as one (mechanism text, destination text, subject text, event text,
           is_problem boolean, told_on timestamptz)
   order by mechanism, destination, subject, event, told_on desc
  on conflict (cell, account_id, mechanism, destination, subject, event) do update set told_on = excluded.told_on`);

/** Cancels what was to be told only if nothing else came: of one kind of event, and not tried yet. */
export async function cancelHeld(
  tx: Tx,
  accountId: string,
  what: {
    readonly lanes: readonly Lane[];
    readonly event: string;
    readonly problem: string;
    readonly now: Date;
  },
): Promise<void> {
  const { lanes, ...values } = what;
  if (lanes.length === 0) return;
  await execute(tx, CANCEL, { ...accountKey(accountId), ...values, lanes: JSON.stringify(lanes) });
}

const CANCEL = statement(`
  update alert_deliveries set status = 'cancelled', problem = :problem, due_at = null, ended_on = :now
   where ${OF_ACCOUNT} and due_at is not null and ${OF_LANES} and attempts = 0 and taken_until is null
     and body ->> 'event' = :event`);

/** How many messages each channel got of late, of those with the highest numbers. */
export interface RecentCount extends AlertChannel {
  readonly count: number;
}

/** Of how many of the last messages of an account it is looked at when they were made. */
const RECENT = 2_000;

export async function countRecent(tx: Tx, accountId: string, since: Date): Promise<RecentCount[]> {
  const { rows } = await execute<{ mechanism: AlertChannel['mechanism']; destination: string; n: number }>(
    tx,
    COUNT,
    { ...accountKey(accountId), since },
  );
  return rows.map(({ mechanism, destination, n: count }) => ({ mechanism, destination, count }));
}

const COUNT = statement(`
  select mechanism, destination, count(*)::int as n from (
    select mechanism, destination, made_on, status from alert_deliveries
     where ${OF_ACCOUNT} order by number desc limit ${RECENT}) as last
   where made_on > :since and status <> 'silenced' group by 1, 2`);

/** A digest that is not sent yet. */
export interface OpenDigest extends AlertChannel {
  readonly number: number;
  readonly policyId: string;
  readonly body: AlertBody;
}

/** Digests that can be added to, locked until the transaction ends. */
export async function lockOpenDigests(
  tx: Tx,
  accountId: string,
  lanes: readonly Lane[],
): Promise<OpenDigest[]> {
  const { rows } = await execute<{
    mechanism: AlertChannel['mechanism'];
    destination: string;
    number: string;
    policy_id: string;
    body: AlertBody;
  }>(tx, DIGESTS, { ...accountKey(accountId), lanes: JSON.stringify(lanes) });
  return rows.map(({ mechanism, destination, number, policy_id: policyId, body }) => ({
    mechanism,
    destination,
    number: Number(number),
    policyId,
    body,
  }));
}

/** What a digest is of, beside its channel. */
export const digestSubject = (policyId: string): string => `digest ${policyId}`;

const DIGESTS = statement(`
  select mechanism, destination, number, policy_id, body from alert_deliveries
   where ${OF_ACCOUNT} and due_at is not null and ${OF_LANES} and attempts = 0 and taken_until is null
   order by number for no key update`);

/** Puts what was added into a digest. */
export async function putDigest(tx: Tx, accountId: string, number: number, body: AlertBody): Promise<void> {
  await execute(tx, PUT_DIGEST, { ...accountKey(accountId), number, body: JSON.stringify(body) });
}

const PUT_DIGEST = statement(
  `update alert_deliveries set body = :body::jsonb where ${OF_ACCOUNT} and number = :number`,
);

/** Forgets what was told before `instant`. */
export async function purgeTold(db: Db, instant: Date): Promise<void> {
  await db.query('delete from alert_told where told_on < $1', [instant]);
}
