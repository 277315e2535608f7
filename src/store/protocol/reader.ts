/**
 * Reads rows as the bytes that PostgreSQL sends, for lists that pass them on: `pg` makes a string of every value. A few
 * connections beside the pool's, each with many questions under way at once. The front file of this folder.
 */
import type pg from 'pg';
import { FencedPool } from '../fenced-pool.ts';
import { ServerFence } from '../server-role.ts';
import type { Statement } from '../statement.ts';
import { isMixedUp, type Pool } from '../store.ts';
import { unreachable } from '../unavailable.ts';
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

/** How long, in milliseconds, a connection is used, however well it works: its address may lead elsewhere by now. */
const LONGEST_LIFE_MS = 60_000;
/** How often a question is asked elsewhere because its server was left. */
const MOST_TRIES = 3;

export class Reader {
  readonly #config: pg.ClientConfig;
  readonly #fence: ServerFence;
  readonly #seats: readonly Seat[];
  #isNaming = true;
  #isClosed = false;

  /**
   * Reads from the pool's database, over at most `size` connections. They are opened when first needed, and again after
   * they were lost.
   */
  constructor(pool: Pool, size: number) {
    const { options } = pool;
    this.#fence = pool instanceof FencedPool ? pool.fence : new ServerFence();
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

  /** The history that is read now (`ServerFence`): what was kept of another is of no use. */
  get era(): string {
    return this.#fence.era;
  }

  /**
   * Runs a statement that reads; `onRow` gets each row, in bytes that are used again when it returns. Throws what the database
   * says (`stateOf`), or that it cannot answer now (`unavailability`).
   */
  async read(statement: Statement, values: Texts, onRow: OnRow): Promise<void> {
    const texts = statement.parameters.map((name) => values[name] ?? null);
    const seat = this.#seats.reduce((best, one) => (one.busy < best.busy ? one : best));
    seat.busy += 1;
    try {
      await this.#ask(seat, { statement, texts, onRow }, MOST_TRIES);
    } catch (error) {
      this.#fence.note(error);
      throw error;
    } finally {
      seat.busy -= 1;
    }
  }

  async #ask(seat: Seat, asked: Question, tries: number): Promise<void> {
    const { statement, texts, onRow } = asked;
    const connection = await this.#connectionOf(seat);
    const ask = (isNaming: boolean) => connection.ask(statement, texts, isNaming, onRow);
    try {
      await ask(this.#isNaming);
    } catch (error) {
      if (connection.isLeft && tries > 1) return this.#ask(seat, asked, tries - 1);
      if (!isMixedUp(error)) throw error;
      this.#isNaming = false; // from now on: a pooler is between us and the database. No row came before.
      await ask(false);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const opened = this.#seats.flatMap(({ connection }) => connection ?? []);
    await Promise.all(
      opened.map((one) => one.then((connection) => connection.close()).catch(() => undefined)),
    );
  }

  /** The seat's connection; a new one where there is none, it was lost, its server was left, or it is old. */
  async #connectionOf(seat: Seat): Promise<ProtocolConnection> {
    if (this.#isClosed) throw new Error('Connection terminated: the service stops');
    const opening = (seat.connection ??= this.#open());
    try {
      const connection = await opening;
      if (isGood(connection)) return connection;
      // Of several that find it so, the first makes room for another.
      if (seat.connection === opening) seat.connection = undefined;
      connection.retire();
    } catch (error) {
      if (seat.connection === opening) seat.connection = undefined;
      throw error;
    }
    return this.#connectionOf(seat);
  }

  #open(): Promise<ProtocolConnection> {
    return ProtocolConnection.open(this.#config, this.#fence).catch((error: unknown) => {
      throw unreachable(error);
    });
  }
}

const isGood = (connection: ProtocolConnection): boolean =>
  !connection.isLost && !connection.isOutdated && performance.now() - connection.openedAt < LONGEST_LIFE_MS;

/** A statement with its values, and who takes its rows. */
interface Question {
  readonly statement: Statement;
  readonly texts: readonly Text[];
  readonly onRow: OnRow;
}
