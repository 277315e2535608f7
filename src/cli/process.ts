import { fileURLToPath } from 'node:url';
import { type Config, environ, loadConfig } from '../kit/config.ts';
import { Fault } from '../kit/fault.ts';
import { type Log, newLog } from '../kit/log.ts';
import { dataPlace } from '../postgres/placement.ts';

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

/** Resolves when the process is asked to end; `withParent` also when the one that started it is gone. */
export function asked(withParent = false): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let times = 0;
  const end = () => {
    times += 1;
    resolve();
    // A terminal signals the whole group, and a wrapper passes the same signal on: that is no impatience yet.
    if (times > 3) process.exit(1);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  const parent = process.ppid;
  if (withParent) setInterval(() => process.ppid !== parent && resolve(), 1_000).unref();
  return promise;
}

/** Ends the process after a command failed, with one sentence for people; what nobody foresaw is shown whole. */
export function fail(error: unknown): never {
  const text = error instanceof Fault ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`certpacks: ${text}\n`);
  process.exit(1);
}
