import { Fault } from '../../kit/fault.ts';
import { isConnectionLoss } from '../../store/store.ts';
import type { JobDeps } from '../job.ts';

/** Runs `work` again and again, never twice at once. */
export function every(deps: JobDeps, ms: number, work: () => Promise<unknown>): NodeJS.Timeout {
  let isRunning = false;
  return setInterval(() => {
    if (isRunning) return;
    isRunning = true;
    work()
      .catch((error: unknown) => report(deps, error, 'timer'))
      .finally(() => {
        isRunning = false;
      });
  }, ms);
}

/** Logs what failed; the loss of a connection passes by itself. */
export function report(deps: JobDeps, error: unknown, what: string): void {
  if (error instanceof Fault && error.fault === 'pack_moved') return; // another process was first
  const level = isConnectionLoss(error) ? 'warn' : 'error';
  deps.log[level]({ err: error }, `worker: ${what} failed`);
}
