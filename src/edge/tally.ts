/** Counts of what came of something, by kinds that are known beforehand; all begin at 0. */
export class Tally<K extends string> {
  readonly #counts: Record<K, number>;

  constructor(kinds: readonly K[]) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one entry for each kind
    this.#counts = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<K, number>;
  }

  add(kind: K): void {
    this.#counts[kind] += 1;
  }

  get counts(): Readonly<Record<K, number>> {
    return { ...this.#counts };
  }

  get sum(): number {
    return Object.values<number>(this.#counts).reduce((sum, count) => sum + count, 0);
  }
}
