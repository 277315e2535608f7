import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type NotedPack, toNotedPacks } from '../placed/noted-pack.ts';
import { type PlacedFiles, packIdIn, stemOf } from '../placed/placed-files.ts';

/** The link that the operator's configuration includes by. */
const CURRENT = 'current';

/** A version of what nginx includes: `versions/N/` with `servers.conf`, the packs in it, and a mark once nginx took it. */
export interface Version {
  readonly number: number;
  readonly packs: readonly NotedPack[];
}

/** The versions in a driver's folder: one is current, and another is made before it goes. */
export class Versions {
  readonly #files: PlacedFiles;
  #last = 0;

  constructor(files: PlacedFiles) {
    this.#files = files;
  }

  /** The last version that nginx took, current again where a kill left another; one without packs at first. */
  async open(): Promise<Version> {
    const numbers = (await this.#files.list('versions')).map(Number).filter(Number.isSafeInteger);
    this.#last = Math.max(0, ...numbers);
    const linked = Number(/\d+$/.exec((await this.#files.linked(CURRENT)) ?? '')?.[0]);
    // The current one goes first: after a rollback a later one may lie there.
    for (const number of [linked, ...numbers.toSorted((a, b) => b - a)]) {
      const packs = await this.#tested(number);
      if (packs === undefined) continue;
      if (number !== linked) await this.makeCurrent(number);
      return { number, packs };
    }
    const first = await this.write([], '# Nothing yet.\n');
    await this.makeCurrent(first.number);
    await this.markTested(first.number);
    return first;
  }

  /** Writes another version beside the current one. */
  async write(packs: readonly NotedPack[], servers: string): Promise<Version> {
    const number = ++this.#last;
    await this.#files.write(`versions/${number}/packs.json`, JSON.stringify(packs));
    await this.#files.write(`versions/${number}/servers.conf`, servers);
    return { number, packs };
  }

  makeCurrent(number: number): Promise<void> {
    return this.#files.link(CURRENT, `versions/${number}`);
  }

  markTested(number: number): Promise<void> {
    return this.#files.write(`versions/${number}/tested`, '');
  }

  remove(number: number): Promise<void> {
    return this.#files.remove(`versions/${number}`);
  }

  /** What a version has nginx read. */
  text(number: number): Promise<string> {
    return this.#read(number, 'servers.conf').catch(() => '');
  }

  /** Takes away all but one version, and the files of packs that are not in it. */
  async sweep({ number, packs }: Version): Promise<void> {
    for (const other of await this.#files.list('versions'))
      if (other !== String(number)) await this.#files.remove(`versions/${other}`);
    const stems = new Set(packs.map(stemOf));
    for (const shelf of await this.#files.list('packs'))
      for (const name of await this.#files.list(`packs/${shelf}`)) {
        const stem = `${shelf}/${name.split('.', 1).join()}`;
        if (packIdIn(stem) === undefined || !stems.has(stem))
          await this.#files.remove(`packs/${shelf}/${name}`);
      }
  }

  async #tested(number: number): Promise<NotedPack[] | undefined> {
    try {
      await this.#read(number, 'tested');
      return toNotedPacks(await this.#read(number, 'packs.json'));
    } catch {
      return undefined;
    }
  }

  #read(number: number, name: string): Promise<string> {
    return readFile(join(this.#files.folder, 'versions', String(number), name), 'utf8');
  }
}
