import { clear, startJobDeps } from '../test/support/job-deps.ts';
import { meet } from '../test/support/odd/meet.ts';
import { ODDITIES } from '../test/support/odd/oddities.ts';

/** What comes of the same pack at every CA that is odd. */
export interface OddResult {
  readonly cases: number;
  /** Packs that are active in the end. */
  readonly active: number;
  /** Packs that are not, and say why. */
  readonly told: number;
  /** Certificates issued beyond one usable for each algorithm, less those that the CA delivered unusable. */
  readonly burned: number;
}

/** Orders a pack from each odd CA, one after the other, on a database of its own and by a clock that leaps. */
export async function oddBench(say: (what: string) => void): Promise<OddResult> {
  await using ends = new AsyncDisposableStack();
  const deps = await startJobDeps(ends);
  const sum = { cases: 0, active: 0, told: 0, burned: 0 };
  for (const [what, oddity] of Object.entries(ODDITIES)) {
    const { isActive, issued, burned, requests, seconds, said } = await meet(deps, oddity);
    await clear(deps);
    sum.cases += 1;
    if (isActive) sum.active += 1;
    else if (said.length > 0) sum.told += 1;
    sum.burned += burned;
    const facts = `${issued} issued, ${burned} burned, ${requests} requests, ${Math.round(seconds)} s`;
    say(`a CA that ${what}: ${isActive ? 'active' : 'not active'}, ${facts}`);
    for (const words of said) say(`    ${words}`);
  }
  return sum;
}
