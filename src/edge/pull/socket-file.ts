import { chmod, lstat, mkdir, stat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname, isAbsolute } from 'node:path';
import { Fault } from '../../kit/fault.ts';

/** Longest path of a unix socket that every platform takes: 104 bytes with a final zero (sys/un.h of BSD). */
const MOST_PATH_BYTES = 103;

/**
 * Lets `server` listen on the unix socket `path`, for this user alone: its folder is 0700 (made when missing),
 * the socket 0600. A socket file that a dead process left is replaced. Throws `configuration` where another
 * process listens, the folder is open to others, or the path is none for a socket.
 */
export async function listenOnSocketFile(server: Server, path: string): Promise<void> {
  if (!isAbsolute(path) || path.includes('\0') || Buffer.byteLength(path) > MOST_PATH_BYTES) {
    const rule = `an absolute path of at most ${MOST_PATH_BYTES} bytes`;
    throw new Fault('configuration', `${JSON.stringify(path)} cannot be a unix socket: it needs ${rule}`);
  }
  await givePrivateFolder(dirname(path));
  await clearDeadSocket(path);
  await listen(server, path);
  await chmod(path, 0o600);
}

async function givePrivateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { mode, uid } = await stat(folder);
  const isOurs = uid === (process.getuid?.() ?? uid);
  if (isOurs && (mode & 0o077) === 0) return;
  const next = 'give the socket a folder of its own, owned by this user, with mode 0700';
  throw new Fault('configuration', `private keys pass through ${folder}, which is open to others: ${next}`);
}

async function clearDeadSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw new Fault('configuration', `${path} is there and is no socket: move it away`);
  if (await isDead(path)) return unlink(path);
  throw new Fault('configuration', `another process listens on ${path}: stop it, or choose another path`);
}

/** Only a refused connection says that nobody listens; a full queue, for one, fails in another way. */
function isDead(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = connect({ path });
  probe.once('connect', () => resolve(false));
  probe.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
  return promise.finally(() => probe.destroy());
}

async function listen(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ path }, resolve);
  await promise.catch((cause: NodeJS.ErrnoException) => {
    throw new Fault('configuration', `cannot listen on ${path}: ${cause.code}`, { cause });
  });
  server.off('error', reject);
}
