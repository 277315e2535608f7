/** Requests of an account by which something was made, as far as their repetition is recognised by an Idempotency-Key. */
import { accountKey, OF_ACCOUNT } from './alert-row.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';

/** A request with an Idempotency-Key. */
export interface KeyedRequest {
  readonly accountId: string;
  /** Stands for the key. */
  readonly keyHash: Buffer;
  /** Stands for what is asked for; tells nothing of it to who has no key. */
  readonly bodyMac: Buffer;
}

/** What the same key made; undefined: nothing. */
export async function getMadeBy(
  tx: Tx,
  { accountId, keyHash, bodyMac }: KeyedRequest,
): Promise<{ readonly ids: readonly string[]; readonly isSameBody: boolean } | undefined> {
  const { rows } = await execute<{ ids: string[]; body_mac: Buffer }>(tx, GET, {
    ...accountKey(accountId),
    key_hash: keyHash,
  });
  return rows[0] && { ids: rows[0].ids, isSameBody: rows[0].body_mac.equals(bodyMac) };
}

const GET = statement(
  `select ids, body_mac from account_requests where ${OF_ACCOUNT} and key_hash = :key_hash`,
);

/** Remembers what a request made, in the place of what its key made before. */
export async function putMadeBy(
  tx: Tx,
  { accountId, keyHash: key_hash, bodyMac: body_mac }: KeyedRequest,
  ids: readonly string[],
  now: Date,
): Promise<void> {
  await execute(tx, PUT, { ...accountKey(accountId), key_hash, body_mac, ids, now });
}

const PUT = statement(`
  insert into account_requests (cell, account_id, key_hash, body_mac, ids, made_on)
  values (:cell, :account, :key_hash, :body_mac, :ids, :now)
  on conflict (cell, account_id, key_hash) do update
    set body_mac = excluded.body_mac, ids = excluded.ids, made_on = excluded.made_on`);

/** Forgets requests made before `instant`. */
export async function purgeAccountRequests(db: Db, instant: Date): Promise<void> {
  await execute(db, PURGE, { instant });
}

const PURGE = statement('delete from account_requests where made_on < :instant');
