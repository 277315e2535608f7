import { Fault } from '../../kit/fault.ts';
import type { Log } from '../../kit/log.ts';
import type { Seconds } from '../../kit/time.ts';
import { wildcardOf } from '../../pack/hosts.ts';
import type { Follower, PullAnswer } from '../pull/pull-client.ts';
import { NameCache } from './name-cache.ts';
import { digestOf } from './secure-context.ts';
import { type ContextTerms, type ShownContext, toContext } from './shown-context.ts';

export interface ContextCacheOptions extends ContextTerms {
  /** Asks the service for the pack of a name; never rejects. */
  readonly load: (name: string) => Promise<PullAnswer>;
  readonly log: Log;
  /** Names whose context is kept, each about 60 KB; 10,000 when left out. As many unknown names are kept. */
  readonly most?: number;
  /** Real time after which a context is looked at again; 60 s when left out. */
  readonly timeToLive?: Seconds;
  /** Real time for which an unknown name stays unknown; 5 s when left out. */
  readonly unknownFor?: Seconds;
  /** Real time for which what there was is shown in the place of a pack that cannot be shown here; 15 min when left out. */
  readonly inPlaceFor?: Seconds;
  /** Real time after which a context, and the keys of its session tickets, are made anew; 12 h when left out. */
  readonly ticketKeysFor?: Seconds;
}

interface Kept {
  readonly context: ShownContext;
  readonly digest: string;
  /** When it was made, in ms of `performance.now`. */
  readonly madeAt: number;
  /** When it was last confirmed, in ms of `performance.now`. */
  readonly at: number;
  /** The span of unbroken following in which it was asked for. */
  readonly span: number;
  /** Since when the service has told of a pack in its place that cannot be shown here, in ms of `performance.now`. */
  readonly unfitSince?: number | undefined;
}

interface Load {
  readonly answer: Promise<ShownContext | 'unknown' | 'unreachable'>;
  /** A change came after it began: what it brings may be the state before. */
  isOutdated: boolean;
}

/** What is meant where an option is left out. */
const TIME_TO_LIVE: Seconds = 60;
const IN_PLACE_FOR: Seconds = 900;
const TICKET_KEYS_FOR: Seconds = 43_200;

/** After the service did not answer, kept contexts are served without asking for this long. */
const REST_MS = 1_000;

/** How long a client waits for a service that does not answer where there is something to show: its handshake ends after some seconds. */
const PATIENCE_MS = 2_000;

