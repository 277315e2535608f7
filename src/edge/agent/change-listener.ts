import type { Log } from '../../kit/log.ts';
import { withoutWildcard } from '../../pack/hosts.ts';
import { isHostName } from '../bundled/host-name.ts';
import { broken, type ServiceConnection } from './connection.ts';
import { checkPack, type Opener } from './open-pack.ts';
import { BOUNDS, type Line, PATHS, type SealedPack, SHAPES } from './protocol.ts';
import { inParts, type Leaves, type Told } from './serving.ts';
import type { AgentState } from './state.ts';

/** What is made of what the service tells. */
export interface Hearer {
  /** The state is another: these packs changed, came or went. `at` is the cursor up to which it holds; undefined: the one before. */
  changed(packIds: ReadonlySet<string>, at?: string): void;
  /** These are to be proved anew. */
  /** A pack came that cannot serve here; what was there of it stays. */
  refused(packId: string, why: string): void;
}

export interface ListenerDeps {
  readonly state: AgentState;
  readonly opener: Opener;
  readonly hearer: Hearer;
  readonly log: Log;
}

/** A pack that came and is on the disk. */
interface Stored {
  readonly packId: string;
  readonly digest: string;
  readonly leaves: Leaves;
}

/** Most names that are taken from a service, so that a broken one does not fill the memory. */
const MOST_NAMES = 2_000_000;

/** What was told since the last cursor. */
class Batch {
  readonly isWhole: boolean;
  /** Names with pack and digest. */
  readonly names = new Map<string, readonly [packId: string, digest: string]>();
  readonly gone = new Set<string>();
  readonly stored = new Map<string, Stored>();

  constructor(isWhole: boolean) {
    this.isWhole = isWhole;
  }
}

/**
 * Takes over what the service tells on one stream, from a cursor to the next: packs that are lacking are asked for before it counts, so
 * that a name is served by the old one until the new one is here. What breaks off before a cursor changes nothing.
 */
export class ChangeListener {
  readonly #deps: ListenerDeps;
  readonly #connection: ServiceConnection;
  #batch: Batch | undefined;

  constructor(deps: ListenerDeps, connection: ServiceConnection) {
    this.#deps = deps;
    this.#connection = connection;
  }

  /** Until the stream ends; `live` is called when it goes well. Throws `service_unreachable`, and `configuration` where the disk does not take what was told. */
  async listen(signal: AbortSignal, live: () => void): Promise<void> {
    const { state } = this.#deps;
    this.#batch = undefined;
    for await (const line of this.#connection.lines(state.serving.at, signal)) {
      await this.#hear(line);
      if ('at' in line || 'heartbeat' in line) live();
    }
  }

  /** Asks for packs whose files are not there, or not as they were. Throws as `listen`. */
  async mend(packIds: readonly string[]): Promise<void> {
    const stored = await this.#asked(packIds);
    const there = [...stored.values()].filter(({ packId }) => this.#deps.state.serving.pack(packId));
    const { at } = this.#deps.state.serving;
    await this.#take({ at, packs: there, names: new Map(), gone: new Set() });
  }

  async #hear(line: Line): Promise<void> {
    if ('isWhole' in line) return this.#begin(line);
    const batch = this.#batch;
    if (!batch) throw broken('told something before it said what follows');
    if ('names' in line) await this.#add(batch, line);
    if ('at' in line) {
      await this.#count(batch, line.at);
      this.#batch = new Batch(false);
    }
  }

  #begin({ isWhole, edge }: Extract<Line, { isWhole: boolean }>): void {
    if (this.#batch) throw broken('began anew in the middle');
    if (edge.id !== this.#deps.opener.edgeId) throw broken('took this agent for that of another edge');
    if (!isWhole && this.#deps.state.serving.at === undefined)
      throw broken('told a part where all was asked for');
    this.#batch = new Batch(isWhole);
  }

  async #add(batch: Batch, { names, gone, packs }: Extract<Line, { names: unknown[] }>): Promise<void> {
    for (const name of gone) {
      batch.names.delete(name);
      batch.gone.add(name);
    }
    for (const [name, packId, digest] of names) {
      if (!isHostName(withoutWildcard(name))) {
        this.#deps.log.warn({ name }, 'the service told a name that no client can ask for: it is left out');
        continue;
      }
      batch.gone.delete(name);
      batch.names.set(name, [packId, digest]);
    }
    if (batch.names.size + batch.gone.size > MOST_NAMES) throw broken(`told more than ${MOST_NAMES} names`);
    // What serves no name would fill the disk for nothing.
    const named = new Set(names.map(([, packId]) => packId));
    await this.#store(
      packs.filter(({ packId }) => named.has(packId)),
      batch.stored,
    );
  }

