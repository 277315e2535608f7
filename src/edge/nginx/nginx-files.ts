import { Fault } from '../../kit/fault.ts';
import type { Log } from '../../kit/log.ts';
import type { RefusedPack } from '../driver.ts';
import type { CheckedPack } from '../placed/checked-pack.ts';
import type { CommandEnd } from '../placed/edge-command.ts';
import type { NotedPack } from '../placed/noted-pack.ts';
import { type PlacedFiles, stemOf } from '../placed/placed-files.ts';
import { type NginxProgram, reloadNginx, testConfiguration } from './nginx-process.ts';
import { ENDS, type ServerTerms, serversText } from './servers.ts';
import { type Version, Versions } from './versions.ts';

/** What is to be changed: packs put on, or taken off. */
export type Change = { readonly put: readonly CheckedPack[] } | { readonly off: readonly string[] };

/** Most times that nginx is asked in one round which packs it does not take. */
const MOST_TESTS = 40;

interface Fitted {
  readonly packs: readonly NotedPack[];
  readonly refused: readonly RefusedPack[];
}

/** The files that nginx has of ours, and nginx itself: one version after the other, each tested before it is loaded. */
export class NginxFiles {
  readonly #files: PlacedFiles;
  readonly #versions: Versions;
  readonly #nginx: NginxProgram;
  readonly #terms: ServerTerms;
  readonly #log: Log;
  #current: Version = { number: 0, packs: [] };
  #text = '';
  /** Whether the running nginx has what is current, as far as is known. */
  #isLoaded = false;
  #testsLeft = 0;

  constructor(files: PlacedFiles, nginx: NginxProgram, terms: ServerTerms, log: Log) {
    this.#files = files;
    this.#versions = new Versions(files);
    this.#nginx = nginx;
    this.#terms = terms;
    this.#log = log;
  }

  get packs(): readonly NotedPack[] {
    return this.#current.packs;
  }

  /** Finds what lies there, and mends what a kill left. */
  async open(): Promise<void> {
    this.#current = await this.#versions.open();
    this.#text = await this.#versions.text(this.#current.number);
    await this.#versions.sweep(this.#current);
  }

  /** Makes changes in their order, with one reload; packs that nginx does not take. Nothing is changed where it throws. */
  async make(changes: readonly Change[]): Promise<readonly RefusedPack[]> {
    const before = this.#current;
    const textBefore = this.#text;
    this.#testsLeft = MOST_TESTS;
    const { off, put } = together(changes);
    // Who puts on what is there already has seen that it is not shown.
    if (put.length > 0) this.#isLoaded = false;
    try {
      for (const pack of put) await this.#files.placePack(pack, ENDS);
      const { refused } = await this.#fit(without(before.packs, off), put);
      await this.#load();
      return refused;
    } catch (error) {
      // A nginx that does not run finds at its start what was tested.
      if (!(error instanceof Fault && error.fault === 'edge_unreachable'))
        await this.#goBack(before, textBefore);
      throw error;
    } finally {
      await this.#versions.sweep(this.#current).catch((error: unknown) => {
        this.#log.warn({ err: error }, 'nginx: files that nobody needs any more are not removed');
      });
    }
  }

  /** As many of `put` as nginx takes beside `base`. Throws `edge_refused` where it does not take `base` by itself. */
  async #fit(base: readonly NotedPack[], put: readonly CheckedPack[]): Promise<Fitted> {
    const packs = beside(base, put);
    const words = await this.#try(packs);
    if (words === undefined) return { packs, refused: [] };
    const named = put.filter((pack) => words.includes(stemOf(pack)));
    if (named.length > 0) {
      const rest = await this.#fit(
        base,
        put.filter((pack) => !named.includes(pack)),
      );
      return { ...rest, refused: [...named.map((pack) => refusal(pack, words)), ...rest.refused] };
    }
    if (put.length === 0) throw new Fault('edge_refused', `nginx does not take its files: ${words}`);
    const [only, ...others] = put;
    if (only && others.length === 0) {
      const { packs: alone } = await this.#fit(base, []);
      return { packs: alone, refused: [refusal(only, words)] };
    }
    const half = Math.ceil(put.length / 2);
    const first = await this.#fit(base, put.slice(0, half));
    const second = await this.#fit(first.packs, put.slice(half));
    return { packs: second.packs, refused: [...first.refused, ...second.refused] };
  }

  /** Makes a version of these packs current if nginx takes it; else what nginx says. */
  async #try(packs: readonly NotedPack[]): Promise<string | undefined> {
    const text = serversText(packs, this.#terms);
    const isSame = text === this.#text && packs.length === this.#current.packs.length;
    if (isSame && this.#testsLeft === MOST_TESTS) return undefined;
    if (this.#testsLeft-- === 0) throw new Fault('edge_refused', 'nginx refused too many of these packs');
    // What it took before it may not take any more: the rest of its configuration is the operator's.
    if (isSame) return wordsOf(await testConfiguration(this.#nginx));
    const version = await this.#versions.write(packs, text);
    await this.#versions.makeCurrent(version.number);
    const words = wordsOf(await testConfiguration(this.#nginx));
    if (words !== undefined) {
      await this.#versions.makeCurrent(this.#current.number);
      await this.#versions.remove(version.number);
      return words;
    }
    await this.#versions.markTested(version.number);
    this.#current = version;
    this.#text = text;
    this.#isLoaded = false;
    return undefined;
  }

  async #load(): Promise<void> {
    if (this.#isLoaded) return;
    await reloadNginx(this.#nginx);
    this.#isLoaded = true;
  }

  async #goBack(before: Version, text: string): Promise<void> {
    await this.#versions.makeCurrent(before.number).catch((error: unknown) => {
      this.#log.error({ err: error }, 'nginx: the version before is not back');
    });
    this.#current = before;
    this.#text = text;
  }
}

/** What a test complained of; undefined: it did not. */
const wordsOf = ({ isDone, words }: CommandEnd): string | undefined => (isDone ? undefined : words);

const refusal = ({ packId }: CheckedPack, why: string): RefusedPack => ({ packId, why });

/** What changes come to: of a pack the last one counts. */
function together(changes: readonly Change[]): { off: ReadonlySet<string>; put: readonly CheckedPack[] } {
  const off = new Set<string>();
  const put = new Map<string, CheckedPack>();
  for (const change of changes) {
    if ('off' in change)
      for (const packId of change.off) {
        off.add(packId);
        put.delete(packId);
      }
    else
      for (const pack of change.put) {
        put.delete(pack.packId);
        put.set(pack.packId, pack);
      }
  }
  return { off, put: [...put.values()] };
}

const without = (packs: readonly NotedPack[], off: ReadonlySet<string>): NotedPack[] =>
  packs.filter(({ packId }) => !off.has(packId));

/** Packs that were put later stand behind, and serve the names that others have too. */
function beside(base: readonly NotedPack[], put: readonly CheckedPack[]): NotedPack[] {
  const last = base.at(-1)?.order ?? 0;
  const notes = put.map(({ packId, names, leaves, digest }, i) => ({
    packId,
    names: [...names],
    leaves,
    digest,
    order: last + 1 + i,
  }));
  return [...without(base, new Set(put.map(({ packId }) => packId))), ...notes];
}
