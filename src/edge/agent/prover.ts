import type { Clock } from '../../kit/clock.ts';
import { Fault } from '../../kit/fault.ts';
import type { Log } from '../../kit/log.ts';
import type { Seconds } from '../../kit/time.ts';
import { ALGORITHMS, type Algorithm } from '../../pack/pack.ts';
import { chainProblem } from '../chain.ts';
import type { EdgeAbilities, EdgeInHand } from '../driver.ts';
import type { ShownLeaf } from '../edge.ts';
import { Tally } from '../tally.ts';
import { Bell } from './bell.ts';
import { leavesAt } from './keeper.ts';
import type { Proof } from './protocol.ts';
import type { Leaves, LeavingPack, Serving, WantedPack } from './serving.ts';

export interface ProverDeps {
  readonly serving: Serving;
  readonly edge: Pick<EdgeInHand, 'verify'>;
  readonly abilities: EdgeAbilities;
  /** Chains of a pack in PEM, as they were told; none where they are not there. */
  readonly chains: (pack: WantedPack) => Promise<Readonly<Partial<Record<Algorithm, string>>>>;
  readonly clock: Clock;
  readonly log: Log;
  /** Handshakes a second that look at all packs in turn; 0: none. */
  readonly rate: number;
  /** What handshakes showed of a pack that serves; `isAsked`: it was to be looked at. */
  readonly proved: (proof: Proof, isAsked: boolean) => void;
  /** Handshakes show a pack no more that was taken off. */
  readonly released: (packId: string) => void;
  /** Handshakes still show it. */
  readonly stillShown: (packId: string) => void;
  /** Why the edge cannot be asked; undefined: it can. */
  readonly unreachable: (why: string | undefined) => void;
}

/** What handshakes came to. */
const OUTCOMES = ['shown', 'other', 'none', 'unreachable'] as const;

/** Handshakes at a time for what was asked. */
const LANES = 8;
/** How long after a change an edge may take to show it, looked at again and again. */
const SETTLE_PAUSES: readonly Seconds[] = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2];
const PAUSE: { readonly first: Seconds; readonly most: Seconds } = { first: 0.5, most: 30 };

/** Shakes hands with the edge, name by name: for what changed at once, and for all in turn. */
export class Prover {
  readonly #deps: ProverDeps;
  readonly #outcomes = new Tally(OUTCOMES);
  /** Packs to be looked at now, and whether somebody waits for the answer. */
  readonly #asked = new Map<string, boolean>();
  readonly #leaving = new Map<string, LeavingPack>();
  readonly #bell = new Bell();
  #failures = 0;

  constructor(deps: ProverDeps) {
    this.#deps = deps;
  }

  get counts() {
    return { handshakes: this.#outcomes.counts, waiting: this.#asked.size + this.#leaving.size };
  }

  /** Looks at packs soon. */
  look(packIds: Iterable<string>, isAsked: boolean): void {
    for (const packId of packIds) this.#asked.set(packId, isAsked || this.#asked.get(packId) === true);
    this.#bell.ring();
  }

  /** Looks whether a pack is gone. */
  lookGone(pack: LeavingPack): void {
    this.#leaving.set(pack.packId, pack);
    this.#bell.ring();
  }

  /** Until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', this.#bell.ring, { once: true });
    const lanes = Array.from({ length: LANES }, () => this.#answer(signal));
    await Promise.all([...lanes, this.#round(signal)]);
  }

  async #answer(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const work = this.#next();
      if (work) await this.#tried(work, signal);
      else await this.#bell.next;
    }
  }

  /** The next that is to be looked at; it is out of the queue then. */
  #next(): ((signal: AbortSignal) => Promise<void>) | undefined {
    const [gone] = this.#leaving.values();
    if (gone) {
      this.#leaving.delete(gone.packId);
      return (signal) => this.#proveGone(gone, signal);
    }
    const [asked] = this.#asked;
    if (!asked) return undefined;
    const [packId, isAsked] = asked;
    this.#asked.delete(packId);
    return (signal) => this.#prove(packId, isAsked, signal);
  }

