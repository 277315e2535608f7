import type { SecureContext } from 'node:tls';
import type { Log } from '../../kit/log.ts';
import type { Seconds } from '../../kit/time.ts';
import { wildcardOf } from '../../pack/hosts.ts';
import type { Follower, PullAnswer } from '../pull/pull-client.ts';
import { NameCache } from './name-cache.ts';
import { digestOf, toSecureContext } from './secure-context.ts';

export interface ContextCacheOptions {
  /** Asks the service for the pack of a name; never rejects. */
  readonly load: (name: string) => Promise<PullAnswer>;
  readonly log: Log;
  /** Names whose context is kept, each about 60 KB; 10,000 when left out. As many unknown names are kept. */
  readonly most?: number;
  /** Real time after which a context is looked at again; 60 s when left out. */
  readonly timeToLive?: Seconds;
  /** Real time for which an unknown name stays unknown; 5 s when left out. */
  readonly unknownFor?: Seconds;
}

interface Kept {
  readonly context: SecureContext;
  readonly digest: string;
  /** When it was last confirmed, in ms of `performance.now`. */
  readonly at: number;
  /** The span of unbroken following in which it was asked for. */
  readonly span: number;
}

interface Load {
  readonly answer: Promise<SecureContext | 'unknown' | 'unreachable'>;
  /** A change came after it began: what it brings may be the state before. */
  isOutdated: boolean;
}

/** After the service did not answer, kept contexts are served without asking for this long. */
const REST_MS = 1_000;

/** The contexts of the names used last, kept in step with the service's changes. */
export class ContextCache implements Follower {
  readonly #options: ContextCacheOptions;
  readonly #known: NameCache<Kept>;
  readonly #unknown: NameCache<true>;
  readonly #loads = new Map<string, Load>();
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
  async get(name: string): Promise<SecureContext | 'unknown' | 'unreachable'> {
    const kept = this.#known.get(name);
    if (kept && (this.#isFresh(kept) || performance.now() < this.#restUntil)) return kept.context;
    if (this.#unknown.get(name)) return 'unknown';
    const answer = await this.#loadOnce(name);
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
    this.#known.drop(hosts);
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

  #isFresh({ at, span }: Kept): boolean {
    const { timeToLive = 60 } = this.#options;
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

  #keep(name: string, pack: Exclude<PullAnswer, string>, span: number): SecureContext | 'unreachable' {
    try {
      const digest = digestOf(pack);
      const before = this.#known.get(name);
      const context = before?.digest === digest ? before.context : toSecureContext(pack);
      this.#known.set(name, { context, digest, at: performance.now(), span });
      return context;
    } catch (error) {
      // OpenSSL names what is wrong with a key or a chain; it does not quote them.
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      this.#options.log.error({ name, packId: pack.packId, code }, 'edge: certificates cannot be used');
      return 'unreachable';
    }
  }
}
