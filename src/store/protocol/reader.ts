/**
 * Reads rows as the bytes that PostgreSQL sends, for lists that pass them on: `pg` makes a string of every value. A few
 * connections beside the pool's, each with many questions under way at once. The front file of this folder.
 */
import type pg from 'pg';
import type { Statement } from '../statement.ts';
import { isMixedUp, type Pool } from '../store.ts';
import { type OnRow, ProtocolConnection } from './connection.ts';
import type { Text } from './messages-out.ts';

/** Values of a statement's parameters as PostgreSQL's text, by name. */
export type Texts = Readonly<Record<string, Text>>;

/** A place for one connection. */
interface Seat {
  connection: Promise<ProtocolConnection> | undefined;
  /** Questions under way there. */
  busy: number;
}

export class Reader {
  readonly #config: pg.ClientConfig;
  readonly #seats: readonly Seat[];
  #isNaming = true;
  #isClosed = false;

  /**
   * Reads from the pool's database, over at most `size` connections. They are opened when first needed, and again after
   * they were lost.
   */
  constructor({ options }: Pool, size: number) {
    const { Client: _, ...config } = options;
    // The pool hides them from those who copy or print its options.
    const { password, ssl } = options;
    this.#config = {
      ...config,
      ...(password !== undefined && { password }),
      ...(ssl !== undefined && { ssl }),
    };
    this.#seats = Array.from({ length: size }, () => ({ connection: undefined, busy: 0 }));
  }

  /**
   * Runs a statement that reads; `onRow` gets each row, in bytes that are used again when it returns. Throws what the database says (`stateOf`), or that the connection
   * was lost (`isConnectionLoss`).
   */
  async read(statement: Statement, values: Texts, onRow: OnRow): Promise<void> {
    const texts = statement.parameters.map((name) => values[name] ?? null);
    const seat = this.#seats.reduce((best, one) => (one.busy < best.busy ? one : best));
    seat.busy += 1;
    try {
      const connection = await this.#connectionOf(seat);
      const ask = (isNaming: boolean) => connection.ask(statement, texts, isNaming, onRow);
      await ask(this.#isNaming).catch((error: unknown) => {
        if (!isMixedUp(error)) throw error;
        this.#isNaming = false; // from now on: a pooler is between us and the database. No row came before.
        return ask(false);
      });
    } finally {
      seat.busy -= 1;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const opened = this.#seats.flatMap(({ connection }) => connection ?? []);
    await Promise.all(
      opened.map((one) => one.then((connection) => connection.close()).catch(() => undefined)),
    );
  }

  /** The seat's connection; a new one where there is none, or it was lost. */
  async #connectionOf(seat: Seat): Promise<ProtocolConnection> {
    if (this.#isClosed) throw new Error('Connection terminated: the service stops');
    const opening = (seat.connection ??= ProtocolConnection.open(this.#config));
    try {
      const connection = await opening;
      if (!connection.isLost) return connection;
    } catch (error) {
      if (seat.connection === opening) seat.connection = undefined;
      throw error;
    }
    // Of several that find it lost, the first makes room for another.
    if (seat.connection === opening) seat.connection = undefined;
    return this.#connectionOf(seat);
  }
}
