import { fileURLToPath } from 'node:url';
import { type Config, environ, loadConfig } from '../kit/config.ts';
import { Fault } from '../kit/fault.ts';
import { closeLog, type Log, newLog } from '../kit/log.ts';
import type { Seconds } from '../kit/time.ts';
import { dataPlace } from '../postgres/placement.ts';
import { tellLine, tellLines } from './print.ts';

/** Folder of this package. */
const PACKAGE_ROOT = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');

/** What every command begins with. */
export interface Setting {
  readonly config: Config;
  readonly log: Log;
}

/** Reads the configuration and opens the log; `quiet` logs nothing below warnings unless asked for. */
export function readSetting(isQuiet = false): Setting {
  const env = environ();
  const config = loadConfig(env);
  const isAsked = env['CERTPACKS_LOG_LEVEL'] !== undefined;
  return { config, log: newLog(isQuiet && !isAsked ? 'warn' : config.options.log_level) };
}

/** Folder for a command's state; a temporary one is to be removed by the command. */
export function placeFor(config: Config, wanted: string | undefined, isTemporary: boolean): string {
  return dataPlace({
    root: PACKAGE_ROOT,
    wanted: wanted ?? (isTemporary ? '' : config.options.data_dir),
    isTemporary,
    dataHome: environ()['XDG_DATA_HOME'],
  }).dir;
}

/**
 * Resolves when the process is asked to end, or nobody reads any more what it prints; `withParent` also when the one that started
 * it is gone. Of the signals `but` means something else.
 */
export function asked(withParent = false, but?: 'SIGHUP'): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let times = 0;
  const end = () => {
    times += 1;
    resolve();
    // A terminal signals the whole group, and a wrapper passes the same signal on: that is no impatience yet.
    if (times > 3) process.exit(1);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) if (signal !== but) process.on(signal, end);
  process.stdout.on('error', () => resolve());
  const parent = process.ppid;
  if (withParent) setInterval(() => process.ppid !== parent && resolve(), 1_000).unref();
  return promise;
}

/** How much longer than its time an end may take before it is cut off: what hangs has been named by then. */
const GRACE: Seconds = 1;

/** Ends the process where it takes longer than it may, once it was asked to end: also in the middle of its start. */
export function endWithin(ending: Promise<void>, within: Seconds, log: Log): void {
  const cutOff = () => {
    log.warn('stop_timeout_s is over: the process ends as it is');
    void endNow();
  };
  void ending.then(() => setTimeout(cutOff, (within + GRACE) * 1_000).unref());
}

/** Ends the process as it was asked to, and does not wait for whoever reads its log. */
export async function endNow(): Promise<never> {
  await closeLog();
  return leave(0);
}

/** What threads of Node's pool may hang in: its end waits for them, for as long as a resolver of the system has patience. */
const HANGING = /^(?:GetAddrInfo|GetNameInfo|FSReq)/;

/** Ends the process at once. Where a thread hangs, by becoming a program that ends with the same status. */
function leave(status: 0 | 1): never {
  if (process.getActiveResourcesInfo().some((what) => HANGING.test(what)))
    process.execve?.(process.execPath, [process.execPath, '-e', `process.exitCode = ${status}`], {});
  process.exit(status);
}

/** Ends the process after a command failed, with one sentence for people; what nobody foresaw is shown whole. */
export function fail(error: unknown): never {
  if (error instanceof Fault) tellLine(`certpacks: ${error.message}`);
  else tellLines(`certpacks: ${error instanceof Error ? error.stack : String(error)}`);
  leave(1);
}
