import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whether process `pid` is there and not a zombie. */
export function isRunning(pid: number): boolean {
  return Number.isInteger(pid) && pid > 0 && probe(pid) !== 'gone' && !isZombie(pid);
}

function probe(pid: number): 'mine' | 'foreign' | 'gone' {
  try {
    process.kill(pid, 0);
    return 'mine';
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM' ? 'foreign' : 'gone';
  }
}

/** Whether the system still lists process `pid`, be it only because nobody took note of its end. */
export const isListed = (pid: number): boolean => pid > 0 && probe(pid) !== 'gone';

/** In a container whose first process reaps nobody, the dead stay in the list. */
function isZombie(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.startsWith('Z') ?? false;
  } catch {
    return false;
  }
}

/**
 * Whether process `pid` is a PostgreSQL whose working folder is `cluster`, as every process of a server has it.
 * Undefined when the system does not tell (no /proc).
 */
export function worksIn(pid: number, cluster: string): boolean | undefined {
  // The server runs under our user or, when we are root, under one we may signal.
  if (probe(pid) !== 'mine') return false;
  try {
    const program = basename(readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, ''));
    return program === 'postgres' && readlinkSync(`/proc/${pid}/cwd`) === cluster;
  } catch {
    return isRunning(pid) ? undefined : false;
  }
}

/** Process ids of all PostgreSQL processes that work in `cluster`; none where the system does not tell. */
export function processesIn(cluster: string): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && worksIn(pid, cluster) === true);
  } catch {
    return [];
  }
}

/** Sends a signal to a process that may have ended by itself. */
export function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Whether all of `pids` ended within `limit` milliseconds. */
export async function haveEnded(pids: readonly number[], limit: number): Promise<boolean> {
  const end = performance.now() + limit;
  while (pids.some(isRunning)) {
    if (performance.now() > end) return false;
    await sleep(10);
  }
  return true;
}
