/**
 * The default database: a real PostgreSQL from npm, run by the service itself. Terms:
 * - cluster: PostgreSQL's data folder;
 * - runner: the user its processes run under, never root;
 * - session: the connection by which a supervisor says that it uses the server;
 * - adopt: use a server that another process started, or that outlived the one who did.
 */
import { tmpdir } from 'node:os';
import { findPackage, findPrograms } from './binaries.ts';
import { NAME } from './cluster.ts';
import { checkFolder, makeFolder } from './folders.ts';
import { layoutOf } from './layout.ts';
import { ownMemory, usualBuffers } from './memory.ts';
import { keepPassword } from './password.ts';
import { chooseRunner, type Runner } from './runner.ts';
import { loginOf, makeDatabase } from './server-session.ts';
import { serverArguments } from './settings.ts';
import { Supervisor } from './supervisor.ts';

export interface EmbeddedOptions {
  /** Folder for the data, made when missing. */
  readonly dir: string;
  /** Told what happens to the server, one sentence a line, without secrets. */
  readonly log: (line: string) => void;
  /** Memory, in MiB, in which the server keeps what it read; by the machine's memory unless told. */
  readonly buffers?: number | undefined;
  /** Settings of PostgreSQL beyond the defaults, by name; a server that is adopted keeps its own. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** What a `pg` client or pool takes. */
export interface Login {
  /** Folder of the server's unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly ssl: boolean;
}

export interface EmbeddedServer {
  readonly connection: Login;
  /** The same as one `postgres://` URL, for another process of this user. Holds the password. */
  readonly url: string;
  /** Whether the server was there before. */
  readonly isAdopted: boolean;
  /** Stops the server when nobody else uses it; close your own connections first. */
  stop(): Promise<void>;
}

/**
 * The database of a folder, ready for connections: made, started or adopted as need be, and started again when
 * it ends by itself. Throws `configuration` with what to change, `database_unavailable` when it does not start.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const pack = findPackage();
  const layout = layoutOf(makeFolder(options.dir), tmpdir());
  const runner = chooseRunner(layout.cluster);
  checkFolder(layout.dir, runner);
  const means = {
    layout,
    runner,
    password: keepPassword(layout),
    programs: await findPrograms(pack, runner, cachesOf(layout.dir, runner)),
    serverArguments: serverArguments(layout, options.buffers ?? usualBuffers(ownMemory()), options.settings),
    log: options.log,
  };
  const supervisor = new Supervisor(means);
  const { session, isAdopted } = await supervisor.start();
  try {
    await makeDatabase(session);
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
  const connection = loginOf(means, NAME);
  return { connection, url: urlOf(connection), isAdopted, stop: () => supervisor.stop() };
}

/** Copies of PostgreSQL that root makes serve every data folder of the machine. */
const cachesOf = (dir: string, runner: Runner) => (runner.isOther ? ['/var/cache/certpacks', dir] : [dir]);

const urlOf = ({ host, port, user, password, database }: Login) =>
  `postgres://${user}:${password}@/${database}?host=${encodeURIComponent(host)}&port=${port}&sslmode=disable`;
