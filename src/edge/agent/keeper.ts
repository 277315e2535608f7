import type { Clock } from '../../kit/clock.ts';
import { Fault } from '../../kit/fault.ts';
import type { Log } from '../../kit/log.ts';
import { after, hasCome, type Seconds } from '../../kit/time.ts';
import { printable } from '../../kit/unprintable.ts';
import { ALGORITHMS } from '../../pack/pack.ts';
import type { EdgeAbilities, EdgeInHand, HeldPack, PlacedPack } from '../driver.ts';
import { type Opener, openPack } from './open-pack.ts';
import { inParts, type Leaves, type LeavingPack, type WantedPack } from './serving.ts';
import type { AgentState } from './state.ts';

export interface KeeperDeps {
  readonly state: AgentState;
  readonly edge: EdgeInHand;
  readonly abilities: EdgeAbilities;
  readonly opener: Opener;
  readonly clock: Clock;
  readonly log: Log;
  /** A pack was put on the edge. */
  readonly applied: (packId: string) => void;
  /** A pack was taken off. */
  readonly withdrawn: (pack: LeavingPack) => void;
  /** A pack could not be put on. */
  readonly refused: (packId: string, why: string) => void;
  /** The file of a pack is lost, and the service is to be asked for it. */
  readonly lost: (packId: string) => void;
}

/** Packs at a time: each batch is opened in memory, and an edge that loads its files anew does so once for it. */
const BATCH = { runtime: 100, files: 2_000 } as const;
const PAUSE: { readonly first: Seconds; readonly most: Seconds } = { first: 2, most: 600 };

/** A pack that the edge did not take, or did not keep. */
interface Failure {
  readonly tries: number;
  readonly until: Date;
}

/** Brings what the edge has to what is wanted: packs on before packs off, so that a name that moves is never without one. */
export class Keeper {
  readonly #deps: KeeperDeps;
  readonly #failures = new Map<string, Failure>();

  constructor(deps: KeeperDeps) {
    this.#deps = deps;
  }

  /** How many packs the edge does not take. */
  get failing(): number {
    return this.#failures.size;
  }

