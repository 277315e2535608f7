/** Clients that wait until a certificate pack is in a status that they name: without a connection to the database each. */
import { BatchLoader } from '../../kit/batch-loader.ts';
import { Fault } from '../../kit/fault.ts';
import type { KeyedSignal } from '../../kit/keyed-signal.ts';
import type { Log } from '../../kit/log.ts';
import type { Seconds } from '../../kit/time.ts';
import { isLeaving } from '../../pack/lifecycle.ts';
import type { Pack, PackKey, PackStatus } from '../../pack/pack.ts';
import { listStatuses } from '../../store/pack-statuses.ts';
import type { Pool } from '../../store/store.ts';
import { unavailability } from '../../store/unavailable.ts';

/** How often, in milliseconds, all packs that are waited for are looked at: what another process changed rings here for nobody. */
const LOOK_MS = 500;
/** So many packs are looked at as often as that; more of them less often in proportion. */
const OFTEN = 500;
/** Most packs that one statement looks at. */
const MOST_AT_ONCE = 1_000;

/** How many may wait at once in this process: by one token, by all tokens of an account, and in all. */
const MOST = { token: 250, account: 1_000, process: 4_000 } as const;
type Bound = keyof typeof MOST;

const IN_WORDS: Readonly<Record<Bound, string>> = {
  token: 'this token waits',
  account: 'this account waits',
  process: 'clients of this process wait',
};

/** Who waits. */
export interface Caller {
  readonly token: string;
  readonly account: string;
}

/** What is waited for. */
export interface Awaited {
  readonly pack: PackKey;
  readonly statuses: ReadonlySet<PackStatus>;
  /** Longest wait, in real time: it is a limit of one network exchange. */
  readonly within: Seconds;
}

interface Waiter extends Awaited {
  readonly wake: () => void;
}

interface Deps {
  readonly pool: Pool;
  readonly log: Log;
  readonly moves: Pick<KeyedSignal<Pack>, 'listen'>;
}

/** All who wait in this process. */
export class PackWaits {
  readonly #deps: Deps;
  readonly #waiters = new Set<Waiter>();
  /** How many wait, by bound and whose. */
  readonly #counts = new Map<string, number>();
  /** What newcomers look at, many at a time. */
  readonly #now: BatchLoader<PackKey, PackStatus | 'gone'>;
  #isLooking = false;
  #isOver = false;

  constructor(deps: Deps) {
    this.#deps = deps;
    const read = (packs: readonly PackKey[]) => this.#read(packs);
    this.#now = new BatchLoader({ read, keyOf, atOnce: 1 });
  }

  /**
   * Waits until a pack is in one of the statuses, or deleted where none of these is on that way, or the time is over, or what `onLeave` is given is called, or the
   * process is about to end. Throws `too_many_requests` where too many wait.
   */
  async until(caller: Caller, awaited: Awaited, onLeave: (leave: () => void) => void): Promise<void> {
    if (this.#isOver) return;
    this.#enter(caller);
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = { ...awaited, wake: resolve };
    // Listened for before it is looked: it may move in between.
    const unlisten = this.#deps.moves.listen(awaited.pack.id, (now) => {
      if (now && keyOf(now) === keyOf(awaited.pack)) wakeAt(waiter, now.status);
    });
    const timer = setTimeout(resolve, awaited.within * 1_000);
    this.#waiters.add(waiter);
    if (!this.#isLooking) this.#plan();
    onLeave(resolve);
    this.#now.load(awaited.pack).then(
      (status) => wakeAt(waiter, status),
      (error: unknown) => this.#tell(error),
    );
    await promise;
    clearTimeout(timer);
    unlisten();
    this.#leave(caller, waiter);
  }

  /** Whether the process is about to end. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Ends all waits, and those that would begin. */
  end(): void {
    this.#isOver = true;
    for (const { wake } of this.#waiters) wake();
  }

  #enter(caller: Caller): void {
    for (const [bound, key] of keysOf(caller)) {
      if ((this.#counts.get(key) ?? 0) < MOST[bound]) continue;
      const words = `${IN_WORDS[bound]} for ${MOST[bound]} certificate packs already, which is the most at once; ask without wait_for, or when one of these has ended`;
      throw new Fault('too_many_requests', words, { retryAfter: 1 });
    }
    this.#count(caller, 1);
  }

  #count(caller: Caller, by: 1 | -1): void {
    for (const [, key] of keysOf(caller)) {
      const count = (this.#counts.get(key) ?? 0) + by;
      if (count > 0) this.#counts.set(key, count);
      else this.#counts.delete(key);
    }
  }

  #leave(caller: Caller, waiter: Waiter): void {
    this.#count(caller, -1);
    this.#waiters.delete(waiter);
  }

  /** Plans the next look. There is one planned, or under way, while anybody waits. */
  #plan(): void {
    const share = Math.max(1, this.#waiters.size / OFTEN);
    this.#isLooking = true;
    setTimeout(() => void this.#lookAtAll(), LOOK_MS * share).unref();
  }

  async #lookAtAll(): Promise<void> {
    const waiters = [...this.#waiters];
    const packs = [...new Map(waiters.map(({ pack }) => [keyOf(pack), pack])).values()];
    try {
      const read = await this.#read(packs);
      const now = new Map(packs.map((pack, i) => [keyOf(pack), read[i]]));
      for (const waiter of waiters) wakeAt(waiter, now.get(keyOf(waiter.pack)) ?? 'gone');
    } catch (error) {
      this.#tell(error);
    }
    this.#isLooking = false;
    if (this.#waiters.size > 0) this.#plan();
  }

  async #read(packs: readonly PackKey[]): Promise<(PackStatus | 'gone')[]> {
    const all: (PackStatus | 'gone')[] = [];
    for (let i = 0; i < packs.length; i += MOST_AT_ONCE) {
      const some = packs.slice(i, i + MOST_AT_ONCE);
      const now = await listStatuses(this.#deps.pool, some);
      all.push(...now.map((status) => status ?? 'gone'));
    }
    return all;
  }

  /** They wait on. Of a database that is away its watch tells, once. */
  #tell(err: unknown): void {
    const level = unavailability(err) ? 'debug' : 'warn';
    this.#deps.log[level]({ err }, 'packs that clients wait for could not be looked at');
  }
}

function wakeAt({ statuses, wake }: Waiter, now: PackStatus | 'gone'): void {
  if (now === 'gone' || statuses.has(now) || isPast(statuses, now)) wake();
}

/** Whether a pack comes to none of the statuses any more: it was deleted, and nobody waits for an end of that. */
const isPast = (statuses: ReadonlySet<PackStatus>, now: PackStatus): boolean =>
  isLeaving(now) && ![...statuses].some(isLeaving);

/** An id is one's own: whoever names another's pack in a zone of theirs names none. */
const keyOf = ({ zone, id }: PackKey): string => `${zone.id} ${id}`;

/** What a caller is counted by. */
const keysOf = ({ token, account }: Caller): readonly (readonly [Bound, string])[] => [
  ['token', `token ${token}`],
  ['account', `account ${account}`],
  ['process', 'process'],
];
