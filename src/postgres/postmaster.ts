import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../kit/fault.ts';
import { cannotRun } from './binaries.ts';
import { type Means, makeCluster, spawnOptions } from './cluster.ts';
import { makePrivateFolder } from './folders.ts';
import { lastLines, openOutput } from './output.ts';
import { preflight } from './preflight.ts';
import { haveEnded, signalTo } from './processes.ts';
import { look, type ServerSession } from './server-session.ts';

export interface ServerMeans extends Means {
  /** Arguments of `postgres`. */
  readonly serverArguments: readonly string[];
  readonly log: (line: string) => void;
}

/** A server that answers. `isAdopted`: this call did not start it. */
export interface Brought {
  readonly session: ServerSession;
  readonly isAdopted: boolean;
}

/** A server that was killed reads its log of changes again first, which can take minutes. */
const START_LIMIT_MS = 300_000;
const MOST_TRIES = 3;

/**
 * Brings the server to where it answers: adopts one that runs, starts it else. Any number of processes may call
 * it at once: PostgreSQL's own lock on the data folder lets one of their servers live, and the others adopt it.
 * Throws `configuration` for a server or folder that is not ours, `database_unavailable` when it does not start.
 */
export async function bring(means: ServerMeans, signal: AbortSignal): Promise<Brought> {
  const begun = performance.now();
  let tries = 0;
  let quietSince = begun;
  while (performance.now() - begun < START_LIMIT_MS) {
    signal.throwIfAborted();
    const seen = await look(means);
    if (seen.state === 'ready') return { session: seen.session, isAdopted: true };
    if (
      seen.state === 'absent' &&
      (await preflight(means.layout, means.log, performance.now() - quietSince))
    ) {
      tries += 1;
      const brought = await start(means, signal).catch((error: unknown) => {
        if (tries === MOST_TRIES || signal.aborted) throw error;
      });
      if (brought) return brought;
      // Another's server, to which this one gave way, may have begun only now: it has as long from here.
      quietSince = performance.now();
    }
    await pause(begun);
  }
  throw notReady(means);
}

const notReady = ({ layout }: ServerMeans) =>
  new Fault(
    'database_unavailable',
    `the database in ${layout.cluster} does not get ready; see ${layout.output}`,
  );

/** Waits between two looks: short at first, longer when it takes long, since each refusal is a line of output. */
const pause = (begun: number) => sleep(Math.min(Math.max((performance.now() - begun) / 20, 10), 500));

async function start(means: ServerMeans, signal: AbortSignal): Promise<Brought> {
  await makeCluster(means);
  makePrivateFolder(means.layout.sockets, means.runner);
  const output = openOutput(means.layout.output);
  const child = spawn(means.programs.postgres, means.serverArguments, {
    ...spawnOptions(means.runner, output.handle),
    // A group of its own: an interrupt typed at the terminal is for the service, which stops the server itself.
    detached: true,
  });
  closeSync(output.handle);
  child.unref();
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = cannotRun(means.programs.postgres, error);
  });
  child.once('exit', (code, by) => {
    const words = `the database's server ended (${by ?? code}): ${lastLines(output)}`;
    failure = new Fault('database_unavailable', words);
    if (!signal.aborted) means.log(words);
  });
  return waitFor(means, child, () => {
    if (failure) throw failure;
    signal.throwIfAborted();
  });
}

async function waitFor(means: ServerMeans, child: ChildProcess, check: () => void): Promise<Brought> {
  const begun = performance.now();
  try {
    while (performance.now() - begun < START_LIMIT_MS) {
      const seen = await look(means);
      if (seen.state === 'ready') return { session: seen.session, isAdopted: seen.session.pid !== child.pid };
      check();
      await pause(begun);
    }
    throw notReady(means);
  } catch (error) {
    if (child.pid !== undefined && child.exitCode === null) await shutDown(child.pid);
    throw error;
  }
}

/** First without new work, then without a last checkpoint, then at once. */
const WAYS_TO_STOP = [
  ['SIGINT', 30_000],
  ['SIGQUIT', 10_000],
  ['SIGKILL', 5_000],
] as const;

/** Ends the server `pid`, gently if it lets itself be. Throws `database_unavailable` when it stays. */
export async function shutDown(pid: number): Promise<void> {
  for (const [signal, limit] of WAYS_TO_STOP) {
    signalTo(pid, signal);
    if (await haveEnded([pid], limit)) return;
  }
  throw new Fault('database_unavailable', `the database (process ${pid}) does not end`);
}
