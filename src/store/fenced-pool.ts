import pg from 'pg';
import { ServerFence, type ServerRole, toRole } from './server-role.ts';
import { unavailable, unreachable } from './unavailable.ts';

/** Takes a connection, or says why there is none. */
type OnConnection = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  release: (error?: unknown) => void,
) => void;

/** Longest that a server may take to say what it is, in milliseconds. */
const ROLE_MS = 10_000;
/** However long nothing is wrong: an address may lead elsewhere by now. */
const LONGEST_LIFE_S = 120;

/**
 * A pool of which no connection is used at a server that the address does not lead to any more. Each says where it is before
 * anybody is given it; as soon as one finds another server there, those at the earlier one are closed.
 */
export class FencedPool extends pg.Pool {
  readonly fence = new ServerFence();
  readonly #epochs = new WeakMap<pg.ClientBase, number>();

  constructor(config: pg.PoolConfig) {
    super({
      maxLifetimeSeconds: LONGEST_LIFE_S,
      ...config,
      verify: (client, done) => void this.#verify(client, done),
    });
    this.on('release', (error) => this.fence.note(error));
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: OnConnection): void;
  override connect(callback?: OnConnection): Promise<pg.PoolClient> | void {
    if (callback) return this.#give(callback);
    const { promise, resolve, reject } = Promise.withResolvers<pg.PoolClient>();
    this.#give((error, client) => (client ? resolve(client) : reject(error)));
    return promise;
  }

  /** Whether the address led to another server since a connection was opened. */
  isOutdated(client: pg.ClientBase): boolean {
    return this.#epochs.get(client) !== this.fence.epoch;
  }

  /** Asks over a connection of its own, which is opened for it, to where the address leads now. Throws `database_unavailable`. */
  async askAnew<T>(ask: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client(this.options);
    // Heard by whoever asks.
    client.on('error', () => undefined);
    try {
      await client.connect();
      this.fence.enter(await roleAt(client, this.fence));
      return await ask(client);
    } catch (error) {
      throw this.fence.note(error) ?? unreachable(error);
    } finally {
      client.end().catch(() => undefined);
    }
  }

  #give(callback: OnConnection): void {
    super.connect((error, client, release) => {
      if (error || !client) return callback(this.#untold(error), undefined, release);
      if (!this.isOutdated(client)) return callback(undefined, client, release);
      client.release(true);
      return this.#give(callback);
    });
  }

  #untold(error: unknown): Error {
    return this.fence.note(error) ?? this.fence.note(unreachable(error)) ?? unavailable('no connection');
  }

  async #verify(client: pg.ClientBase, done: (error?: Error) => void): Promise<void> {
    let wrong: Error | undefined;
    try {
      const role = await roleAt(client, this.fence);
      this.#epochs.set(client, this.fence.enter(role));
    } catch (error) {
      wrong = unreachable(error);
    }
    done(wrong);
  }
}

/** The role of the server that a new connection is at. Throws what the server says. */
export async function roleAt(client: pg.ClientBase, fence: ServerFence): Promise<ServerRole> {
  const { statement } = fence;
  try {
    const query = { text: statement.text, query_timeout: ROLE_MS };
    const { rows } = await client.query<{ role: string }>(query);
    return toRole(rows[0]?.role ?? '');
  } catch (error) {
    // Not every PostgreSQL that is sold as one says where its log is.
    const isRefused = error instanceof pg.DatabaseError && /^(?:0A|42|55)/.test(error.code ?? '');
    if (isRefused && (fence.statement !== statement || fence.askLess())) return roleAt(client, fence);
    throw error;
  }
}