  /** When the next pack that failed is to be tried again. */
  get nextTry(): Date | undefined {
    let least: Date | undefined;
    for (const { until } of this.#failures.values()) if (!least || until < least) least = until;
    return least;
  }

  /** All of the edge, by its own word. Throws `edge_unreachable`, `edge_refused`. */
  async all(signal: AbortSignal): Promise<void> {
    const { state, edge, abilities, clock } = this.#deps;
    const held = new Map((await edge.inventory(signal)).map((pack) => [pack.packId, pack]));
    const { serving } = state;
    const now = clock.now();
    const isDue = ({ packId }: WantedPack) => isPast(this.#failures.get(packId), now);
    const differing = serving.packs.filter((pack) => !isHeld(pack, held.get(pack.packId), abilities));
    await this.#apply(differing.filter(isDue), signal);
    // While it is not known what all is, what nobody told of stays.
    const strange =
      serving.at === undefined ? [] : [...held.values()].filter((pack) => !serving.pack(pack.packId));
    await this.#withdraw(
      new Map([...strange, ...serving.leaving].map((pack) => [pack.packId, pack])),
      signal,
    );
  }

  /** Those packs alone, without asking the edge. Throws as `all`. */
  async some(packIds: readonly string[], signal: AbortSignal): Promise<void> {
    const { serving } = this.#deps.state;
    const wanted = packIds.flatMap((packId) => serving.pack(packId) ?? []);
    await this.#apply(wanted, signal);
    const leaving = packIds.flatMap((packId) => serving.leavingPack(packId) ?? []);
    await this.#withdraw(new Map(leaving.map((pack) => [pack.packId, pack])), signal);
  }

  /** Packs that failed and whose time has come. */
  get due(): string[] {
    const now = this.#deps.clock.now();
    return [...this.#failures].flatMap(([packId, one]) => (isPast(one, now) ? [packId] : []));
  }

  /** The edge does not show a pack that it took: it is put on again, at once the first time. */
  mistrust(packId: string): void {
    const before = this.#failures.get(packId);
    if (!isPast(before, this.#deps.clock.now())) return;
    const tries = (before?.tries ?? 0) + 1;
    this.#fail(packId, tries, tries === 1 ? 0 : pauseAfter(tries - 1));
  }

  /** The edge shows it. */
  trust(packId: string): void {
    this.#failures.delete(packId);
  }

  #fail(packId: string, tries: number, pause: Seconds): void {
    this.#failures.set(packId, { tries, until: after(this.#deps.clock.now(), pause) });
  }

  async #apply(packs: readonly WantedPack[], signal: AbortSignal): Promise<void> {
    const { abilities, edge } = this.#deps;
    for (const part of inParts(packs, abilities.isRuntime ? BATCH.runtime : BATCH.files)) {
      signal.throwIfAborted();
      const placed: PlacedPack[] = [];
      for (const pack of part) {
        const one = await this.#placed(pack);
        if (one) placed.push(one);
      }
      if (placed.length === 0) continue;
      const refused = new Map((await edge.apply(placed, signal)).map(({ packId, why }) => [packId, why]));
      for (const { packId } of placed) this.#tell(packId, refused.get(packId));
    }
  }

  #tell(packId: string, why: string | undefined): void {
    const before = this.#failures.get(packId)?.tries ?? 0;
    if (why === undefined) {
      // Whether it helped is seen by handshake.
      if (before > 0) this.#fail(packId, before, pauseAfter(before));
      this.#deps.applied(packId);
      return;
    }
    const tries = before + 1;
    this.#fail(packId, tries, pauseAfter(tries));
    this.#deps.refused(packId, printable(why).slice(0, MOST_WORDS));
  }

  /** With its keys opened; undefined where what is on the disk is not what was written. */
  async #placed(pack: WantedPack): Promise<PlacedPack | undefined> {
    const { state, opener, lost } = this.#deps;
    const sealed = await state.sealed(pack);
    if (!sealed) {
      lost(pack.packId);
      return undefined;
    }
    try {
      const certificates = openPack(sealed, opener);
      return { packId: pack.packId, names: [...pack.names], certificates, tls: sealed.tls };
    } catch (error) {
      this.#tell(pack.packId, error instanceof Fault ? error.message : 'it cannot be opened');
      return undefined;
    }
  }

  async #withdraw(packs: ReadonlyMap<string, LeavingPack>, signal: AbortSignal): Promise<void> {
    if (packs.size === 0) return;
    await this.#deps.edge.withdraw([...packs.keys()], signal);
    for (const pack of packs.values()) {
      this.#failures.delete(pack.packId);
      this.#deps.withdrawn(pack);
    }
  }
}

const MOST_WORDS = 500;

/** Whether it may be tried again. */
const isPast = (failure: Failure | undefined, now: Date): boolean =>
  failure === undefined || hasCome(failure.until, now, PAUSE.most);

const pauseAfter = (tries: number): Seconds => Math.min(PAUSE.most, PAUSE.first * 2 ** (tries - 1));

/** Whether an edge has a pack as it is wanted. */
function isHeld(wanted: WantedPack, held: HeldPack | undefined, abilities: EdgeAbilities): boolean {
  if (!held || held.names.length !== wanted.names.size) return false;
  const leaves = leavesAt(wanted.leaves, abilities);
  return (
    held.names.every((name) => wanted.names.has(name)) &&
    ALGORITHMS.every((algorithm) => held.leaves[algorithm] === leaves[algorithm])
  );
}

/** The leaves that an edge shows of a pack: one that serves one algorithm a name has the ECDSA one where there is one. */
export function leavesAt(leaves: Leaves, { isDual }: EdgeAbilities): Leaves {
  const { ecdsa, rsa } = leaves;
  if (isDual || ecdsa === undefined || rsa === undefined) return leaves;
  return { ecdsa };
}
