import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../kit/fault.ts';
import type { Seconds } from '../../kit/time.ts';
import { type CommandEnd, runCommand } from '../placed/edge-command.ts';

/** How nginx is told. */
export interface NginxProgram {
  /** Path of the program. */
  readonly program: string;
  /** Its configuration file; undefined: the one that it has by itself. */
  readonly config: string | undefined;
  /** What is run to have it judge its files; undefined: the program with `-t`. */
  readonly test: readonly [string, ...string[]] | undefined;
  /** Where the running nginx has written its process number. */
  readonly pidFile: string;
  /** What is run to have it load its configuration anew; undefined: its main process gets SIGHUP. */
  readonly reload: readonly [string, ...string[]] | undefined;
  /** How long each step may take. */
  readonly patience: Seconds;
}

/** How long a reload is given where nobody can see processes. */
const UNSEEN: Seconds = 1;
const LOOK_EACH_MS = 20;

/** Has nginx judge its files. */
export function testConfiguration({ program, config, test, patience }: NginxProgram): Promise<CommandEnd> {
  return runCommand(test ?? [program, '-t', ...(config === undefined ? [] : ['-c', config])], patience);
}

/**
 * Has nginx load its files anew, and resolves once all workers that take connections are new ones: the old go on with those that
 * they have. Throws `edge_unreachable` where no nginx runs, `edge_refused` where it does not take its files up.
 */
export async function reloadNginx(nginx: NginxProgram): Promise<void> {
  const main = await mainProcess(nginx.pidFile);
  const before = await workersOf(main);
  await tell(nginx, main);
  if (before.length === 0) await sleep(UNSEEN * 1_000);
  else await untilNew(nginx, main, before);
}

async function untilNew(nginx: NginxProgram, main: number, before: readonly Worker[]): Promise<void> {
  const end = performance.now() + nginx.patience * 1_000;
  while (!areNew(await workersOf(main), before)) {
    if (performance.now() > end)
      throw new Fault(
        'edge_refused',
        `nginx did not take its files up within ${nginx.patience} s; its error log says why`,
      );
    await sleep(LOOK_EACH_MS);
  }
}

async function mainProcess(pidFile: string): Promise<number> {
  const pid = Number((await readFile(pidFile, 'utf8').catch(() => '')).trim());
  const absent = `no nginx runs by ${pidFile}: start it, or set 'pid' to the file of its directive pid; it loads what is there when it starts`;
  if (!Number.isSafeInteger(pid) || pid < 2) throw new Fault('edge_unreachable', absent);
  // A file may outlive its process, and the number be another's by now.
  const title = await titleOf(pid);
  if (title === undefined ? !isAlive(pid) : !title.startsWith('nginx:'))
    throw new Fault('edge_unreachable', absent);
  return pid;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function tell({ reload, patience }: NginxProgram, main: number): Promise<void> {
  if (reload !== undefined) {
    const { isDone, words } = await runCommand(reload, patience);
    if (!isDone) throw new Fault('edge_refused', `nginx cannot be told to load its files anew: ${words}`);
    return;
  }
  try {
    process.kill(main, 'SIGHUP');
  } catch (cause) {
    const next = "run the agent as nginx's user or root, or set 'reload' to a command that may";
    throw new Fault('edge_refused', `process ${main} of nginx may not be sent a signal: ${next}`, { cause });
  }
}

interface Worker {
  readonly pid: number;
  readonly state: 'serves' | 'ends' | 'starts';
}

/** The workers of a main process; none where the system does not tell (it is not Linux, or they run elsewhere). */
async function workersOf(main: number): Promise<Worker[]> {
  const children = await readFile(`/proc/${main}/task/${main}/children`, 'utf8').catch(() => '');
  const workers: Worker[] = [];
  for (const pid of children.split(' ').map(Number)) {
    const title = pid > 0 ? await titleOf(pid) : undefined;
    if (title?.startsWith('nginx: worker')) {
      workers.push({ pid, state: title.includes('shutting down') ? 'ends' : 'serves' });
    } else if (title?.startsWith('nginx: master')) workers.push({ pid, state: 'starts' });
  }
  return workers;
}

/** Undefined where it cannot be told. */
const titleOf = (pid: number): Promise<string | undefined> =>
  readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);

/** Whether some serve, none is about to, and none of those before takes connections any more. */
function areNew(now: readonly Worker[], before: readonly Worker[]): boolean {
  const old = new Set(before.map(({ pid }) => pid));
  return (
    now.some(({ state }) => state === 'serves') &&
    now.every(({ pid, state }) => state === 'ends' || (state === 'serves' && !old.has(pid)))
  );
}
