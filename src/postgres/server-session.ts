import { existsSync, realpathSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Fault } from '../kit/fault.ts';
import { type Means, NAME } from './cluster.ts';
import { codeOf, messageOf } from './folders.ts';
import { type Layout, PORT, socketIn } from './layout.ts';

/**
 * A connection that a supervisor holds as long as it uses the server, with a shared lock: by it supervisors know
 * of one another, and by its end they know that the server is gone.
 */
export interface ServerSession {
  readonly client: pg.Client;
  /** Process id of the postmaster. */
  readonly pid: number;
  /** Resolves when the connection ends. */
  readonly ended: Promise<void>;
}

type Seen =
  | { readonly state: 'ready'; readonly session: ServerSession }
  | { readonly state: 'busy' | 'absent' };

const SUPERVISOR = 'certpacks supervisor';

/** Key of the advisory lock that every supervisor of a server shares: "certpack" in ASCII. */
const LOCK = '7162256626829845355';

/** First half of the key of the lock under which the database is made: "cert" in ASCII. */
const MAKING = 1667592820;

const ANSWER_LIMIT_MS = 5_000;
const QUERY_LIMIT_MS = 60_000;

/**
 * Looks whether our server answers on the socket: `ready` with a session, `busy` while it starts or stops,
 * `absent` when nobody listens. Throws `configuration` when the one who answers is not ours.
 */
export async function look(means: Pick<Means, 'layout' | 'password'>): Promise<Seen> {
  if (!existsSync(socketIn(means.layout.sockets))) return { state: 'absent' };
  const client = new pg.Client({
    ...loginOf(means, 'postgres'),
    application_name: SUPERVISOR,
    connectionTimeoutMillis: ANSWER_LIMIT_MS,
    query_timeout: QUERY_LIMIT_MS,
  });
  const ended = new Promise<void>((resolve) => client.once('end', resolve));
  // Without a listener the loss of an idle connection would end the process; `ended` tells of it.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const pid = await identify(client, means.layout);
    await client.query('select pg_advisory_lock_shared($1)', [LOCK]);
    return { state: 'ready', session: { client, pid, ended } };
  } catch (error) {
    client.end().catch(() => undefined);
    return { state: judge(error, means.layout) };
  }
}

/** What a client needs to connect; `host` is the folder of the socket. */
export const loginOf = ({ layout, password }: Pick<Means, 'layout' | 'password'>, database: string) => ({
  host: layout.sockets,
  port: PORT,
  user: NAME,
  password,
  database,
  // Whatever PGSSLMODE says: there is no TLS on this socket.
  ssl: false,
});

async function identify(client: pg.Client, { cluster, sockets }: Layout): Promise<number> {
  const { rows } = await client.query<{ dir: string; pid: number }>(
    `select current_setting('data_directory') as dir,
            split_part(pg_read_file('postmaster.pid'), e'\\n', 1)::integer as pid`,
  );
  const [row] = rows;
  if (row && existsSync(cluster) && existsSync(row.dir) && realpathSync(row.dir) === realpathSync(cluster)) {
    return row.pid;
  }
  throw foreign(sockets, `it serves ${row?.dir}`);
}

const foreign = (sockets: string, why: string, cause?: unknown) =>
  new Fault(
    'configuration',
    `a server that is not of this data folder answers on ${socketIn(sockets)} (${why}): ` +
      'stop it, or set CERTPACKS_DATA_DIR to another folder',
    { cause },
  );

/** SQLSTATEs of a server that starts, stops or is full, and errors of a connection cut in between. */
const BUSY = ['57P01', '57P02', '57P03', '53300', 'ECONNRESET', 'EPIPE'];

function judge(error: unknown, layout: Layout): 'busy' | 'absent' {
  if (error instanceof Fault) throw error;
  if (['ENOENT', 'ECONNREFUSED'].includes(codeOf(error))) return 'absent';
  if (BUSY.includes(codeOf(error)) || /terminated|timeout/i.test(messageOf(error))) return 'busy';
  throw foreign(layout.sockets, messageOf(error), error);
}

/** How long clients whose connections were just closed may still be seen. */
const GOODBYE_LIMIT_MS = 500;

/**
 * Whether nobody else uses the server: no other supervisor, no other client. If so no new supervisor gets in
 * while this session lasts.
 */
export async function isLast({ client }: ServerSession): Promise<boolean> {
  await client.query('select pg_advisory_unlock_shared($1)', [LOCK]);
  const { rows } = await client.query<{ is: boolean }>('select pg_try_advisory_lock($1) as is', [LOCK]);
  if (rows[0]?.is !== true) return false;
  const end = performance.now() + GOODBYE_LIMIT_MS;
  while (await hasClients(client)) {
    if (performance.now() > end) return false;
    await client.query('select pg_sleep(0.01)');
  }
  return true;
}

async function hasClients(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query(
    `select 1 from pg_stat_activity
      where backend_type in ('client backend', 'walsender') and application_name <> $1 limit 1`,
    [SUPERVISOR],
  );
  return rows.length > 0;
}

/** Makes the service's database when it is missing; any number of processes may ask at once. */
export async function makeDatabase({ client }: ServerSession): Promise<void> {
  await client.query('select pg_advisory_lock($1, 0)', [MAKING]);
  const { rows } = await client.query('select 1 from pg_database where datname = $1', [NAME]);
  if (rows.length === 0) await client.query(`create database ${NAME}`);
  await client.query('select pg_advisory_unlock($1, 0)', [MAKING]);
}

/** Ends a session; what it says of the connection no longer matters. */
export async function leave({ client, ended }: ServerSession): Promise<void> {
  client.end().catch(() => undefined);
  await Promise.race([ended, sleep(1_000, undefined, { ref: false })]);
}
