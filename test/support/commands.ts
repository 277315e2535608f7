import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { DevWorld } from './world.ts';

/** The program, as Node runs it. */
export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Environment of a command: nothing that a setting could come from, but what it takes to run, and what it need not compile again. */
export function plainEnvironment(): Record<string, string> {
  const { PATH = '', HOME = '', NODE_COMPILE_CACHE } = process.env;
  return { PATH, HOME, ...(NODE_COMPILE_CACHE !== undefined && { NODE_COMPILE_CACHE }) };
}

/** How a command ended, and what it printed. */
export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** What commands print of something. */
export interface Row {
  readonly id: string;
  readonly status: string;
}

/** The commands, at the API of a world that runs by the time they are called. */
export function commandsAt(worldOf: () => DevWorld) {
  const certpacks = (
    args: readonly string[],
    env: Record<string, string> = { CERTPACKS_TOKEN: worldOf().token },
  ): Ran => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
      env: { ...plainEnvironment(), ...env },
      encoding: 'utf8',
      timeout: 60_000,
    });
    return { status, out: stdout, err: stderr };
  };
  /** What a command at the world's API prints as JSON. */
  const printed = (...args: string[]): string => {
    const { status, out, err } = certpacks([...args, '--api', worldOf().api, '--json']);
    assert.equal(status, 0, err);
    return out;
  };
  const askOne = (...args: string[]): Row => JSON.parse(printed(...args));
  const askAll = (...args: string[]): Row[] => JSON.parse(printed(...args));
  return { certpacks, printed, askOne, askAll };
}