async function withinPatience<T>(load: Promise<T>): Promise<T | 'unreachable'> {
  const { promise, resolve } = Promise.withResolvers<'unreachable'>();
  const timer = setTimeout(() => resolve('unreachable'), PATIENCE_MS);
  try {
    return await Promise.race([load, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** The contexts of the names used last, kept in step with the service's changes. */
export class ContextCache implements Follower {
  readonly #options: ContextCacheOptions;
  readonly #known: NameCache<Kept>;
  readonly #unknown: NameCache<true>;
  readonly #loads = new Map<string, Load>();
  /** Names whose context a change made old, and that nobody has asked for since. */
  readonly #outdated = new Set<string>();
  #isLookingAgain = false;
  #span = 0;
  #isLive = false;
  #restUntil = 0;
  #changes = 0;

  constructor(options: ContextCacheOptions) {
    const { most = 10_000, unknownFor = 5 } = options;
    this.#options = options;
    this.#known = new NameCache({ most });
    this.#unknown = new NameCache({ most, timeToLive: unknownFor });
  }

  /**
   * The context for `name` as the service has it now; `unknown` when no pack serves it. What is kept is served
   * on while the service cannot be reached; without it the answer is `unreachable`. Never rejects.
   */
  async get(name: string): Promise<ShownContext | 'unknown' | 'unreachable'> {
    const kept = this.#known.get(name);
    if (kept && (this.#isFresh(kept) || performance.now() < this.#restUntil)) return kept.context;
    if (this.#unknown.get(name)) return 'unknown';
    const load = this.#loadOnce(name);
    const answer = await (kept ? withinPatience(load) : load);
    return answer === 'unreachable' ? (this.#known.get(name)?.context ?? answer) : answer;
  }

  /** Whether there is a context for `name`, as `get` tells it. */
  async serves(name: string): Promise<'served' | 'unknown' | 'unreachable'> {
    const found = await this.get(name);
    return typeof found === 'string' ? found : 'served';
  }

  live(): void {
    this.#span++;
    this.#isLive = true;
    this.#restUntil = 0;
    this.#unknown.clear();
    for (const name of this.#loads.keys()) this.#outdate(name);
  }

  lost(): void {
    this.#isLive = false;
  }

  changed(hosts: readonly string[]): void {
    this.#changes++;
    this.#restUntil = 0;
    // What there was is shown on should the service go away before it is asked: so ends a service that is killed as it tells.
    for (const name of this.#known.covered(hosts)) {
      const kept = this.#known.get(name);
      if (!kept) continue;
      this.#known.set(name, { ...kept, at: Number.NEGATIVE_INFINITY });
      this.#lookLater(name);
    }
    this.#unknown.drop(hosts);
    const those = new Set(hosts);
    for (const name of this.#loads.keys()) {
      if (those.has(name) || those.has(wildcardOf(name))) this.#outdate(name);
    }
  }

  get counts() {
    const [known, unknown, loading] = [this.#known.size, this.#unknown.size, this.#loads.size];
    return { known, unknown, loading, changes: this.#changes, isLive: this.#isLive };
  }

  /** Nobody may ever ask for the name again: its key, which may be withdrawn, would lie here on. */
  #lookLater(name: string): void {
    this.#outdated.add(name);
    if (this.#isLookingAgain) return;
    this.#isLookingAgain = true;
    const look = () => void this.#lookAgain();
    setTimeout(look, (this.#options.timeToLive ?? TIME_TO_LIVE) * 1_000).unref();
  }

  /** Asks for what is old still, a name after the other; whatever the service does not tell now is looked at later. */
  async #lookAgain(): Promise<void> {
    const names = [...this.#outdated];
    this.#outdated.clear();
    const left: string[] = [];
    for (const name of names) {
      const kept = this.#known.get(name);
      if (kept && !this.#isFresh(kept) && (await this.#loadOnce(name)) === 'unreachable') left.push(name);
    }
    this.#isLookingAgain = false;
    for (const name of [...left, ...this.#outdated]) this.#lookLater(name);
  }

  #isFresh({ at, span }: Kept): boolean {
    const { timeToLive = TIME_TO_LIVE } = this.#options;
    return this.#isLive && span === this.#span && performance.now() - at < timeToLive * 1_000;
  }

  #loadOnce(name: string): Load['answer'] {
    const running = this.#loads.get(name);
    if (running) return running.answer;
    const { promise, resolve } = Promise.withResolvers<Awaited<Load['answer']>>();
    const load: Load = { answer: promise, isOutdated: false };
    this.#loads.set(name, load);
    resolve(this.#load(name, load));
    return promise;
  }

  async #load(name: string, load: Load): Load['answer'] {
    const span = this.#span;
    const answer = await this.#options.load(name);
    // Whoever waited for an outdated answer gets the one that was asked for after the change.
    if (load.isOutdated) return this.#loadOnce(name);
    this.#loads.delete(name);
    if (answer === 'unreachable') return this.#rest();
    if (answer === 'unknown') return this.#forget(name);
    return this.#keep(name, answer, span);
  }

  /** Later callers begin a load of their own; this one's answer is not kept. */
  #outdate(name: string): void {
    const load = this.#loads.get(name);
    if (load) load.isOutdated = true;
    this.#loads.delete(name);
  }

  #rest(): 'unreachable' {
    this.#restUntil = performance.now() + REST_MS;
    return 'unreachable';
  }

  #forget(name: string): 'unknown' {
    this.#known.delete(name);
    this.#unknown.set(name, true);
    return 'unknown';
  }

  #keep(name: string, pack: Exclude<PullAnswer, string>, span: number): ShownContext | 'unreachable' {
    try {
      const digest = digestOf(pack);
      const at = performance.now();
      const made = this.#madeBefore(name, digest, at) ?? {
        context: toContext(pack, this.#options),
        madeAt: at,
      };
      this.#known.set(name, { ...made, digest, at, span });
      return made.context;
    } catch (error) {
      // OpenSSL names what is wrong with a key or a chain; it does not quote them.
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      const why = error instanceof Fault ? error.message : undefined;
      this.#options.log.error({ name, packId: pack.packId, code, why }, 'edge: certificates cannot be used');
      this.#keepInPlace(name);
      return 'unreachable';
    }
  }

  /** The context of `name`, where it would be made the same and is not too old. */
  #madeBefore(name: string, digest: string, now: number): Pick<Kept, 'context' | 'madeAt'> | undefined {
    const before = this.#known.get(name);
    const { ticketKeysFor = TICKET_KEYS_FOR } = this.#options;
    if (before?.digest !== digest || now - before.madeAt >= ticketKeysFor * 1_000) return undefined;
    return { context: before.context, madeAt: before.madeAt };
  }

  /** What there was is shown for a while, in which the service may go back to it; it may also have been withdrawn. */
  #keepInPlace(name: string): void {
    const kept = this.#known.get(name);
    if (!kept) return;
    const { unfitSince = performance.now() } = kept;
    if (performance.now() - unfitSince >= (this.#options.inPlaceFor ?? IN_PLACE_FOR) * 1_000)
      return this.#known.delete(name);
    this.#known.set(name, { ...kept, at: Number.NEGATIVE_INFINITY, unfitSince });
    this.#lookLater(name);
  }
}
