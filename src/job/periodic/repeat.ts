import { Fault } from '../../kit/fault.ts';
import { unavailability } from '../../store/unavailable.ts';
import type { JobDeps } from '../job.ts';

/** Runs `work` again and again, never twice at once, and not while this process may take no work. */
export function every(deps: JobDeps, ms: number, work: () => Promise<unknown>): NodeJS.Timeout {
  let isRunning = false;
  return setInterval(() => {
    if (isRunning || deps.mayWork?.() === false) return;
    isRunning = true;
    work()
      .catch((error: unknown) => report(deps, error, 'timer'))
      .finally(() => {
        isRunning = false;
      });
  }, ms);
}

/** Logs what failed. Of a database that cannot answer now whoever watches it tells once, and it passes by itself. */
export function report(deps: JobDeps, error: unknown, what: string): void {
  if (error instanceof Fault && error.fault === 'pack_moved') return; // another process was first
  const level = unavailability(error) ? 'debug' : 'error';
  deps.log[level]({ err: error }, `worker: ${what} failed`);
}
