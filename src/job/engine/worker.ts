import { setTimeout as delay } from 'node:timers/promises';
import { LANES } from '../../store/accounts.ts';
import {
  type Claim,
  type Claimed,
  claimDue,
  extendLeases,
  freeLeases,
  giveBack,
} from '../../store/claims.ts';
import { scopeOf } from '../../store/unavailable.ts';
import { EVERY_CELL } from '../../store/zone-key.ts';
import type { JobDeps } from '../job.ts';
import { startPeriodic } from '../periodic/periodic.ts';
import { every, report } from '../periodic/repeat.ts';
import { run } from './run.ts';

/** How often, in milliseconds, a worker asks for due packs that nobody in this process told it of. */
const ASK_MS = 500;
/** Leases are extended three times in their life. */
const EXTEND_MS = 20_000;
/** How long, in milliseconds, nothing is claimed after the database failed; longer each time where it lacks what it needs. */
const REST_MS = 1_000;
const LONGEST_REST_MS = 60_000;

export interface Worker {
  /**
   * Says that something became due: it is claimed at once. A pack that is worked on now is claimed when that ends, where
   * its id is said.
   */
  readonly poke: (packId?: string) => void;
  /** Whether it has no pack in its inFlight. */
  readonly isIdle: () => boolean;
  /** Ids of the packs in its inFlight. */
  readonly inHand: () => string[];
  /** Takes no more work, interrupts what runs and gives it back. */
  readonly stop: () => Promise<void>;
}

/** The packs that this process works on now. */
class InFlight {
  readonly #held = new Map<string, { readonly claim: Claim; readonly done: Promise<void> }>();
  readonly #wanted = new Set<string>();

  get size(): number {
    return this.#held.size;
  }

  ids = (): string[] => [...this.#held.keys()];
  claims = (): Claim[] => [...this.#held.values()].map(({ claim }) => claim);

  /** Notes that a pack is to be claimed again when its work ends: of one that is held, or just being claimed. */
  want(packId: string): void {
    this.#wanted.add(packId);
  }

  /** What was wanted of packs that are not held is forgotten: a claim has ended that would have taken them. */
  settle(): void {
    for (const id of this.#wanted) if (!this.#held.has(id)) this.#wanted.delete(id);
  }

  /** Holds a pack until its work is done; then says whether it was wanted meanwhile. */
  take(claim: Claim, work: Promise<void>, then: (isWanted: boolean) => void): void {
    const done = work.finally(() => {
      this.#held.delete(claim.id);
      then(this.#wanted.delete(claim.id));
    });
    this.#held.set(claim.id, { claim, done });
  }

  /** Resolves when all work is done. */
  async empty(): Promise<void> {
    await Promise.all([...this.#held.values()].map(({ done }) => done));
  }
}

/** Works on due packs, up to `size` at a time. Any number of workers in any number of processes share the work. */
export function startWorker(deps: JobDeps, size: number): Worker {
  const stopped = new AbortController();
  const claiming = new Claiming(deps, size, stopped.signal);
  const loop = claiming.run();
  const { leaseClock = deps.clock } = deps;
  const extend = () => extendLeases(deps.pool, leaseClock, claiming.inFlight.claims());
  const timers = [
    every({ ...deps, mayWork: () => true }, EXTEND_MS, extend),
    ...startPeriodic(deps, () => claiming.ring(), stopped.signal),
  ];
  return {
    poke: (packId) => {
      if (packId !== undefined) claiming.inFlight.want(packId);
      claiming.ring();
    },
    isIdle: () => claiming.inFlight.size === 0,
    inHand: claiming.inFlight.ids,
    stop: async () => {
      stopped.abort();
      claiming.ring();
      for (const timer of timers) clearInterval(timer);
      await loop; // it may have claimed more at the last moment
      await claiming.inFlight.empty();
    },
  };
}

/** Claims due packs whenever it rings, and now and then, as far as there is room. */
class Claiming {
  readonly inFlight = new InFlight();
  readonly #deps: JobDeps;
  readonly #size: number;
  readonly #signal: AbortSignal;
  // At the beginning, and when the database went away: packs may be ours that nobody here works on.
  #isUnsure = true;
  // Whether more packs may be due than were claimed last: then a place that becomes free claims.
  #isMore = false;
  #restsUntil = 0;
  // How often the database lacked what it needs, one time after the other.
  #failures = 0;
  #wake = Promise.withResolvers<void>();
  #lane = Math.floor(Math.random() * LANES);

  constructor(deps: JobDeps, size: number, signal: AbortSignal) {
    this.#deps = deps;
    this.#size = size;
    this.#signal = signal;
  }

  ring(): void {
    this.#wake.resolve();
  }

  /** Until the signal is aborted. */
  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      this.#wake = Promise.withResolvers<void>();
      await this.#claimSome().catch((error: unknown) => this.#failed(error, 'claim'));
      await Promise.race([this.#wake.promise, delay(ASK_MS)]);
    }
  }

  async #claimSome(): Promise<void> {
    const { pool, clock, worker, mayWork } = this.#deps;
    if (mayWork?.() === false || performance.now() < this.#restsUntil) return;
    if (this.#isUnsure) {
      this.#isUnsure = false;
      await freeOwn(this.#deps, this.inFlight.ids());
    }
    // What comes of one shows whether the database can write again: each may ask its CA for something that is lost then.
    const size = this.#failures > 0 ? 1 : this.#size;
    const most = size - this.inFlight.size;
    this.#isMore = true;
    if (most <= 0) return;
    this.#lane = (this.#lane + 1) % LANES;
    const inHand = this.inFlight.ids();
    const claimed = await claimDue(pool, clock, {
      worker,
      cells: EVERY_CELL,
      most,
      first: this.#lane,
      inHand,
    });
    this.#isMore = claimed.length === most;
    for (const claim of claimed) this.#take(claim);
    this.inFlight.settle();
  }

  #take(claim: Claimed): void {
    this.inFlight.take(claim, this.#work(claim), (isWanted) => {
      if (isWanted || this.#isMore) this.ring();
    });
  }

  async #work(claim: Claimed): Promise<void> {
    try {
      await runUntilItWaits(this.#deps, claim, this.#signal);
      this.#failures = 0;
    } catch (error) {
      this.#failed(error, 'run');
    }
  }

  #failed(error: unknown, what: string): void {
    report(this.#deps, error, what);
    this.#isUnsure = true;
    const scope = scopeOf(error);
    // Those that were under way together are one failure.
    if (scope === undefined || performance.now() < this.#restsUntil) return;
    // What a database cannot do now is asked of it again soon, and not at once.
    const rest = scope === 'means' ? REST_MS * 2 ** this.#failures : REST_MS;
    if (scope === 'means') this.#failures += 1;
    this.#restsUntil = performance.now() + Math.min(rest, LONGEST_REST_MS);
  }
}

/** What this process, or a killed one of its name, left in the middle is due again, rather than when its leases end. */
async function freeOwn({ pool, clock, worker, log }: JobDeps, inHand: readonly string[]): Promise<void> {
  const freed = await freeLeases(pool, clock, { worker, inHand });
  if (freed > 0) log.info({ packs: freed }, 'going on with packs that were left in the middle');
}

/** Works on a pack until it waits. Throws where the database went away: the pack is still this process's. */
async function runUntilItWaits(deps: JobDeps, claim: Claimed, signal: AbortSignal): Promise<void> {
  await run(deps, claim, signal);
  if (signal.aborted) await giveBack(deps.pool, deps.leaseClock ?? deps.clock, claim);
}
