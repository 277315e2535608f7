/**
 * Watches the database of a process: whether its address leads to a server that takes writes, to which one, and whether the
 * clock of the machine agrees with its clock.
 */
import type { Clock } from '../kit/clock.ts';
import type { Log } from '../kit/log.ts';
import { after, between, type Seconds } from '../kit/time.ts';
import type { Troubles } from '../kit/troubles.ts';
import { MOST_SKEW } from '../operation/pull-in.ts';
import type { FencedPool } from '../store/fenced-pool.ts';
import { measureSkew } from '../store/server-time.ts';

/** How often it is looked, in milliseconds; after a failure soon. */
const LOOK_MS = 5_000;
const SOON_MS = 500;
const TICK_MS = 1_000;

interface WatchDeps {
  readonly pool: FencedPool;
  readonly clock: Clock;
  readonly log: Log;
  readonly troubles: Troubles;
  /** Whether the clock is the machine's own, and has to agree with the database's; one that is moved on at will has not. */
  readonly isClockWatched: boolean;
}

/** The watch at work. */
export interface DatabaseWatch {
  /** How far our clock is ahead of the database's; 0 while it is not watched. */
  readonly skew: () => Seconds;
  /** What is wrong with our clock, in words; undefined: nothing. */
  readonly words: () => string | undefined;
  /** Whether work may be taken: not while the clock is off, as it would be taken from others too early. */
  readonly mayWork: () => boolean;
  /** Our clock, put right by the database's while it is off. */
  readonly aligned: Clock;
  /** Calls `heal` when the clock went back, or is right again: what waits by the wrong time is to be pulled in. */
  readonly onCorrected: (heal: () => Promise<void>) => void;
  readonly stop: () => void;
}

const DATABASE = { kind: 'database', name: 'postgresql' } as const;
const CLOCK = { kind: 'clock', name: 'machine' } as const;

/** Looks once, so that it is known at the beginning whether the clock is right, and from then on until it is stopped. */
export async function watchDatabase(deps: WatchDeps): Promise<DatabaseWatch> {
  const watch = new Watch(deps);
  await watch.look();
  return watch.start();
}

class Watch {
  readonly #deps: WatchDeps;
  #skew: Seconds = 0;
  #heal: () => Promise<void> = async () => undefined;
  #isLooking = false;
  #soon: NodeJS.Timeout | undefined;
  #last: { readonly wall: Date; readonly passed: number };

  constructor(deps: WatchDeps) {
    this.#deps = deps;
    this.#last = { wall: deps.clock.now(), passed: performance.now() };
  }

  start(): DatabaseWatch {
    const { pool, clock } = this.#deps;
    const timers = [setInterval(() => void this.look(), LOOK_MS), setInterval(() => this.#tick(), TICK_MS)];
    const heard = pool.fence.onTrouble(() => this.#lookSoon());
    return {
      skew: () => this.#skew,
      words: () => (this.#isOff() ? `the clock of this machine is off: ${skewWords(this.#skew)}` : undefined),
      mayWork: () => !this.#isOff(),
      aligned: {
        now: () => after(clock.now(), this.#isOff() ? -this.#skew : 0),
        sleep: (seconds, signal) => clock.sleep(seconds, signal),
      },
      onCorrected: (heal) => {
        this.#heal = heal;
      },
      stop: () => {
        for (const timer of timers) clearInterval(timer);
        clearTimeout(this.#soon);
        heard.stop();
      },
    };
  }

  /** Never rejects: what is wrong is told. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const { pool, troubles, clock } = this.#deps;
    try {
      const { skew, give } = await pool.askAnew((client) => measureSkew(client, clock));
      const { outage } = pool.fence;
      if (outage) troubles.began(DATABASE, wordsOf(outage), { err: outage });
      else if (pool.fence.isReadOnly) troubles.began(DATABASE, 'it takes no writes: it is read-only now');
      else troubles.over(DATABASE);
      this.#compare(Math.sign(skew) * Math.max(Math.abs(skew) - give, 0));
    } catch (error) {
      troubles.began(DATABASE, wordsOf(error), { err: error });
    } finally {
      this.#isLooking = false;
    }
  }

  #isOff(): boolean {
    return Math.abs(this.#skew) > MOST_SKEW;
  }

  #compare(skew: Seconds): void {
    const { isClockWatched, troubles } = this.#deps;
    if (!isClockWatched) return;
    const wasOff = this.#isOff();
    this.#skew = skew;
    if (this.#isOff()) troubles.began(CLOCK, skewWords(skew), { skew_s: Math.round(skew) });
    else troubles.over(CLOCK);
    if (wasOff) this.#correct();
  }

  /** Time that went back is seen by time that cannot. */
  #tick(): void {
    const { clock, isClockWatched, log } = this.#deps;
    const { wall, passed } = this.#last;
    this.#last = { wall: clock.now(), passed: performance.now() };
    if (!isClockWatched) return;
    const back = (this.#last.passed - passed) / 1_000 - between(wall, this.#last.wall);
    if (back <= MOST_SKEW) return;
    log.warn({ seconds: Math.round(back) }, 'the clock of this machine went back');
    this.#correct();
    void this.look();
  }

  #correct(): void {
    this.#heal().catch((err: unknown) => this.#deps.log.warn({ err }, 'what waits by a wrong time stays so'));
  }

  #lookSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      void this.look();
    }, SOON_MS);
  }
}

/** What went wrong, without what is said to whoever asked. */
const wordsOf = (error: unknown): string =>
  error instanceof Error ? error.message.replace(/; try again$/, '') : 'it cannot be reached';

/** Words for a skew, for the log and `/readyz`. */
const skewWords = (skew: Seconds): string =>
  `it is ${Math.abs(Math.round(skew))} s ${skew > 0 ? 'ahead of' : 'behind'} the database’s, so this process takes no work: ` +
  'set both right (NTP)';
