import { setTimeout as delay } from 'node:timers/promises';
import { LANES } from '../store/accounts.ts';
import { every, report, startChores } from './chores.ts';
import { type Claim, claimDue, extendLeases, freeLeases, giveBack } from './claim.ts';
import type { JobDeps } from './job.ts';
import { run } from './run.ts';

/** How often, in milliseconds, a worker asks for due packs that nobody in this process told it of. */
const ASK_MS = 500;
/** Leases are extended three times in their life. */
const EXTEND_MS = 20_000;
export interface Worker {
  /** Says that something became due: it is claimed at once. */
  readonly poke: () => void;
  /** Whether it has no pack in its hands. */
  readonly isIdle: () => boolean;
  /** Takes no more work, interrupts what runs and gives it back. */
  readonly stop: () => Promise<void>;
}

/** Works on due packs, up to `size` at a time. Any number of workers in any number of processes share the work. */
export function startWorker(deps: JobDeps, size: number): Worker {
  const stopped = new AbortController();
  const inHand = new Map<string, { readonly claim: Claim; readonly done: Promise<void> }>();
  let bell = Promise.withResolvers<void>();
  let lane = Math.floor(Math.random() * LANES);
  const ring = () => bell.resolve();

  const take = (claim: Claim) => {
    const done = carry(deps, claim, stopped.signal).finally(() => {
      inHand.delete(claim.packId);
      ring();
    });
    inHand.set(claim.packId, { claim, done });
  };

  const claimSome = async () => {
    const most = size - inHand.size;
    if (most <= 0) return;
    lane = (lane + 1) % LANES;
    const claims = await claimDue(deps.pool, deps.clock, {
      worker: deps.worker,
      most,
      first: lane,
      inHand: [...inHand.keys()],
    });
    for (const claim of claims) take(claim);
  };

  const loop = (async () => {
    await freeOwn(deps);
    while (!stopped.signal.aborted) {
      bell = Promise.withResolvers<void>();
      await claimSome().catch((error: unknown) => report(deps, error, 'claim'));
      await Promise.race([bell.promise, delay(ASK_MS)]);
    }
  })();
  const held = () => [...inHand.values()].map(({ claim }) => claim);
  const extend = () => extendLeases(deps.pool, deps.clock, held());
  const timers = [every(deps, EXTEND_MS, extend), ...startChores(deps, ring, stopped.signal)];

  return {
    poke: ring,
    isIdle: () => inHand.size === 0,
    stop: async () => {
      stopped.abort();
      ring();
      for (const timer of timers) clearInterval(timer);
      await loop; // it may have claimed more at the last moment
      await Promise.all([...inHand.values()].map(({ done }) => done));
    },
  };
}

/** What a process of this name had in its hands when it was killed is due again, rather than when its leases end. */
async function freeOwn(deps: JobDeps): Promise<void> {
  const freed = await freeLeases(deps.pool, deps.clock, deps.worker).catch((error: unknown) => {
    report(deps, error, 'freeing the leases of the last run');
    return 0;
  });
  if (freed > 0) deps.log.info({ packs: freed }, 'going on with packs that the last run left in the middle');
}

async function carry(deps: JobDeps, claim: Claim, signal: AbortSignal): Promise<void> {
  try {
    await run(deps, claim, signal);
    if (signal.aborted) await giveBack(deps.pool, deps.clock, claim);
  } catch (error) {
    report(deps, error, 'run');
  }
}
