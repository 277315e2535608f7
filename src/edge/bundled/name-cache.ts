import { LRUCache } from 'lru-cache';
import type { Seconds } from '../../kit/time.ts';
import { isWildcard, wildcardOf } from '../../pack/hosts.ts';

/** The names used last, each with a value; all names under a wildcard can be dropped at once. */
export class NameCache<T extends object | true> {
  readonly #byName: LRUCache<string, T>;
  readonly #byWildcard = new Map<string, Set<string>>();

  /** Keeps at most `most` names, each for at most `timeToLive` of real time where one is given. */
  constructor({ most, timeToLive }: { readonly most: number; readonly timeToLive?: Seconds }) {
    this.#byName = new LRUCache<string, T>({
      max: most,
      ttl: (timeToLive ?? 0) * 1_000,
      onInsert: (_value, name, reason) => {
        if (reason === 'add') this.#index(name);
      },
      dispose: (_value, name, reason) => {
        if (reason !== 'set') this.#unindex(name);
      },
    });
  }

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): T | undefined {
    return this.#byName.get(name);
  }

  set(name: string, value: T): void {
    this.#byName.set(name, value);
  }

  delete(name: string): void {
    this.#byName.delete(name);
  }

  clear(): void {
    this.#byName.clear();
  }

  /** Drops every name that one of `hosts` covers; a wildcard covers one label (RFC 9525 6.3). */
  drop(hosts: readonly string[]): void {
    for (const name of this.covered(hosts)) this.#byName.delete(name);
  }

  /** The names that `hosts` cover, some perhaps twice or not there any more. */
  covered(hosts: readonly string[]): string[] {
    return hosts.flatMap((host) => (isWildcard(host) ? [...(this.#byWildcard.get(host) ?? [])] : [host]));
  }

  #index(name: string): void {
    const wildcard = wildcardOf(name);
    const names = this.#byWildcard.get(wildcard);
    if (names) names.add(name);
    else this.#byWildcard.set(wildcard, new Set([name]));
  }

  #unindex(name: string): void {
    const wildcard = wildcardOf(name);
    const names = this.#byWildcard.get(wildcard);
    names?.delete(name);
    if (names?.size === 0) this.#byWildcard.delete(wildcard);
  }
}