  /** Where the edge does not answer, what was to be looked at waits (the work puts it back). */
  async #tried(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await work(signal);
      this.#failures = 0;
      this.#deps.unreachable(undefined);
    } catch (error) {
      if (signal.aborted) return;
      this.#outcomes.add('unreachable');
      this.#deps.unreachable(error instanceof Fault ? error.message : 'the edge cannot be asked');
      if (!(error instanceof Fault)) this.#deps.log.error({ err: error }, 'agent: a handshake failed');
      const pause = Math.min(PAUSE.most, PAUSE.first * 2 ** Math.min(this.#failures++, 10));
      await this.#deps.clock.sleep(pause, signal).catch(() => undefined);
    }
  }

  /** All packs in turn, at the rate that is configured. */
  async #round(signal: AbortSignal): Promise<void> {
    const { serving, rate, clock } = this.#deps;
    if (rate === 0) return;
    const pause = (seconds: Seconds) => clock.sleep(seconds, signal).catch(() => undefined);
    while (!signal.aborted) {
      for (const { packId } of serving.packs) {
        const pack = serving.pack(packId);
        if (!pack || this.#asked.has(packId)) continue;
        await this.#tried((one) => this.#prove(packId, undefined, one), signal);
        await pause((pack.names.size * 2) / rate);
        if (signal.aborted) return;
      }
      await pause(1);
    }
  }

  /** `isAsked` undefined: in its turn, when nothing changed a moment ago. */
  async #prove(packId: string, isAsked: boolean | undefined, signal: AbortSignal): Promise<void> {
    const { serving, proved } = this.#deps;
    const pack = serving.pack(packId);
    if (!pack) return;
    const { digest, leaves } = pack;
    try {
      const pauses = isAsked === undefined ? [] : [...SETTLE_PAUSES];
      const seen = await this.#see(pack, pauses, signal);
      // What changed meanwhile is looked at anew.
      if (serving.pack(packId)?.digest !== digest) return this.look([packId], isAsked ?? false);
      proved(proofOf(packId, leavesAt(leaves, this.#deps.abilities), seen), isAsked ?? false);
    } catch (error) {
      this.look([packId], isAsked ?? false);
      throw error;
    }
  }

  async #see(pack: WantedPack, pauses: Seconds[], signal: AbortSignal): Promise<Seen[]> {
    const wanted = leavesAt(pack.leaves, this.#deps.abilities);
    const chains = await this.#deps.chains(pack);
    const seen: Seen[] = [];
    for (const name of pack.names)
      for (const algorithm of ALGORITHMS) {
        const leaf = wanted[algorithm];
        if (leaf === undefined) continue;
        const chain = chains[algorithm] ?? '';
        const isGood = (one: ShownLeaf | undefined) =>
          one?.fingerprint === leaf && chainProblem(chain, one) === undefined;
        const one = await this.#shown({ name, algorithm }, isGood, { pauses, signal });
        const shown = one?.fingerprint;
        this.#outcomes.add(isGood(one) ? 'shown' : shown === undefined ? 'none' : 'other');
        seen.push({ name, algorithm, shown, flaw: one && chainProblem(chain, one) });
      }
    return seen;
  }

  /** The leaf that is shown, looked at again where it is not as it is to be yet. */
  async #shown(
    ask: { readonly name: string; readonly algorithm: Algorithm },
    isGood: (leaf: ShownLeaf | undefined) => boolean,
    { pauses, signal }: { readonly pauses: Seconds[]; readonly signal: AbortSignal },
  ): Promise<ShownLeaf | undefined> {
    for (;;) {
      const leaf = await this.#deps.edge.verify(ask, signal);
      // One patience for all names of a pack: an edge that shows nothing of it is not waited for at each.
      const pause = isGood(leaf) ? undefined : pauses.shift();
      if (pause === undefined) return leaf;
      await this.#deps.clock.sleep(pause, signal);
    }
  }

  async #proveGone(pack: LeavingPack, signal: AbortSignal): Promise<void> {
    const leaves = new Set(Object.values(pack.leaves));
    const isGone = (one: ShownLeaf | undefined) => one === undefined || !leaves.has(one.fingerprint);
    const pauses = [...SETTLE_PAUSES];
    try {
      const asks = pack.names.flatMap((name) => ALGORITHMS.map((algorithm) => ({ name, algorithm })));
      for (const ask of asks) {
        const shown = await this.#shown(ask, isGone, { pauses, signal });
        if (!isGone(shown)) return this.#deps.stillShown(pack.packId);
      }
      this.#deps.released(pack.packId);
    } catch (error) {
      this.lookGone(pack);
      throw error;
    }
  }
}

/** One handshake. */
interface Seen {
  readonly name: string;
  readonly algorithm: Algorithm;
  readonly shown: string | undefined;
  /** What is wrong with the chain behind it. */
  readonly flaw: string | undefined;
}

/** A leaf is told where every name showed the same. */
function proofOf(packId: string, wanted: Leaves, seen: readonly Seen[]): Proof {
  const shownOf = (algorithm: Algorithm): string | undefined => {
    const all = new Set(seen.filter((one) => one.algorithm === algorithm).map(({ shown }) => shown));
    return all.size === 1 ? [...all][0] : undefined;
  };
  const [ecdsa, rsa] = [shownOf('ecdsa'), shownOf('rsa')];
  const wrong = seen.find(({ algorithm, shown, flaw }) => shown !== wanted[algorithm] || flaw !== undefined);
  return {
    packId,
    ...(ecdsa !== undefined && { ecdsa }),
    ...(rsa !== undefined && { rsa }),
    ...(wrong && { problem: wordsOf(wrong, wanted) }),
  };
}

function wordsOf({ name, algorithm, shown, flaw }: Seen, wanted: Leaves): string {
  if (shown === undefined) return `the edge shows no ${algorithm} certificate for ${name}`;
  return shown === wanted[algorithm]
    ? `the edge shows the ${algorithm} certificate for ${name} ${flaw ?? ''}`
    : `the edge shows another ${algorithm} certificate for ${name} (SHA-256 ${shown}) than ${wanted[algorithm]}`;
}
