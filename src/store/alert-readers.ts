/**
 * How far the record of each account was read for its alerts: docs/decisions/0032-alerts.md. A reader without policies
 * sleeps, and goes on from where the record is by then when it is woken.
 */
import { OF_EDGES, OF_PACKS, OF_ZONES } from './alert-events.ts';
import { accountKey, OF_ACCOUNT } from './alert-row.ts';
import { type EventPosition, IN_ORDER, IS_SETTLED, latestPosition } from './pack-events.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { cellOf, inCells } from './zone-key.ts';

/**
 * Has the record of an account be read from now on, in the transaction that makes a policy, or enables one. What is read
 * already goes on; whoever has it in his hands reads that part again, with the policy.
 */
export async function ensureAlertReader(tx: Tx, accountId: string, now: Date): Promise<void> {
  const { position, history } = await latestPosition(tx, accountId);
  await execute(tx, ENSURE, {
    cell: cellOf(accountId),
    account: accountId,
    history,
    xact: position.xact,
    zone: position.zoneId,
    seq: position.seq,
    now,
  });
}

/** When it is due of a reader that sleeps. */
const ASLEEP = "alert_readers.due_at = 'infinity'";
const unlessAwake = (column: string): string =>
  `${column} = case when ${ASLEEP} then excluded.${column} else alert_readers.${column} end`;

/** The claim is raised in any case: whoever found no policy meanwhile does not put it to sleep. */
const ENSURE = statement(`
  insert into alert_readers (cell, account_id, history, xact, zone_id, seq, read_on, due_at)
  values (:cell, :account, :history, :xact, :zone, :seq, :now, :now)
  on conflict (cell, account_id) do update set claim = alert_readers.claim + 1,
    due_at = case when ${ASLEEP} then excluded.due_at else least(alert_readers.due_at, excluded.due_at) end,
    ${['history', 'xact', 'zone_id', 'seq', 'read_on', 'told_from'].map(unlessAwake).join(', ')}`);

/** Has deliveries of an account be numbered that no policy is behind: by a reader that sleeps, where there is none. */
export async function ensureAlertNumbers(tx: Tx, accountId: string, now: Date): Promise<void> {
  await execute(tx, NUMBERS, { ...accountKey(accountId), now });
}

const NUMBERS = statement(`
  insert into alert_readers (cell, account_id, history, xact, zone_id, seq, read_on, due_at)
  values (:cell, :account, '', '0', '', 0, :now, 'infinity')
  on conflict (cell, account_id) do nothing`);

/** A reader in somebody's hands. */
export interface AlertReader {
  readonly accountId: string;
  readonly history: string;
  readonly position: EventPosition;
  readonly readOn: Date;
  /** Another history is gone through: what happened before is passed over. */
  readonly toldFrom: Date | undefined;
  readonly claim: number;
}

interface Row {
  account_id: string;
  history: string;
  xact: string;
  zone_id: string;
  seq: string;
  read_on: Date;
  told_from: Date | null;
  claim: number;
}

const toReader = (row: Row): AlertReader => ({
  accountId: row.account_id,
  history: row.history,
  position: { xact: row.xact, zoneId: row.zone_id, seq: Number(row.seq) },
  readOn: row.read_on,
  toldFrom: row.told_from ?? undefined,
  claim: row.claim,
});

/** Takes readers of accounts in which something happened that was not read, until `until`: by one statement for all. */
export async function takeAlertReaders(
  db: Db,
  what: {
    readonly cells: readonly number[];
    readonly history: string;
    readonly now: Date;
    readonly until: Date;
    readonly limit: number;
  },
): Promise<AlertReader[]> {
  const { rows } = await execute<Row>(db, TAKE, what);
  return rows.map(toReader);
}

/** Columns without a table are those of the record. */
const hasNews = (kind: string): string => `exists (
  select from audit
   where audit.account_id = reader.account_id and ${kind} and ${IS_SETTLED} and xact >= reader.xact::xid8
     and (${IN_ORDER}) > (reader.xact::xid8, reader.zone_id, reader.seq))`;

const TAKE = statement(`
  update alert_readers set due_at = :until, claim = claim + 1
   where ${inCells('alert_readers')} and (cell, account_id) in (
     select cell, account_id
       from alert_readers as reader cross join (select pg_snapshot_xmin(pg_current_snapshot()) as horizon) as now
      where ${inCells('reader')} and due_at <= :now
        and (history <> :history or told_from is not null or ${hasNews(OF_PACKS)} or ${hasNews(OF_ZONES)} or ${hasNews(OF_EDGES)})
      order by due_at limit :limit for update of reader skip locked)
  returning account_id, history, xact, zone_id, seq, read_on, told_from, claim`);

/** Where a reader is afterwards. */
export interface ReaderMove {
  readonly history: string;
  readonly position: EventPosition;
  readonly readOn: Date;
  readonly toldFrom: Date | undefined;
  readonly dueAt: Date;
}

/** Moves a reader on, in the transaction that writes down what is told. False: it is another's by now, and nothing is to be told. */
export async function moveAlertReader(tx: Tx, reader: AlertReader, to: ReaderMove): Promise<boolean> {
  const { rowCount } = await execute(tx, MOVE, {
    ...accountKey(reader.accountId),
    claim: reader.claim,
    history: to.history,
    xact: to.position.xact,
    zone: to.position.zoneId,
    seq: to.position.seq,
    read_on: to.readOn,
    told_from: to.toldFrom,
    due: to.dueAt,
  });
  return rowCount === 1;
}

const MOVE = statement(`
  update alert_readers set history = :history, xact = :xact, zone_id = :zone, seq = :seq, read_on = :read_on,
         told_from = :told_from::timestamptz, due_at = :due
   where ${OF_ACCOUNT} and claim = :claim`);

/** Puts a reader to sleep whose account has no policy. */
export async function sleepAlertReader(db: Db, { accountId, claim }: AlertReader): Promise<void> {
  await execute(db, SLEEP, { ...accountKey(accountId), claim });
}

const SLEEP = statement(
  `update alert_readers set due_at = 'infinity', told_from = null where ${OF_ACCOUNT} and claim = :claim`,
);
