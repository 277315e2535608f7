/**
 * Which server the address of a database leads to. After a failover old connections live on, at a server that is behind:
 * every connection says at its beginning, and now and then, which server it is at, and none is used that is at another
 * than the one to which the address led last.
 */
import type { Fault } from '../kit/fault.ts';
import { type Statement, statement } from './statement.ts';
import { scopeOf, unavailability, unavailable } from './unavailable.ts';

/** What a server says of itself. */
export interface ServerRole {
  /** The cluster, as copies of it share it. */
  readonly cluster: string;
  /** Raised when a standby is promoted; undefined where it does not say. */
  readonly timeline: number | undefined;
  /** Tells one server from another of the same cluster: when it was started, and where. */
  readonly server: string;
  readonly isStandby: boolean;
  readonly isReadOnly: boolean;
}

const PLACE = `pg_postmaster_start_time()::text, coalesce(inet_server_addr()::text, ''), inet_server_port()`;
const STATE = `pg_is_in_recovery()::int, (current_setting('transaction_read_only') = 'on')::int`;

/** One text, so that it is the same over either protocol. Parts: standby, read-only, timeline, cluster, server. */
const FULL = statement(`
  select concat_ws('|', ${STATE},
           case when pg_is_in_recovery() then '' else left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) end,
           (select system_identifier from pg_control_system()), concat_ws(' ', ${PLACE})) as role`);
/** The same of a server that keeps its log to itself. */
const PLAIN = statement(`select concat_ws('|', ${STATE}, '', '', concat_ws(' ', ${PLACE})) as role`);

/** Reads what a server said to the statement of `roleStatement`. */
export function toRole(text: string): ServerRole {
  const [standby, readOnly, timeline = '', cluster = '', server = ''] = text.split('|');
  return {
    cluster,
    timeline: timeline === '' ? undefined : Number.parseInt(timeline, 16),
    server,
    isStandby: standby === '1',
    isReadOnly: readOnly === '1',
  };
}

/** How long a failure keeps its process from being ready, in milliseconds, unless another follows; and where it is over at once. */
const TROUBLE_MS = 5_000;
const LEAST_TROUBLE_MS = 1_000;

/** A failure of the database. */
interface Failure {
  readonly fault: Fault;
  /** Whether a new connection shows that it is over. */
  readonly isOfServer: boolean;
  readonly at: number;
  isOver: boolean;
}

/** What is known of the server behind one address, shared by all connections to it. */
export class ServerFence {
  #role: ServerRole | undefined;
  #epoch = 1;
  #statement = FULL;
  #failure: Failure | undefined;
  #listeners: ((fault: Fault) => void)[] = [];

  /** Raised when the address leads to another server: connections of an earlier one are not used any more. */
  get epoch(): number {
    return this.#epoch;
  }

  /**
   * Tells the history of this cluster from every other: where a failover lost what was written last, numbers that count changes
   * come again, and stand for something else.
   */
  get era(): string {
    return `${this.#role?.cluster ?? ''} ${this.#role?.timeline ?? ''}`;
  }

  /** Asks a server for its role: one row, one text. */
  get statement(): Statement {
    return this.#statement;
  }

  /** Notes that this server does not answer the whole question; false: it does not answer the plain one either. */
  askLess(): boolean {
    const isLess = this.#statement !== PLAIN;
    this.#statement = PLAIN;
    return isLess;
  }

  /**
   * Takes the role that a connection found at its beginning; its epoch. Throws `database_unavailable` for a standby, and
   * for a server that was left by a failover.
   */
  enter(role: ServerRole): number {
    if (role.isStandby)
      throw unavailable('the address of the database leads to a standby, which takes no writes');
    const known = this.#role;
    if (known && isOlder(role, known))
      throw unavailable(
        'the address of the database leads to a server that another has taken the place of (its timeline is older)',
      );
    // What was opened before the server failed may be at another, or keep what was wrong with it.
    if ((known && !isSame(role, known)) || this.#isBack(role)) this.#epoch += 1;
    this.#role = role;
    return this.#epoch;
  }

  /** Whether a connection is still at the server at which it began, and that one is what it was. */
  isStill(role: ServerRole): boolean {
    const known = this.#role;
    return (
      known !== undefined && isSame(role, known) && role.isReadOnly === known.isReadOnly && !role.isStandby
    );
  }

  /** Whether the server takes no writes, as the last new connection found it. */
  get isReadOnly(): boolean {
    return this.#role?.isReadOnly ?? false;
  }

  /** Takes an error of whatever was asked; where the database cannot answer now, that is told and kept for a while. */
  note(error: unknown): Fault | undefined {
    const fault = unavailability(error);
    const scope = scopeOf(error);
    if (!fault || scope === 'statement') return fault;
    this.#failure = { fault, isOfServer: scope === 'server', at: performance.now(), isOver: false };
    for (const tell of this.#listeners) tell(fault);
    return fault;
  }

  /** The last failure, while it is recent: the process is not ready. */
  get trouble(): Fault | undefined {
    const { fault, at = 0, isOver = true } = this.#failure ?? {};
    return performance.now() - at < (isOver ? LEAST_TROUBLE_MS : TROUBLE_MS) ? fault : undefined;
  }

  /** The same, unless a new connection showed that it is over. */
  get outage(): Fault | undefined {
    return this.#failure?.isOver ? undefined : this.trouble;
  }

  /** Tells each failure to `tell`, until it is stopped. */
  onTrouble(tell: (fault: Fault) => void): { readonly stop: () => void } {
    this.#listeners.push(tell);
    return {
      stop: () => {
        this.#listeners = this.#listeners.filter((one) => one !== tell);
      },
    };
  }

  /** Whether a server that failed is there again, as a connection shows that was opened since. */
  #isBack({ isReadOnly }: ServerRole): boolean {
    if (!this.#failure?.isOfServer || this.#failure.isOver || isReadOnly) return false;
    this.#failure.isOver = true;
    return true;
  }
}

const isSame = (a: ServerRole, b: ServerRole): boolean =>
  a.cluster === b.cluster && a.server === b.server && a.timeline === b.timeline;

const isOlder = (role: ServerRole, known: ServerRole): boolean =>
  role.cluster === known.cluster && (role.timeline ?? 0) < (known.timeline ?? 0);
