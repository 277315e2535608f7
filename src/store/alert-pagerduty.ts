/** Services of PagerDuty that alerts are sent to. */
import { type AlertKey, accountKey, alertKey, OF_ACCOUNT, THIS } from './alert-row.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';

/** A service of PagerDuty, without its key. */
export interface AlertPagerduty extends AlertKey {
  readonly name: string;
  readonly createdOn: Date;
}

interface Row {
  id: string;
  account_id: string;
  name: string;
  created_on: Date;
}

const toPagerduty = (row: Row): AlertPagerduty => ({
  id: row.id,
  accountId: row.account_id,
  name: row.name,
  createdOn: row.created_on,
});

/** Stores a service with its integration key, sealed. */
export async function insertAlertPagerduty(
  tx: Tx,
  one: AlertPagerduty & { readonly key: Buffer },
): Promise<void> {
  await execute(tx, INSERT, { ...alertKey(one), name: one.name, key: one.key, now: one.createdOn });
}

const INSERT = statement(`
  insert into alert_pagerduty (cell, account_id, id, name, key, created_on)
  values (:cell, :account, :id, :name, :key, :now)`);

/** Removes a service. */
export async function deleteAlertPagerduty(tx: Tx, key: AlertKey): Promise<void> {
  await execute(tx, DELETE, alertKey(key));
}

const DELETE = statement(`delete from alert_pagerduty where ${THIS}`);

/** All services of an account, the oldest first: there are few (`MOST_PAGERDUTY`). */
export async function listAlertPagerduty(db: Db, accountId: string): Promise<AlertPagerduty[]> {
  const { rows } = await execute<Row>(db, LIST, accountKey(accountId));
  return rows.map(toPagerduty);
}

const LIST = statement(
  `select id, account_id, name, created_on from alert_pagerduty where ${OF_ACCOUNT} order by created_on, id`,
);

/** The sealed integration key of a service; undefined: there is no such service. */
export async function getPagerdutyKey(db: Db, key: AlertKey): Promise<Buffer | undefined> {
  const { rows } = await execute<{ key: Buffer }>(db, KEY, alertKey(key));
  return rows[0]?.key;
}

const KEY = statement(`select key from alert_pagerduty where ${THIS}`);
