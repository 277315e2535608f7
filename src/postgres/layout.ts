import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** Where everything of one embedded database is. */
export interface Layout {
  /** The service's folder, by its real path. */
  readonly dir: string;
  /** PostgreSQL's data folder: the database user's, mode 700. */
  readonly cluster: string;
  /** Folder of the server's socket: the database user's, mode 700. */
  readonly sockets: string;
  /** The database password: the service's, mode 600. */
  readonly password: string;
  /** What initdb and the server print: the service's, mode 600. */
  readonly output: string;
}

/** Port in the name of the socket; there is no TCP port. */
export const PORT = 5432;

/** The socket in a folder for sockets. */
export const socketIn = (folder: string): string => join(folder, `.s.PGSQL.${PORT}`);

/** `sun_path` holds 108 bytes on Linux and 104 on macOS, with the closing zero. */
const LONGEST_SOCKET = 103;

const isShortEnough = (folder: string) => Buffer.byteLength(socketIn(folder)) <= LONGEST_SOCKET;

/** The layout under `dir`; its sockets go to a short name under `tmp` when their path would be too long. */
export function layoutOf(dir: string, tmp: string): Layout {
  const name = `certpacks-${createHash('sha256').update(dir).digest('hex').slice(0, 16)}`;
  const folders = [join(dir, 'socket'), join(tmp, name), join('/tmp', name)];
  return {
    dir,
    cluster: join(dir, 'postgres'),
    sockets: folders.find(isShortEnough) ?? join('/tmp', name),
    password: join(dir, 'database-password'),
    output: join(dir, 'postgres.log'),
  };
}
