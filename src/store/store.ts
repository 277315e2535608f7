/**
 * PostgreSQL, in plain SQL: one file a table. Nothing here needs session state, so it also works behind
 * pgbouncer in transaction mode. The front file: the pool and transactions.
 */
import { Writable } from 'node:stream';
import pg from 'pg';
import { FencedPool } from './fenced-pool.ts';
import { KeyedMutex } from './keyed-mutex.ts';
import { type Statement, type Values, valuesOf } from './statement.ts';
import { scopeOf, unavailable } from './unavailable.ts';

export type Pool = pg.Pool;
/** A connection inside an open transaction. Only `transaction` hands one out. */
export type Tx = pg.PoolClient;
/** Where a single statement can run. */
export type Db = Pool | Tx;

/**
 * A pool of connections, none of which is waited for without end, and none is used at a server that the address does not lead
 * to any more (`FencedPool`). What breaks while idle is replaced by the pool, so it is only told to `onError`.
 */
export function openPool(config: pg.PoolConfig, onError: (error: Error) => void): FencedPool {
  const pool = new FencedPool({
    connectionTimeoutMillis: 10_000,
    query_timeout: 30_000,
    keepAlive: true,
    pipeline: true,
    ...config,
  });
  pool.on('error', onError);
  // Whoever uses a connection hears of its end by what it asks. Between the pool's hands and his it would end the process:
  // a server that is going away says so in the packet that says it is ready.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** Pools behind which a connection pooler mixes up prepared statements, and their connections. */
const UNNAMED = new WeakSet<Db>();

/**
 * Runs a statement that is prepared once on each connection, where that works. Where a pooler is found to be between, it is
 * run again without; inside a transaction that is for whoever repeats it.
 */
export async function execute<R extends pg.QueryResultRow>(
  db: Db,
  what: Statement,
  values: Values,
): Promise<pg.QueryResult<R>> {
  const query = { text: what.text, values: valuesOf(what, values) };
  if (UNNAMED.has(db)) return db.query<R>(query);
  try {
    return await db.query<R>({ name: what.name, ...query });
  } catch (error) {
    if (!isMixedUp(error) || !(db instanceof pg.Pool)) throw error;
    UNNAMED.add(db);
    return db.query<R>(query);
  }
}

/** SQLSTATEs after which the same transaction can simply be run again. */
const REPEATABLE = ['40001', '40P01'];

/** Whether a prepared statement was not on the connection where it was prepared, or another's was: a pooler is between. */
export const isMixedUp = (error: unknown): boolean => ['26000', '42P05'].includes(stateOf(error));

/**
 * Runs `work` in one transaction: commits its result, or rolls back and rethrows. Deadlocks and serialization
 * failures are run again, so `work` must do nothing but SQL: no network inside a transaction.
 */
export const transaction = <T>(pool: Pool, work: (tx: Tx) => Promise<T>): Promise<T> =>
  repeated(pool, () => once(pool, work));

/**
 * Runs `work` of one statement, which is a transaction of its own: no begin and commit go over the wire, and the zone
 * that it locks is free again before its answer is on the way. Run again as `transaction` is. Those of one zone take
 * turns in this process: where they wait for each other in the database, half of what it does is waking them.
 */
export const autocommit = <T>(pool: Pool, zoneId: string, work: (db: Db) => Promise<T>): Promise<T> =>
  TURNS.run(zoneId, () => repeated(pool, () => work(pool)));

const TURNS = new KeyedMutex();

/** What `attempt` gives, made again where the same statements can simply be run again. */
export async function repeated<T>(db: Db, attempt: () => Promise<T>, tries = 5): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (isMixedUp(error)) UNNAMED.add(db);
    const isRepeatable = isMixedUp(error) || REPEATABLE.includes(stateOf(error));
    if (tries > 1 && isRepeatable) return repeated(db, attempt, tries - 1);
    throw error;
  }
}

/**
 * As `transaction`, for `work` that waits for no statement before it has sent the last: all go out in one write, with the
 * begin and the commit, and wake the database once. `together` waits for them. Only what fails in the database, or before
 * anything is sent, undoes the rest.
 */
export const pipelined = <T>(pool: Pool, work: (tx: Tx) => Promise<T>): Promise<T> =>
  repeated(pool, () => onConnection(pool, (tx) => sendAll(tx, work, () => tx.query(BEGIN))));

/** As `batch`, for `work` that wants to know something first: what `read` finds, which goes out with the begin. */
export const pipelinedAfter = <R, T>(
  pool: Pool,
  read: (tx: Tx) => Promise<R>,
  work: (tx: Tx, found: R) => Promise<T>,
): Promise<T> =>
  repeated(pool, () =>
    onConnection(pool, async (tx) => {
      const begun = tx.query(BEGIN);
      begun.catch(() => undefined);
      const found = await read(tx);
      return sendAll(
        tx,
        (filling) => work(filling, found),
        () => begun,
      );
    }),
  );

