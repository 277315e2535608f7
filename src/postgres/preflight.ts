import { linkSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '../kit/fault.ts';
import { codeOf } from './folders.ts';
import { type Layout, socketIn } from './layout.ts';
import { haveEnded, isListed, isRunning, processesIn, signalTo, worksIn } from './processes.ts';

type Log = (line: string) => void;

/** How long a running server may keep its socket shut. */
const SILENCE_LIMIT_MS = 5_000;

/** `postmaster.pid`: 1 process id, 2 data folder, 3 start, 4 port, 5 folder of the socket. */
function readLock(path: string): { pid: number; sockets: string } | undefined {
  try {
    const lines = readFileSync(path, 'utf8').split('\n');
    return { pid: Number.parseInt(lines[0] ?? '', 10), sockets: lines[4] ?? '' };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Whether nothing stands in the way of a server, nobody having answered for `silence` ms. PostgreSQL refuses to
 * start while the process id in a lock file is listed, whoever has it now, a zombie included: such files of a
 * killed server are removed when that process is known to be no server of this folder. Throws `configuration` when it may be a server.
 */
export async function preflight(layout: Layout, log: Log, silence: number): Promise<boolean> {
  const path = join(layout.cluster, 'postmaster.pid');
  const lock = readLock(path);
  if (lock && mayServe(lock.pid, layout)) {
    const isElsewhere = lock.sockets !== '' && lock.sockets !== layout.sockets;
    if (silence > SILENCE_LIMIT_MS || isElsewhere) throw occupied(path, lock, layout);
    return false;
  }
  if (lock) await endOrphans(layout, lock.pid, log);
  for (const file of [path, `${socketIn(layout.sockets)}.lock`]) removeStale(file, layout, log);
  return true;
}

/** An empty lock file is a server's that starts, or that was killed while it did. */
function mayServe(pid: number, { cluster }: Layout): boolean {
  if (Number.isNaN(pid)) return process.platform !== 'linux' || processesIn(cluster).length > 0;
  return isRunning(pid) && worksIn(pid, cluster) !== false;
}

function occupied(path: string, { pid, sockets }: { pid: number; sockets: string }, layout: Layout): Fault {
  return new Fault(
    'configuration',
    `process ${pid} in ${path} may be a PostgreSQL at work on ${layout.cluster}, and nobody answers in ` +
      `${layout.sockets} (its socket: ${sockets || 'none'}): stop it; if it is another program, remove that file`,
  );
}

/** What a killed server leaves at work keeps its memory in use, and with it the next server from starting. */
async function endOrphans({ cluster }: Layout, killed: number, log: Log): Promise<void> {
  const orphans = processesIn(cluster);
  // A server that another process started meanwhile is no orphan.
  if (orphans.length === 0 || readLock(join(cluster, 'postmaster.pid'))?.pid !== killed) return;
  log(`ending ${orphans.length} processes that a killed database left at work`);
  for (const pid of orphans) signalTo(pid, 'SIGKILL');
  await haveEnded(orphans, SILENCE_LIMIT_MS);
}

function removeStale(path: string, layout: Layout, log: Log): void {
  const pid = readLock(path)?.pid;
  if (pid === undefined || (!Number.isNaN(pid) && !isListed(pid)) || mayServe(pid, layout)) return;
  const aside = `${path}.stale-${process.pid}`;
  try {
    renameSync(path, aside);
    // Between the look and the removal another process may have started its server.
    if (!Object.is(readLock(aside)?.pid, pid)) linkSync(aside, path);
    else log(`removed ${path}: process ${pid} in it is not this database`);
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes(codeOf(error))) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}
