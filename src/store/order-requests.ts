import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { IN_ZONE, zoneKey } from './zone-key.ts';

/** A request to order, as far as its repetition is recognised by it. */
export interface OrderRequest {
  readonly zoneId: string;
  /** Header `Idempotency-Key`, where sent. */
  readonly key?: string;
  readonly bodyHash: Buffer;
}

/** The pack that the same key ordered, and whether its body was the same. */
export async function getByKey(
  db: Db,
  ask: OrderRequest,
): Promise<{ packId: string; isSameBody: boolean } | undefined> {
  const key = { ...zoneKey(ask.zoneId), key: ask.key ?? null };
  const { rows } = await execute<{ pack_id: string; body_hash: Buffer }>(db, BY_KEY, key);
  return rows[0] && { packId: rows[0].pack_id, isSameBody: rows[0].body_hash.equals(ask.bodyHash) };
}

const BY_KEY = statement(
  `select pack_id, body_hash from order_requests where ${IN_ZONE} and idempotency_key = :key`,
);

/** The pack that the same body ordered last, not before `since`. */
export async function getByBody(db: Db, ask: OrderRequest, since: Date): Promise<string | undefined> {
  const body = { ...zoneKey(ask.zoneId), hash: ask.bodyHash, since };
  const { rows } = await execute<{ pack_id: string }>(db, BY_BODY, body);
  return rows[0]?.pack_id;
}

const BY_BODY = statement(`
  select pack_id from order_requests
   where ${IN_ZONE} and body_hash = :hash and made_on >= :since order by made_on desc limit 1`);

/** Remembers which pack a request ordered. Fails with SQLSTATE 23505 where the same key was first elsewhere. */
export async function putOrderRequest(tx: Tx, ask: OrderRequest, packId: string, now: Date): Promise<void> {
  const { zoneId, key, bodyHash: hash } = ask;
  await execute(tx, PUT, { ...zoneKey(zoneId), key, hash, pack: packId, now });
}

const PUT = statement(`
  insert into order_requests (cell, zone_id, idempotency_key, body_hash, pack_id, made_on)
  values (:cell, :zone, :key, :hash, :pack, :now)`);

/** Forgets requests made before `instant`. */
export async function purgeOrderRequests(db: Db, instant: Date): Promise<void> {
  await db.query('delete from order_requests where made_on < $1', [instant]);
}
