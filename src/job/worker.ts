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

/** The packs that this process works on now. */
class Hands {
  readonly #held = new Map<string, { readonly claim: Claim; readonly done: Promise<void> }>();

  get size(): number {
    return this.#held.size;
  }

  ids = (): string[] => [...this.#held.keys()];
  claims = (): Claim[] => [...this.#held.values()].map(({ claim }) => claim);

  /** Holds a pack until its work is done; then calls `then`. */
  take(claim: Claim, work: Promise<void>, then: () => void): void {
    const done = work.finally(() => {
      this.#held.delete(claim.packId);
      then();
    });
    this.#held.set(claim.packId, { claim, done });
  }

  /** Resolves when all work is done. */
  async empty(): Promise<void> {
    await Promise.all([...this.#held.values()].map(({ done }) => done));
  }
}

/** Works on due packs, up to `size` at a time. Any number of workers in any number of processes share the work. */
export function startWorker(deps: JobDeps, size: number): Worker {
  const stopped = new AbortController();
  const hands = new Hands();
  // At the beginning, and when the database went away: packs may be ours that nobody here has in his hands.
  let isUnsure = true;
  let bell = Promise.withResolvers<void>();
  let lane = Math.floor(Math.random() * LANES);
  const ring = () => bell.resolve();

  const take = (claim: Claim) => {
    const work = carry(deps, claim, stopped.signal).catch((error: unknown) => {
      report(deps, error, 'run');
      isUnsure = true;
    });
    hands.take(claim, work, ring);
  };

  const claimSome = async () => {
    if (isUnsure) {
      isUnsure = false;
      await freeOwn(deps, hands.ids());
    }
    const most = size - hands.size;
    if (most <= 0) return;
    lane = (lane + 1) % LANES;
    const wanted = { worker: deps.worker, most, first: lane, inHand: hands.ids() };
    for (const claim of await claimDue(deps.pool, deps.clock, wanted)) take(claim);
  };

  const loop = (async () => {
    while (!stopped.signal.aborted) {
      bell = Promise.withResolvers<void>();
      await claimSome().catch((error: unknown) => {
        report(deps, error, 'claim');
        isUnsure = true;
      });
      await Promise.race([bell.promise, delay(ASK_MS)]);
    }
  })();
  const extend = () => extendLeases(deps.pool, deps.clock, hands.claims());
  const timers = [every(deps, EXTEND_MS, extend), ...startChores(deps, ring, stopped.signal)];

  return {
    poke: ring,
    isIdle: () => hands.size === 0,
    stop: async () => {
      stopped.abort();
      ring();
      for (const timer of timers) clearInterval(timer);
      await loop; // it may have claimed more at the last moment
      await hands.empty();
    },
  };
}

/** What this process, or a killed one of its name, left in the middle is due again, rather than when its leases end. */
async function freeOwn({ pool, clock, worker, log }: JobDeps, inHand: readonly string[]): Promise<void> {
  const freed = await freeLeases(pool, clock, { worker, inHand });
  if (freed > 0) log.info({ packs: freed }, 'going on with packs that were left in the middle');
}

/** Carries a pack until it waits. Throws where the database went away: the pack is still in the hands of this process. */
async function carry(deps: JobDeps, claim: Claim, signal: AbortSignal): Promise<void> {
  await run(deps, claim, signal);
  if (signal.aborted) await giveBack(deps.pool, deps.clock, claim);
}
