import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { Fault } from '../kit/fault.ts';
import type { SimulatorOptions, SimulatorReady } from './simulator.ts';

/** A simulator in a process of its own. */
export interface StartedSimulator extends SimulatorReady {
  readonly pid: number;
  /** Ends the process and waits for its end. */
  stop(): Promise<void>;
}

/** Milliseconds until everything must listen, and until it must have ended when told to. */
const PATIENCE_MS = { start: 60_000, stop: 5_000 } as const;

/**
 * Starts a simulator and waits until all of it listens. What it logs goes to `simulator.log` in its folder, so
 * that it can outlive this process. Throws `configuration`, with what it said, when it does not come up in a minute.
 */
export async function startSimulator(options: SimulatorOptions): Promise<StartedSimulator> {
  mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  const log = openLog(join(options.dir, 'simulator.log'));
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(options)], {
    // A process group of its own: Ctrl-C is for the parent, who decides when this ends.
    detached: true,
    stdio: [options.endsWithParent ? 'pipe' : 'ignore', 'pipe', log.file],
  });
  closeSync(log.file);
  child.on('error', () => undefined);
  const line = await Promise.race([firstLine(child.stdout), late()]);
  if (line === '' || child.pid === undefined) {
    await stop(child);
    throw new Fault(
      'configuration',
      `the simulator did not start: ${log.said() || 'it said nothing in a minute'}`,
    );
  }
  const ready: SimulatorReady = JSON.parse(line);
  child.stdout?.destroy();
  child.unref();
  return { ...ready, pid: child.pid, stop: () => stop(child) };
}

/** Empty, when it took too long. What came while this process was busy with other things is read first. */
async function late(): Promise<''> {
  await pause(PATIENCE_MS.start, undefined, { ref: false });
  await nextTurn();
  await nextTurn();
  return '';
}

/** Beside this file, in the sources and in what is published. */
const PROGRAM = join(import.meta.dirname, `process${extname(import.meta.filename)}`);

/** The file that standard error goes to; `said` is what was written since it was opened. */
function openLog(path: string): { readonly file: number; said(): string } {
  const file = openSync(path, 'a', 0o600);
  const start = fstatSync(file).size;
  return { file, said: () => readFileSync(path).subarray(start).subarray(-4_000).toString('utf8').trim() };
}

/** Empty when the stream ends without one. */
async function firstLine(stream: Readable | null): Promise<string> {
  if (!stream) return '';
  for await (const line of createInterface({ input: stream })) return line;
  return '';
}

async function stop(child: ChildProcess): Promise<void> {
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  if (hasEnded()) return;
  child.ref();
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await Promise.race([ended, pause(PATIENCE_MS.stop, undefined, { ref: false })]);
  if (!hasEnded()) child.kill('SIGKILL');
  await ended;
}
