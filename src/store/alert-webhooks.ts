/** Webhooks that alerts are sent to. */
import { type AlertKey, accountKey, alertKey, OF_ACCOUNT, THIS } from './alert-row.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';

/** A webhook, without what is secret of it. */
export interface AlertWebhook extends AlertKey {
  readonly name: string;
  readonly url: string;
  /** Shape of what is sent. */
  readonly kind: string;
  readonly createdOn: Date;
  /** When it was last told something, and when it last could not be; undefined: never. */
  readonly lastSuccessOn: Date | undefined;
  readonly lastFailureOn: Date | undefined;
}

/** What is sealed of a webhook, under the purposes that `src/key/purpose.ts` has for it. */
export interface WebhookSecrets {
  /** What the header cf-webhook-auth says; undefined: there is none. */
  readonly secret: Buffer | undefined;
  /** Key of the HMAC. */
  readonly signingKey: Buffer;
}

export type SealedWebhook = AlertWebhook & WebhookSecrets;

interface Row {
  id: string;
  account_id: string;
  name: string;
  url: string;
  kind: string;
  created_on: Date;
  last_success_on: Date | null;
  last_failure_on: Date | null;
}

interface SealedRow extends Row {
  secret: Buffer | null;
  signing_key: Buffer;
}

const COLUMNS = 'id, account_id, name, url, kind, created_on, last_success_on, last_failure_on';

const toWebhook = (row: Row): AlertWebhook => ({
  id: row.id,
  accountId: row.account_id,
  name: row.name,
  url: row.url,
  kind: row.kind,
  createdOn: row.created_on,
  lastSuccessOn: row.last_success_on ?? undefined,
  lastFailureOn: row.last_failure_on ?? undefined,
});

/** Stores a new webhook. */
export async function insertAlertWebhook(tx: Tx, webhook: SealedWebhook): Promise<void> {
  await execute(tx, INSERT, {
    ...alertKey(webhook),
    name: webhook.name,
    url: webhook.url,
    kind: webhook.kind,
    secret: webhook.secret ?? null,
    signing_key: webhook.signingKey,
    now: webhook.createdOn,
  });
}

const INSERT = statement(`
  insert into alert_webhooks (cell, account_id, id, name, url, kind, secret, signing_key, created_on)
  values (:cell, :account, :id, :name, :url, :kind, :secret, :signing_key, :now)`);

/** Puts a webhook in the place of the one with its id; when it was told what stays. */
export async function replaceAlertWebhook(tx: Tx, webhook: SealedWebhook): Promise<void> {
  await execute(tx, REPLACE, {
    ...alertKey(webhook),
    name: webhook.name,
    url: webhook.url,
    kind: webhook.kind,
    secret: webhook.secret ?? null,
    signing_key: webhook.signingKey,
  });
}

const REPLACE = statement(`
  update alert_webhooks set name = :name, url = :url, kind = :kind, secret = :secret, signing_key = :signing_key
   where ${THIS}`);

/** Removes a webhook. */
export async function deleteAlertWebhook(tx: Tx, key: AlertKey): Promise<void> {
  await execute(tx, DELETE, alertKey(key));
}

const DELETE = statement(`delete from alert_webhooks where ${THIS}`);

/** A webhook of an account, or undefined. */
export async function getAlertWebhook(db: Db, key: AlertKey): Promise<AlertWebhook | undefined> {
  const { rows } = await execute<Row>(db, GET, alertKey(key));
  return rows[0] && toWebhook(rows[0]);
}

const GET = statement(`select ${COLUMNS} from alert_webhooks where ${THIS}`);

/** The same with what is sealed of it: for whoever sends, and for changes, which lock it. */
export async function getSealedWebhook(
  db: Db,
  key: AlertKey,
  lock: 'locked' | 'as it is' = 'as it is',
): Promise<SealedWebhook | undefined> {
  const { rows } = await execute<SealedRow>(db, lock === 'locked' ? LOCK : GET_SEALED, alertKey(key));
  const [row] = rows;
  return row && { ...toWebhook(row), secret: row.secret ?? undefined, signingKey: row.signing_key };
}

const sealed = (lock: string) =>
  statement(`select ${COLUMNS}, secret, signing_key from alert_webhooks where ${THIS} ${lock}`);
const GET_SEALED = sealed('');
const LOCK = sealed('for no key update');

/** All webhooks of an account, the oldest first: there are few (`MOST_WEBHOOKS`). */
export async function listAlertWebhooks(db: Db, accountId: string): Promise<AlertWebhook[]> {
  const { rows } = await execute<Row>(db, LIST, accountKey(accountId));
  return rows.map(toWebhook);
}

const LIST = statement(`select ${COLUMNS} from alert_webhooks where ${OF_ACCOUNT} order by created_on, id`);

/** Notes that a webhook was told something, or could not be. */
export async function noteWebhookUse(
  db: Db,
  key: AlertKey,
  { on, isSuccess }: { readonly on: Date; readonly isSuccess: boolean },
): Promise<void> {
  await execute(db, isSuccess ? NOTE_SUCCESS : NOTE_FAILURE, { ...alertKey(key), on });
}

const noting = (column: string) =>
  statement(`
    update alert_webhooks set ${column} = :on::timestamptz
     where ${THIS} and coalesce(${column} < :on::timestamptz, true)`);
const NOTE_SUCCESS = noting('last_success_on');
const NOTE_FAILURE = noting('last_failure_on');