  /** All up to a cursor is told: what is lacking is asked for, and then it counts. */
  async #count(batch: Batch, at: string): Promise<void> {
    const { serving } = this.#deps.state;
    const lacking = this.#lacking(batch);
    for (const [packId, stored] of await this.#asked(lacking)) batch.stored.set(packId, stored);
    const gone = new Set(batch.isWhole ? serving.names.filter((name) => !batch.names.has(name)) : batch.gone);
    const packs = [...batch.stored.values()];
    const isAll = lacking.every((packId) => batch.stored.has(packId));
    // Names without their pack stay as they were, and all is told anew after a break.
    await this.#take({ at: isAll ? at : undefined, packs, names: this.#moving(batch), gone }, at);
  }

  /** Packs that are not here as they are told. */
  #lacking({ names, stored }: Batch): string[] {
    const { serving } = this.#deps.state;
    const lacking = new Set<string>();
    for (const [packId, digest] of names.values()) {
      const isHere = [serving.pack(packId), stored.get(packId)].some((pack) => pack?.digest === digest);
      if (!isHere) lacking.add(packId);
    }
    return [...lacking];
  }

  /** Names that another pack serves from now on, which is here. */
  #moving(batch: Batch): Map<string, string> {
    const { serving } = this.#deps.state;
    const moving = new Map<string, string>();
    for (const [name, [packId]] of batch.names) {
      const isHere = batch.stored.has(packId) || serving.pack(packId) !== undefined;
      if (isHere && serving.packNamed(name)?.packId !== packId) moving.set(name, packId);
    }
    return moving;
  }

  async #take(told: Told, at?: string): Promise<void> {
    const { state, hearer } = this.#deps;
    // Those that gain a name before those that lose it.
    const changed = new Set([...told.packs.map(({ packId }) => packId), ...told.names.values()]);
    for (const name of [...told.names.keys(), ...told.gone]) {
      const before = state.serving.packNamed(name);
      if (before) changed.add(before.packId);
    }
    await state.take(told);
    hearer.changed(changed, at);
  }

  /** Packs by their ids; the service leaves out those that serve nothing here any more, and what is too much for one answer. */
  async #asked(packIds: readonly string[]): Promise<Map<string, Stored>> {
    const stored = new Map<string, Stored>();
    for (const part of inParts(packIds, BOUNDS.packs)) {
      let left = part;
      while (left.length > 0) {
        const { packs } = await this.#connection.ask(PATHS.packs, { packs: left }, SHAPES.packsGiven);
        const given = new Set(packs.map(({ packId }) => packId));
        const wanted = packs.filter(({ packId }) => left.includes(packId));
        await this.#store(wanted, stored);
        left = wanted.length > 0 ? left.filter((id) => !given.has(id)) : [];
      }
    }
    return stored;
  }

  async #store(packs: readonly SealedPack[], stored: Map<string, Stored>): Promise<void> {
    const { state, opener, hearer } = this.#deps;
    await Promise.all(
      packs.map(async (pack) => {
        const { packId, digest } = pack;
        const leaves = leavesIn(pack, opener, (why) => hearer.refused(packId, why));
        if (!leaves) return;
        await state.store(pack);
        stored.set(packId, { packId, digest, leaves });
      }),
    );
  }
}

function leavesIn(pack: SealedPack, opener: Opener, refused: (why: string) => void): Leaves | undefined {
  try {
    return checkPack(pack, opener);
  } catch (error) {
    refused(error instanceof Error ? error.message : '');
    return undefined;
  }
}
