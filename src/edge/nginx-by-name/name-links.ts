import { isWildcard } from '../../pack/hosts.ts';
import type { PlacedFiles } from '../placed/placed-files.ts';
import { ENDS, exactPath, pathsOf, SLOTS, type Slot, wildcardPath } from './name-paths.ts';
import { untilUnread } from './slots.ts';

/** Where a name is to lead: the stem of a pack's files. */
export type Aim = readonly [name: string, stem: string];

/** How many links are led elsewhere at the same time. */
const AT_ONCE = 16;

/** The links from names to packs. */
export class NameLinks {
  readonly #files: PlacedFiles;

  constructor(files: PlacedFiles) {
    this.#files = files;
  }

  /** Leads names to packs: exact ones at once, wildcards that led elsewhere within some seconds. */
  async lead(aims: readonly Aim[]): Promise<void> {
    await inTurns(
      aims.filter(([name]) => !isWildcard(name)),
      ([name, stem]) => this.#leadExact(name, stem),
    );
    const wildcards = aims.filter(([name]) => isWildcard(name));
    for (const slot of SLOTS) for (const aim of wildcards) await this.#leadWildcard(aim, slot);
  }

  /** Whether every link of a name leads there; of a wildcard those of both slots. */
  async leads(name: string, stem: string): Promise<boolean> {
    if (!isWildcard(name)) return (await this.#files.linked(exactPath(name))) === exactTarget(stem);
    for (const slot of SLOTS)
      for (const end of Object.values(ENDS)) {
        const target = await this.#files.linked(`${wildcardPath(name, slot)}${end}`);
        if (target !== wildcardTarget(stem, end)) return false;
      }
    return true;
  }

  /** Takes the links of names away. */
  async drop(names: readonly string[]): Promise<void> {
    await inTurns(names.flatMap(pathsOf), (path) => this.#files.remove(path));
  }

  /** Takes away what leads to no pack that is held, or is of a name that none has. */
  async sweep(isHeld: (name: string) => boolean): Promise<void> {
    const exact = await this.#namesBelow('names');
    await this.drop(exact.filter((name) => !isHeld(name)));
    const bases = new Set<string>();
    for (const slot of SLOTS)
      for (const file of await this.#namesBelow(`wildcards/${slot}`))
        bases.add(`*.${file.replace(/\.(?:ecdsa|rsa)\.pem$/, '')}`);
    await this.drop([...bases].filter((name) => !isHeld(name)));
  }

  async #leadExact(name: string, stem: string): Promise<void> {
    const path = exactPath(name);
    const target = exactTarget(stem);
    if ((await this.#files.linked(path)) !== target) await this.#files.link(path, target);
  }

  async #leadWildcard([name, stem]: Aim, slot: Slot): Promise<void> {
    for (const end of Object.values(ENDS)) {
      const path = `${wildcardPath(name, slot)}${end}`;
      const target = wildcardTarget(stem, end);
      const before = await this.#files.linked(path);
      if (before === target) continue;
      if (before !== undefined) await untilUnread(slot);
      await this.#files.link(path, target);
    }
  }

  async #namesBelow(folder: string): Promise<string[]> {
    const names: string[] = [];
    for (const first of await this.#files.list(folder))
      for (const second of await this.#files.list(`${folder}/${first}`))
        names.push(...(await this.#files.list(`${folder}/${first}/${second}`)));
    return names;
  }
}

const exactTarget = (stem: string): string => `../../../packs/${stem}`;
const wildcardTarget = (stem: string, end: string): string => `../../../../packs/${stem}${end}`;

/** Does something for each of many, some at the same time; rejects with the first failure once all under way ended. */
export async function inTurns<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const one = async () => {
    for (const item of left) await act(item);
  };
  const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, one));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}
