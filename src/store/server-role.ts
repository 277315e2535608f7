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

/** How long a failure keeps its process from being ready, in milliseconds, unless another follows. */
const TROUBLE_MS = 5_000;

/** What is known of the server behind one address, shared by all connections to it. */
export class ServerFence {
  #role: ServerRole | undefined;
  #epoch = 1;
  #statement = FULL;
  #trouble: { readonly fault: Fault; readonly isOfServer: boolean; readonly at: number } | undefined;
  #listeners: ((fault: Fault) => void)[] = [];

  /** Raised when the address leads to another server: connections of an earlier one are not used any more. */
  get epoch(): number {
    return this.#epoch;
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
    if (known && !isSame(role, known)) this.#epoch += 1;
    this.#role = role;
    if (!role.isReadOnly && this.#trouble?.isOfServer) this.#trouble = undefined;
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
    this.#trouble = { fault, isOfServer: scope === 'server', at: performance.now() };
    for (const tell of this.#listeners) tell(fault);
    return fault;
  }

  /** The last failure, while it is recent and no new connection showed that it is over. */
  get trouble(): Fault | undefined {
    const { fault, at = 0 } = this.#trouble ?? {};
    return performance.now() - at < TROUBLE_MS ? fault : undefined;
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
}

const isSame = (a: ServerRole, b: ServerRole): boolean =>
  a.cluster === b.cluster && a.server === b.server && a.timeline === b.timeline;

const isOlder = (role: ServerRole, known: ServerRole): boolean =>
  role.cluster === known.cluster && (role.timeline ?? 0) < (known.timeline ?? 0);
