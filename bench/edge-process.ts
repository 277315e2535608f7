/** For benchmarks of edges: programs of certpacks as processes of their own, and the processor time that they take. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { environ, variableOf } from '../src/kit/config.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** Starts a command of certpacks, which ends with `ends`. */
export function start(
  ends: AsyncDisposableStack,
  args: readonly string[],
  options: Readonly<Record<string, string>>,
): ChildProcess {
  const own = Object.entries({ ...options, log_level: 'error' }).map(([name, value]) => [
    variableOf(name),
    value,
  ]);
  const env = { ...environ(), ...Object.fromEntries(own) };
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'inherit'], env });
  ends.defer(async () => {
    const ended = child.exitCode === null ? once(child, 'exit') : undefined;
    child.kill();
    await ended;
  });
  return child;
}

/** Clock ticks of /proc in a second, on every Linux. */
const TICKS = 100;

/** Processes, by their ids. */
export type Pids = readonly { readonly pid?: number | undefined }[];

/** Processor time of processes and their children so far. */
export function cpuSeconds(processes: Pids): number {
  const ticks = family(processes).map(({ fields }) => Number(fields[11]) + Number(fields[12]));
  return ticks.reduce((a, b) => a + b, 0) / TICKS;
}

/** Memory of processes and their children, in bytes; what they share is counted once. */
export function memoryOf(processes: Pids): number {
  const kilobytes = family(processes).map(({ pid }) => {
    const [, pss = '0'] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
    return Number(pss);
  });
  return kilobytes.reduce((a, b) => a + b, 0) * 1_024;
}

function family(processes: Pids) {
  const roots = processes.map(({ pid }) => pid ?? 0);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({ pid, fields: statOf(pid) }))
    .filter(({ pid, fields }) => roots.includes(Number(pid)) || roots.includes(Number(fields[1])));
}

/** What follows the name in a process's stat: state, parent, …; of one that just ended nothing. */
function statOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return [];
  }
}

/** Resolves once `isSo`; fails after 30 s. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 300; i++) {
    if (await isSo()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, 100);
    await promise;
  }
  assert.fail('the edge did not serve within 30 s');
}

export const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
