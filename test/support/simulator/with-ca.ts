import type { Ca } from '../../../src/ca/ca.ts';
import { createCa } from '../../../src/ca/registry.ts';
import type { Seconds } from '../../../src/kit/time.ts';
import type { TestJobDeps } from '../job-deps.ts';
import { memoryAccounts } from '../memory-accounts.ts';
import { simulatedCa, type TestCa, type TestRule } from './simulated-ca.ts';
import type { After } from './world.ts';

/** What of the CA is not as usual. */
export interface WithCaOptions {
  /** How it goes wrong. */
  readonly rules?: readonly TestRule[];
  /** Steps of ours, where a test is of what no CA can bring about. */
  readonly steps?: Partial<Ca>;
  /** Longest time of one exchange with it. */
  readonly within?: Seconds;
}

/** What jobs are given, with a simulated CA that lives in their time. */
export interface WithCa {
  readonly at: TestJobDeps;
  readonly ca: TestCa;
}

/** Adds a simulated Let's Encrypt, without its limits, to what jobs are given. It ends with the test. */
export async function withCa(t: After, deps: TestJobDeps, options: WithCaOptions = {}): Promise<WithCa> {
  const { rules = [], steps, within } = options;
  const ca = await simulatedCa(t, { clock: deps.clock });
  ca.script(...rules);
  const { row } = ca;
  const caDeps = { accounts: memoryAccounts(), clock: deps.clock, ...(within !== undefined && { within }) };
  const cas = new Map([[row.name, { ...createCa(row, caDeps), ...steps }]]);
  return { at: { ...deps, cas }, ca };
}
