import { LRUCache } from 'lru-cache';
import type { Clock } from '../../kit/clock.ts';
import { after, hours, type Seconds } from '../../kit/time.ts';
import { isRegistry, parentOf } from '../message/names.ts';
import type { Zone } from './zone.ts';

/** Longest that a referral is kept. */
const LONGEST: Seconds = hours(1);

/** Remembers who serves top-level domains and other registries' suffixes; never anything of a registrant. */
export class Suffixes {
  readonly #zones = new LRUCache<string, { readonly zone: Zone; readonly until: Date }>({ max: 2_000 });
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Keeps `zone` for `ttl` seconds, an hour at most. A zone that no registry runs is not kept. */
  put(zone: Zone, ttl: Seconds): void {
    if (zone.name === '' || !isRegistry(zone.name)) return;
    this.#zones.set(zone.name, { zone, until: after(this.#clock.now(), Math.min(ttl, LONGEST)) });
  }

  /** The longest suffix of `name` that is known. */
  get(name: string): Zone | undefined {
    for (let suffix = name; suffix !== ''; suffix = parentOf(suffix)) {
      const kept = this.#zones.get(suffix);
      if (kept && kept.until > this.#clock.now()) return kept.zone;
    }
    return undefined;
  }

  /** Drops a zone whose servers did not help. */
  forget(name: string): void {
    this.#zones.delete(name);
  }
}
