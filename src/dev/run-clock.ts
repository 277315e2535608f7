import { setTimeout as delay } from 'node:timers/promises';
import type { VirtualClock } from '../kit/clock.ts';
import { after, days, type Seconds } from '../kit/time.ts';
import { isAnyDue } from '../store/packs.ts';
import type { Pool } from '../store/store.ts';

/** Whose time is lived through. */
export interface RunClockDeps {
  readonly pool: Pool;
  readonly clock: VirtualClock;
  /** Moves the clocks of all parts of the world on. */
  readonly advance: (seconds: Seconds) => Promise<void>;
  /** Whether no worker has a pack in its hands. */
  readonly isIdle: () => boolean;
}

/** A pack of 14 days has more than four in which it is renewed: no day of them may be skipped. */
const STEP: Seconds = days(1);
/** Longest that the work of one day may take, in milliseconds. What is not done by then goes on in the next one. */
const DAY_MS = 1_000;
/** Longest that the call may take, in milliseconds; what is left of the time then passes at once. */
const ALL_MS = 240_000;
const LOOK_MS = 5;

/**
 * Lets time pass day by day, each with the work that it brings: renewals happen in a year that is lived in seconds as they
 * do in one that lasts a year. What is not longer than a day passes at once. Returns how many steps that took.
 */
export async function runClock(world: RunClockDeps, seconds: Seconds): Promise<number> {
  const { clock, advance } = world;
  const end = after(clock.now(), seconds);
  const limit = performance.now() + ALL_MS;
  let steps = 0;
  for (
    let left = seconds;
    left > STEP && performance.now() < limit;
    left = (end.getTime() - clock.now().getTime()) / 1_000
  ) {
    await advance(STEP);
    await settle(world);
    steps += 1;
  }
  const left = (end.getTime() - clock.now().getTime()) / 1_000;
  if (left > 0) await advance(left);
  return steps + 1;
}

/** Waits until nothing is due and nobody works. */
async function settle({ pool, clock, isIdle }: RunClockDeps): Promise<void> {
  const end = performance.now() + DAY_MS;
  // A worker that was told has to claim before it is seen at work.
  while (performance.now() < end) {
    if (isIdle() && !(await isAnyDue(pool, clock.now())) && isIdle()) return;
    await delay(LOOK_MS);
  }
}
