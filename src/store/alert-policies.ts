/** Policies of alerts: who is told of what. */
import type { AlertFilters } from '../pack/alert-types.ts';
import { type AlertKey, accountKey, alertKey, OF_ACCOUNT, THIS } from './alert-row.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';

/** Kinds of channels, as policies call them. */
export const MECHANISMS = ['email', 'pagerduty', 'webhooks'] as const;
export type Mechanism = (typeof MECHANISMS)[number];

/** Who is told, by kind of channel: ids of webhooks and of PagerDuty's services, mail addresses. */
export type Mechanisms = Readonly<Partial<Record<Mechanism, readonly { readonly id: string }[]>>>;

/** A policy as its row has it. */
export interface AlertPolicy extends AlertKey {
  readonly name: string;
  readonly description: string;
  /** A row of `ALERT_TYPES`, unless an older version of this program knew another. */
  readonly alertType: string;
  readonly isEnabled: boolean;
  readonly mechanisms: Mechanisms;
  readonly filters: AlertFilters;
  /** As the client gave it, a number and its unit: `30m`. Undefined: there is none. */
  readonly alertInterval: string | undefined;
  readonly createdOn: Date;
  readonly modifiedOn: Date;
}

interface Row {
  id: string;
  account_id: string;
  name: string;
  description: string;
  alert_type: string;
  is_enabled: boolean;
  mechanisms: Mechanisms;
  filters: AlertFilters;
  alert_interval: string | null;
  created_on: Date;
  modified_on: Date;
}

const COLUMNS = `id, account_id, name, description, alert_type, is_enabled, mechanisms, filters, alert_interval, created_on,
  modified_on`;

const toPolicy = (row: Row): AlertPolicy => ({
  id: row.id,
  accountId: row.account_id,
  name: row.name,
  description: row.description,
  alertType: row.alert_type,
  isEnabled: row.is_enabled,
  mechanisms: row.mechanisms,
  filters: row.filters,
  alertInterval: row.alert_interval ?? undefined,
  createdOn: row.created_on,
  modifiedOn: row.modified_on,
});

const valuesOf = (policy: AlertPolicy) => ({
  ...alertKey(policy),
  name: policy.name,
  description: policy.description,
  type: policy.alertType,
  is_enabled: policy.isEnabled,
  mechanisms: JSON.stringify(policy.mechanisms),
  filters: JSON.stringify(policy.filters),
  interval: policy.alertInterval ?? null,
  created: policy.createdOn,
  modified: policy.modifiedOn,
});

/** Stores a new policy. */
export async function insertAlertPolicy(tx: Tx, policy: AlertPolicy): Promise<void> {
  await execute(tx, INSERT, valuesOf(policy));
}

const INSERT = statement(`
  insert into alert_policies (cell, account_id, id, name, description, alert_type, is_enabled, mechanisms, filters,
    alert_interval, created_on, modified_on)
  values (:cell, :account, :id, :name, :description, :type, :is_enabled, :mechanisms, :filters, :interval, :created,
    :modified)`);

/** Puts a policy in the place of the one with its id. */
export async function replaceAlertPolicy(tx: Tx, policy: AlertPolicy): Promise<void> {
  await execute(tx, REPLACE, valuesOf(policy));
}

const REPLACE = statement(`
  update alert_policies set name = :name, description = :description, alert_type = :type, is_enabled = :is_enabled,
         mechanisms = :mechanisms, filters = :filters, alert_interval = :interval, modified_on = :modified
   where ${THIS}`);

/** Removes a policy, and its silences with it. */
export async function deleteAlertPolicy(tx: Tx, key: AlertKey): Promise<void> {
  await execute(tx, DELETE, alertKey(key));
}

const DELETE = statement(`delete from alert_policies where ${THIS}`);

/** A policy of an account, or undefined. */
export async function getAlertPolicy(db: Db, key: AlertKey): Promise<AlertPolicy | undefined> {
  const { rows } = await execute<Row>(db, GET, alertKey(key));
  return rows[0] && toPolicy(rows[0]);
}

const GET = statement(`select ${COLUMNS} from alert_policies where ${THIS}`);

/** All policies of an account, the oldest first: there are few (`MOST_POLICIES`). */
export async function listAlertPolicies(db: Db, accountId: string): Promise<AlertPolicy[]> {
  const { rows } = await execute<Row>(db, LIST, accountKey(accountId));
  return rows.map(toPolicy);
}

const LIST = statement(`select ${COLUMNS} from alert_policies where ${OF_ACCOUNT} order by created_on, id`);
