/** Which packs want to serve each name; the one that was put last does. */
export class Claims {
  readonly #packs = new Map<string, Set<string>>();

  /** Puts a pack last for these names. */
  put(packId: string, names: readonly string[]): void {
    for (const name of names) {
      const packs = this.#packs.get(name) ?? new Set();
      packs.delete(packId);
      this.#packs.set(name, packs.add(packId));
    }
  }

  off(packId: string, names: readonly string[]): void {
    for (const name of names) {
      const packs = this.#packs.get(name);
      packs?.delete(packId);
      if (packs?.size === 0) this.#packs.delete(name);
    }
  }

  /** The pack that serves a name. */
  of(name: string): string | undefined {
    return [...(this.#packs.get(name) ?? [])].at(-1);
  }

  names(): IterableIterator<string> {
    return this.#packs.keys();
  }
}
