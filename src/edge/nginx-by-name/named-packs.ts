import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../kit/log.ts';
import { ALGORITHMS } from '../../pack/pack.ts';
import type { HeldPack } from '../driver.ts';
import type { CheckedPack } from '../placed/checked-pack.ts';
import { type NotedPack, toNotedPack } from '../placed/noted-pack.ts';
import { type PlacedFiles, stemOf } from '../placed/placed-files.ts';
import { someAtATime } from '../placed/some-at-a-time.ts';
import { Claims } from './claims.ts';
import { inTurns, NameLinks } from './name-links.ts';
import { ENDS } from './name-paths.ts';
import { Untouched } from './untouched.ts';

/** How long files stay that a handshake may have begun to read. */
const STAY_MS = 5_000;

/**
 * The packs in a folder that nginx reads at each handshake. Each version of a pack has files of its own, under a stem:
 * chains and keys, an empty folder that links of exact names lead to, and a note, which is written last and taken away first: what has
 * no note is nobody's.
 */
export class NamedPacks {
  readonly #files: PlacedFiles;
  readonly #links: NameLinks;
  readonly #untouched: Untouched;
  readonly #log: Log;
  readonly #held = new Map<string, NotedPack>();
  readonly #claims = new Claims();
  /** Stems of files that stay a while, with what takes them away then. */
  readonly #retired = new Map<string, NodeJS.Timeout>();
  #last = 0;
  /** One change after the other: two may be about one name. */
  #turn: Promise<void> = Promise.resolve();

  constructor(files: PlacedFiles, log: Log) {
    this.#files = files;
    this.#links = new NameLinks(files);
    this.#untouched = new Untouched(files.folder);
    this.#log = log;
  }