async function sendAll<T>(tx: Tx, work: (tx: Tx) => Promise<T>, begin: () => Promise<unknown>): Promise<T> {
  const wire = corked(tx);
  let hasFailed = false;
  const begun = begin();
  // Told below: a connection that is lost by now refuses it before anybody waits for it.
  begun.catch(() => undefined);
  const worked = (async () => work(wire.tx))();
  worked.catch(() => {
    hasFailed = true;
  });
  // Nothing has gone out yet, so what has failed by then did not fail in the database: nobody there knows of it.
  await new Promise<void>((resolve) => void setImmediate(resolve));
  const ended = tx.query(hasFailed ? 'rollback' : 'commit');
  wire.send();
  const [result, start, end] = await Promise.allSettled([worked, begun, ended]);
  // What failed inside is told by the statement that did; a commit of what failed rolls back.
  if (result.status === 'rejected') throw result.reason;
  if (start.status === 'rejected') throw start.reason;
  if (end.status === 'rejected') throw end.reason;
  if (end.value.command === 'COMMIT') return result.value;
  throw new Error('a transaction was rolled back of which every statement succeeded');
}

/** A connection of which nothing goes out until `send`; then its `tx` takes no more. */
function corked(tx: Tx): { readonly tx: Tx; readonly send: () => void } {
  const connection: unknown = Reflect.get(tx, 'connection');
  const stream: unknown = connection instanceof Object ? Reflect.get(connection, 'stream') : undefined;
  const socket = stream instanceof Writable ? stream : undefined;
  socket?.cork();
  let isSent = false;
  const filling = new Proxy(tx, {
    get: (target, name) => {
      if (name === 'query' && isSent)
        throw new Error('all statements of a batch are sent before any is waited for');
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  if (UNNAMED.has(tx)) UNNAMED.add(filling);
  const send = () => {
    isSent = true;
    socket?.uncork();
  };
  return { tx: filling, send };
}

/**
 * Waits for statements that are sent together, and gives what the first came to. Throws what went wrong as soon as it did;
 * what only failed because of that does not count.
 */
export async function allSent<T>(first: Promise<T>, ...others: (Promise<unknown> | false)[]): Promise<T> {
  const failed: unknown[] = [];
  const noted = (error: unknown) => {
    if (!BEHIND_A_FAILURE.includes(stateOf(error))) throw error;
    failed.push(error);
  };
  await Promise.all([first, ...others].map((one) => Promise.resolve(one).catch(noted)));
  if (failed.length > 0) throw failed[0];
  return first;
}

/** SQLSTATEs of a statement behind one that failed, and of one that was to be prepared by a statement behind it. */
const BEHIND_A_FAILURE = ['25P02', '26000'];

const once = <T>(pool: Pool, work: (tx: Tx) => Promise<T>): Promise<T> =>
  onConnection(pool, async (tx) => {
    // Not waited for: it goes out together with the first statement, which fails when this does.
    const begun = tx.query(BEGIN);
    begun.catch(() => undefined);
    const result = await work(tx);
    await begun;
    await tx.query('commit');
    return result;
  });

async function onConnection<T>(pool: Pool, work: (tx: Tx) => Promise<T>): Promise<T> {
  const tx = await pool.connect();
  if (UNNAMED.has(pool)) UNNAMED.add(tx);
  let broken: Error | undefined;
  // A connection that is lost between two statements says so by an event; unheard it would end the process.
  const lose = (error: Error) => {
    broken = error;
  };
  tx.on('error', lose);
  try {
    const result = await work(tx);
    // What was written at a server that was left meanwhile may be nowhere.
    if (isOutdated(pool, tx)) throw unavailable('the server of the database changed meanwhile');
    return result;
  } catch (error) {
    // Such a connection is given up: what hangs would hang once more.
    if (['server', 'means'].includes(scopeOf(error) ?? ''))
      lose(error instanceof Error ? error : new Error('lost', { cause: error }));
    else await tx.query('rollback').catch(lose);
    throw error;
  } finally {
    tx.off('error', lose);
    tx.release(broken);
  }
}

/**
 * A connection that sees the database as it is now, for reading page after page, and what gives it back. Its statements are
 * not prepared: behind a pooler another's may be there already, and what was given out by then cannot be read again.
 */
export async function snapshot(pool: Pool): Promise<[Tx, () => Promise<void>]> {
  const tx = await pool.connect();
  const wasUnnamed = UNNAMED.has(tx);
  UNNAMED.add(tx);
  const end = async () => {
    if (!wasUnnamed) UNNAMED.delete(tx);
    const error = await tx.query('rollback').then(
      () => undefined,
      () => true,
    );
    tx.release(error);
  };
  try {
    await tx.query('begin isolation level repeatable read, read only');
    return [tx, end];
  } catch (error) {
    await end();
    throw error;
  }
}

const isOutdated = (pool: Pool, tx: Tx): boolean => pool instanceof FencedPool && pool.isOutdated(tx);

/** Bounds that hold for this transaction alone, so that they also do behind pgbouncer. */
const BEGIN = "begin; set local lock_timeout = '5s'; set local idle_in_transaction_session_timeout = '30s'";

/** SQLSTATE of a database error, '' for any other. */
export function stateOf(error: unknown): string {
  return error instanceof pg.DatabaseError ? (error.code ?? '') : '';
}
