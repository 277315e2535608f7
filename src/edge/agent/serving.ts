import { wildcardOf } from '../../pack/hosts.ts';
import type { Algorithm } from '../../pack/pack.ts';
import type { StateEntry } from './state-log.ts';

/** Lower-case hexadecimal SHA-256 of leaves. */
export type Leaves = Readonly<Partial<Record<Algorithm, string>>>;

/** A pack that serves names here. */
export interface WantedPack {
  readonly packId: string;
  readonly digest: string;
  readonly leaves: Leaves;
  readonly names: ReadonlySet<string>;
}

/** A pack that serves nothing here any more. */
export interface LeavingPack {
  readonly packId: string;
  readonly names: readonly string[];
  readonly leaves: Leaves;
}

/** What the service told, up to a cursor. */
export interface Told {
  /** Undefined: what follows is not known from here on, and all is to be told again after a break. */
  readonly at: string | undefined;
  /** Packs that were stored since (`store`). */
  readonly packs: readonly Pick<WantedPack, 'packId' | 'digest' | 'leaves'>[];
  /** Names with the ids of the packs that serve them; those of packs that are not there stay as they were. */
  readonly names: ReadonlyMap<string, string>;
  readonly gone: ReadonlySet<string>;
}

/** A pack in the making of the state: the same object for all of its names. */
class Row implements WantedPack {
  readonly packId: string;
  digest = '';
  leaves: Leaves = {};
  readonly names = new Set<string>();

  constructor(packId: string) {
    this.packId = packId;
  }
}

const ROWS_A_LINE = 1_000;

/** Which pack serves each name, in memory: what the entries of a log come to. */
export class Serving {
  readonly #byId = new Map<string, Row>();
  readonly #byName = new Map<string, Row>();
  readonly #leaving = new Map<string, LeavingPack>();
  /** Packs of which something changes, with the names that they had. */
  readonly #touched = new Map<Row, readonly string[]>();
  #at: string | undefined;

  /** Up to where it was told; undefined: not known, all is to be told anew. */
  get at(): string | undefined {
    return this.#at;
  }

  /** The packs that serve a name. */
  get packs(): readonly WantedPack[] {
    return [...this.#byId.values()];
  }

  get leaving(): readonly LeavingPack[] {
    return [...this.#leaving.values()];
  }

  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  get counts(): { readonly packs: number; readonly names: number } {
    return { packs: this.#byId.size, names: this.#byName.size };
  }

  pack(packId: string): WantedPack | undefined {
    return this.#byId.get(packId);
  }

  leavingPack(packId: string): LeavingPack | undefined {
    return this.#leaving.get(packId);
  }

  /** The pack of a name as it is written; a wildcard is one. */
  packNamed(name: string): WantedPack | undefined {
    return this.#byName.get(name);
  }

  /** The pack that serves a name that a client asks for: exact, else under the wildcard. */
  packFor(name: string): WantedPack | undefined {
    return this.#byName.get(name) ?? this.#byName.get(wildcardOf(name));
  }

  /** All is to be told anew: where a part of it is not known. */
  doubt(): void {
    this.#at = undefined;
  }

  /** Takes an entry over, the same from the disk and from the service; up to an `at` all goes together. */
  read(entry: StateEntry): void {
    for (const pack of entry.packs ?? []) this.#put(pack);
    for (const [name, packId] of entry.names ?? []) {
      const row = this.#byId.get(packId);
      if (row) this.#serve(name, row);
    }
    for (const name of entry.gone ?? []) this.#serve(name, undefined);
    this.#readLeaving(entry);
    if (entry.at === undefined) return;
    this.#at = entry.at ?? undefined;
    this.#sweep();
  }

  #readLeaving({ leaving = [], released = [] }: StateEntry): void {
    for (const [packId, names, ecdsa, rsa] of leaving)
      this.#leaving.set(packId, { packId, names, leaves: leavesOf(ecdsa, rsa) });
    for (const packId of released) this.#leaving.delete(packId);
  }

  #put([packId, digest, ecdsa, rsa]: PackEntry): void {
    const row = this.#byId.get(packId) ?? new Row(packId);
    this.#byId.set(packId, row);
    this.#touch(row);
    row.digest = digest;
    row.leaves = leavesOf(ecdsa, rsa);
  }

  #serve(name: string, row: Row | undefined): void {
    const before = this.#byName.get(name);
    if (before === row) return;
    if (before) this.#touch(before).names.delete(name);
    if (row) {
      this.#touch(row).names.add(name);
      this.#byName.set(name, row);
    } else this.#byName.delete(name);
  }

  #touch(row: Row): Row {
    if (!this.#touched.has(row)) this.#touched.set(row, [...row.names]);
    return row;
  }

  /** Packs without names go; those that served some until now are remembered until it was told that they are gone. */
  #sweep(): void {
    for (const [row, names] of this.#touched) {
      const { packId, leaves } = row;
      if (row.names.size > 0) this.#leaving.delete(packId);
      else {
        this.#byId.delete(packId);
        if (names.length > 0) this.#leaving.set(packId, { packId, names, leaves });
      }
    }
    this.#touched.clear();
  }

  /** All that there is, each entry of use without those behind it. */
  *all(): Generator<StateEntry> {
    for (const some of inParts(this.packs, ROWS_A_LINE)) {
      const packs = some.map(({ packId, digest, leaves }) => packEntry(packId, digest, leaves));
      const names = some.flatMap((row) => [...row.names].map((name): [string, string] => [name, row.packId]));
      yield { packs, names, at: null };
    }
    for (const some of inParts(this.leaving, ROWS_A_LINE)) {
      const leaving = some.map(({ packId, names, leaves }): LeavingEntry => {
        return [packId, [...names], leaves.ecdsa ?? null, leaves.rsa ?? null];
      });
      yield { leaving, at: null };
    }
    yield { at: this.#at ?? null };
  }
}

type PackEntry = NonNullable<StateEntry['packs']>[number];
type LeavingEntry = NonNullable<StateEntry['leaving']>[number];

const packEntry = (packId: string, digest: string, leaves: Leaves): PackEntry => [
  packId,
  digest,
  leaves.ecdsa ?? null,
  leaves.rsa ?? null,
];

const leavesOf = (ecdsa: string | null, rsa: string | null): Leaves => ({
  ...(ecdsa !== null && { ecdsa }),
  ...(rsa !== null && { rsa }),
});

/** Lines of a bounded length, of which the last makes all of them count. */
export function entriesOf({ at, packs, names, gone }: Told): StateEntry[] {
  const entries: StateEntry[] = [];
  for (const some of inParts(packs, ROWS_A_LINE))
    entries.push({ packs: some.map((pack) => packEntry(pack.packId, pack.digest, pack.leaves)) });
  for (const some of inParts([...names], ROWS_A_LINE)) entries.push({ names: some });
  for (const some of inParts([...gone], ROWS_A_LINE)) entries.push({ gone: some });
  return [...entries, { at: at ?? null }];
}

/** `all` in parts of at most `most`. */
export function* inParts<T>(all: readonly T[], most: number): Generator<T[]> {
  for (let at = 0; at < all.length; at += most) yield all.slice(at, at + most);
}
