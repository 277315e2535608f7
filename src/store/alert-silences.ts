/** Times in which a policy of alerts tells nobody. */
import { type AlertKey, accountKey, alertKey, OF_ACCOUNT, THIS } from './alert-row.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';

/** A silence: of one policy, from its start on and before its end. */
export interface AlertSilence extends AlertKey {
  readonly policyId: string;
  readonly startsOn: Date;
  readonly endsOn: Date;
  readonly createdOn: Date;
  readonly updatedOn: Date;
}

interface Row {
  id: string;
  account_id: string;
  policy_id: string;
  starts_on: Date;
  ends_on: Date;
  created_on: Date;
  updated_on: Date;
}

const COLUMNS = 'id, account_id, policy_id, starts_on, ends_on, created_on, updated_on';

const toSilence = (row: Row): AlertSilence => ({
  id: row.id,
  accountId: row.account_id,
  policyId: row.policy_id,
  startsOn: row.starts_on,
  endsOn: row.ends_on,
  createdOn: row.created_on,
  updatedOn: row.updated_on,
});

/** Stores a new silence of a policy that is there. */
export async function insertAlertSilence(tx: Tx, silence: AlertSilence): Promise<void> {
  await execute(tx, INSERT, {
    ...alertKey(silence),
    policy: silence.policyId,
    starts: silence.startsOn,
    ends: silence.endsOn,
    created: silence.createdOn,
    updated: silence.updatedOn,
  });
}

const INSERT = statement(`
  insert into alert_silences (cell, account_id, id, policy_id, starts_on, ends_on, created_on, updated_on)
  values (:cell, :account, :id, :policy, :starts, :ends, :created, :updated)`);

/** Gives a silence other times. */
export async function replaceAlertSilence(tx: Tx, silence: AlertSilence): Promise<void> {
  await execute(tx, REPLACE, {
    ...alertKey(silence),
    starts: silence.startsOn,
    ends: silence.endsOn,
    updated: silence.updatedOn,
  });
}

const REPLACE = statement(
  `update alert_silences set starts_on = :starts, ends_on = :ends, updated_on = :updated where ${THIS}`,
);

/** Removes a silence. */
export async function deleteAlertSilence(tx: Tx, key: AlertKey): Promise<void> {
  await execute(tx, DELETE, alertKey(key));
}

const DELETE = statement(`delete from alert_silences where ${THIS}`);

/** A silence of an account, or undefined. */
export async function getAlertSilence(db: Db, key: AlertKey): Promise<AlertSilence | undefined> {
  const { rows } = await execute<Row>(db, GET, alertKey(key));
  return rows[0] && toSilence(rows[0]);
}

const GET = statement(`select ${COLUMNS} from alert_silences where ${THIS}`);

/** All silences of an account, also those that are over, by their start: there are few (`MOST_SILENCES`). */
export async function listAlertSilences(db: Db, accountId: string): Promise<AlertSilence[]> {
  const { rows } = await execute<Row>(db, LIST, accountKey(accountId));
  return rows.map(toSilence);
}

const LIST = statement(`select ${COLUMNS} from alert_silences where ${OF_ACCOUNT} order by starts_on, id`);

/** Whether a silence tells nobody at that instant. */
export const isSilent = ({ startsOn, endsOn }: AlertSilence, now: Date): boolean =>
  startsOn <= now && now < endsOn;
