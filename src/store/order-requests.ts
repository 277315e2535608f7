import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';

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
  const { rows } = await db.query<{ pack_id: string; body_hash: Buffer }>(
    `select pack_id, body_hash from order_requests
      where zone_id = $1 and idempotency_key = $2`,
    [ask.zoneId, ask.key ?? null],
  );
  return rows[0] && { packId: rows[0].pack_id, isSameBody: rows[0].body_hash.equals(ask.bodyHash) };
}

/** The pack that the same body ordered last, not before `since`. */
export async function getByBody(db: Db, ask: OrderRequest, since: Date): Promise<string | undefined> {
  const { rows } = await db.query<{ pack_id: string }>(
    `select pack_id from order_requests
      where zone_id = $1 and body_hash = $2 and made_on >= $3
      order by made_on desc limit 1`,
    [ask.zoneId, ask.bodyHash, since],
  );
  return rows[0]?.pack_id;
}

/** Remembers which pack a request ordered. Fails with SQLSTATE 23505 where the same key was first elsewhere. */
export async function putOrderRequest(tx: Tx, ask: OrderRequest, packId: string, now: Date): Promise<void> {
  const { zoneId: zone, key, bodyHash: hash } = ask;
  await execute(tx, PUT, { zone, key, hash, pack: packId, now });
}

const PUT = statement(`
  insert into order_requests (zone_id, idempotency_key, body_hash, pack_id, made_on)
  values (:zone, :key, :hash, :pack, :now)`);

/** Forgets requests made before `instant`. */
export async function purgeOrderRequests(db: Db, instant: Date): Promise<void> {
  await db.query('delete from order_requests where made_on < $1', [instant]);
}