  /** Finds what lies there, and ends what a kill began. */
  async open(): Promise<void> {
    const stems: string[] = [];
    for (const shelf of await this.#files.list('packs'))
      for (const name of await this.#files.list(`packs/${shelf}`)) stems.push(`${shelf}/${name}`);
    const notes: NotedPack[] = [];
    await inTurns(
      stems.filter((name) => name.endsWith('.json')),
      async (name) => {
        const note = toNotedPack(await readFile(join(this.#files.folder, 'packs', name), 'utf8'));
        if (note && name === `${stemOf(note)}.json`) notes.push(note);
      },
    );
    for (const note of notes.toSorted((a, b) => a.order - b.order)) this.#hold(note);
    const names = [...this.#claims.names()];
    await this.#lead(names);
    await this.#links.sweep((name) => this.#claims.of(name) !== undefined);
    const held = new Set([...this.#held.values()].map(stemOf));
    const strays = stems.filter((name) => !held.has(name.split('.', 1).join()));
    await inTurns(strays, (name) => this.#files.remove(`packs/${name}`));
  }

  /** Puts packs on, a later one above an earlier. None is on where it throws before all are written. */
  put(packs: readonly CheckedPack[], signal: AbortSignal): Promise<void> {
    const last = new Map(packs.map((pack) => [pack.packId, pack]));
    return this.#inTurn(() => this.#put([...last.values()]), signal);
  }

  /** Takes packs off, with their keys. */
  off(packIds: readonly string[], signal: AbortSignal): Promise<void> {
    return this.#inTurn(() => this.#off([...new Set(packIds)]), signal);
  }

  /** Files that were to stay a while are left for the next start. */
  async close(): Promise<void> {
    await this.#turn;
    for (const stem of this.#retired.keys()) this.#keep(stem);
  }

  #inTurn(act: () => Promise<void>, signal?: AbortSignal): Promise<void> {
    const done = this.#turn.then(() => {
      signal?.throwIfAborted();
      return act();
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #put(packs: readonly CheckedPack[]): Promise<void> {
    try {
      await inTurns(packs, (pack) => this.#place(pack));
    } catch (error) {
      await inTurns(packs, (pack) => this.#forget(pack)).catch(() => undefined);
      throw error;
    }
    const before = packs.map(({ packId }) => this.#held.get(packId)).filter((pack) => pack !== undefined);
    for (const pack of packs) await this.#note(pack);
    const names = new Set([...before, ...packs].flatMap((pack) => pack.names));
    await this.#lead([...names]);
    await this.#retire(before.filter((pack) => !this.#isHeld(pack)));
  }

  async #off(packIds: readonly string[]): Promise<void> {
    const packs = packIds.map((packId) => this.#held.get(packId)).filter((pack) => pack !== undefined);
    await inTurns(packs, (pack) => this.#files.remove(`packs/${stemOf(pack)}.json`));
    for (const { packId, names } of packs) {
      this.#held.delete(packId);
      this.#claims.off(packId, names);
    }
    await this.#lead([...new Set(packs.flatMap(({ names }) => names))]);
    await inTurns(packs, (pack) => this.#remove(stemOf(pack)));
  }

  /**
   * What is held, with the names that it serves and the leaves that lie there for them: none where somebody else changed a file or a
   * link. Changes go on meanwhile, and what these are about is looked at once more with none under way.
   */
  async inventory(): Promise<HeldPack[]> {
    const packs = [...this.#held.values()];
    const seen = await someAtATime(packs, (pack) => this.#look(pack));
    const odd = packs.filter((_, i) => !seen[i]).map(({ packId }) => packId);
    const wrong = new Set<string>();
    await this.#inTurn(async () => {
      for (const packId of odd) {
        const pack = this.#held.get(packId);
        if (pack && !(await this.#look(pack))) wrong.add(packId);
      }
    });
    this.#untouched.keep(new Set([...this.#held.values()].map(stemOf)));
    return [...this.#held.values()].map(({ packId, names, leaves }) => ({
      packId,
      names: names.filter((name) => this.#claims.of(name) === packId),
      leaves: wrong.has(packId) ? {} : leaves,
    }));
  }

  /** Whether a pack's files are as they were put there, and its names lead to them. */
  async #look(pack: NotedPack): Promise<boolean> {
    if (!(await this.#untouched.is(pack))) return false;
    for (const name of pack.names)
      if (this.#claims.of(name) === pack.packId && !(await this.#links.leads(name, stemOf(pack))))
        return false;
    return true;
  }

  /** nginx wants files of both algorithms: one that has the other's pair in it changes nothing. */
  async #place(pack: CheckedPack): Promise<void> {
    this.#keep(stemOf(pack));
    const [any] = ALGORITHMS.flatMap((algorithm) => pack.files[algorithm] ?? []);
    const files = any === undefined ? {} : { ecdsa: any, rsa: any, ...pack.files };
    await this.#files.placePack({ ...pack, files }, ENDS);
    await this.#files.makeFolder(`packs/${stemOf(pack)}`);
  }

  async #note(pack: CheckedPack): Promise<void> {
    const { packId, names, leaves, digest } = pack;
    const note = { packId, names: [...names], leaves, digest, order: ++this.#last };
    await this.#files.write(`packs/${stemOf(pack)}.json`, JSON.stringify(note));
    this.#hold(note);
  }

  #hold(note: NotedPack): void {
    const before = this.#held.get(note.packId);
    if (before) this.#claims.off(note.packId, before.names);
    this.#claims.put(note.packId, note.names);
    this.#held.delete(note.packId);
    this.#held.set(note.packId, note);
    this.#last = Math.max(this.#last, note.order);
  }

  readonly #isHeld = (pack: NotedPack): boolean => {
    const held = this.#held.get(pack.packId);
    return held !== undefined && stemOf(held) === stemOf(pack);
  };

  /** Leads names to the packs that serve them now, or nowhere. */
  async #lead(names: readonly string[]): Promise<void> {
    const aims: (readonly [string, string])[] = [];
    const free: string[] = [];
    for (const name of names) {
      const pack = this.#held.get(this.#claims.of(name) ?? '');
      if (pack) aims.push([name, stemOf(pack)]);
      else free.push(name);
    }
    await this.#links.drop(free);
    await this.#links.lead(aims);
  }

  /** Takes files away, the note now and the others later: a handshake may have come to them just before. */
  async #retire(packs: readonly NotedPack[]): Promise<void> {
    await inTurns(packs, (pack) => this.#files.remove(`packs/${stemOf(pack)}.json`));
    for (const pack of packs) {
      const stem = stemOf(pack);
      this.#keep(stem);
      const remove = async () => {
        // It may have come back while this waited for its turn.
        if (!this.#isHeld(pack) && !this.#retired.has(stem)) await this.#remove(stem);
      };
      const end = () => {
        this.#retired.delete(stem);
        this.#inTurn(remove).catch((error: unknown) => {
          this.#log.warn({ err: error }, 'nginx: files of a version that is no more are not removed');
        });
      };
      this.#retired.set(stem, setTimeout(end, STAY_MS).unref());
    }
  }

  /** A version that is back, or was just now, stays. */
  #keep(stem: string): void {
    clearTimeout(this.#retired.get(stem));
    this.#retired.delete(stem);
  }

  /** Takes away what was written of a pack that is not held. */
  async #forget(pack: CheckedPack): Promise<void> {
    const held = this.#held.get(pack.packId);
    if (held === undefined || stemOf(held) !== stemOf(pack)) await this.#remove(stemOf(pack));
  }

  async #remove(stem: string): Promise<void> {
    for (const end of ['.json', '', ...Object.values(ENDS)]) await this.#files.remove(`packs/${stem}${end}`);
  }
}
