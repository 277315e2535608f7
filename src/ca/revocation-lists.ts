import { X509Certificate } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../kit/clock.ts';
import type { Log } from '../kit/log.ts';
import { after, hours, minutes, type Seconds } from '../kit/time.ts';
import { type Crl, listUrlsOf, type RevokedEntry, readCrl } from './crl.ts';

/** Gets what lies at a URL, by plain HTTP; in words why nothing came. Rejects only with the reason of an aborted signal. */
export type FetchList = (url: string, mostBytes: number, signal: AbortSignal) => Promise<Buffer | string>;

export interface ListsDeps {
  readonly fetch: FetchList;
  readonly clock: Clock;
  readonly log: Log;
}

/** A leaf that its CA revoked. */
export interface RevokedLeaf extends RevokedEntry {
  readonly serial: string;
  readonly url: string;
}

/** Most bytes of a list, most lists, and most entries of all of them in memory. */
const MOST = { bytes: 4_194_304, lists: 256, entries: 300_000, waiting: 256 } as const;
/** A list is asked for again so soon and so late at most, whatever it says; one that did not come, after this. */
const AGAIN: { readonly least: Seconds; readonly most: Seconds; readonly failed: Seconds } = {
  least: minutes(5),
  most: hours(6),
  failed: minutes(10),
};

/** A list as it was gotten last. */
interface Kept {
  readonly crl: Crl | undefined;
  readonly again: Date;
}

/** A list that is to be gotten. */
interface Wanted {
  readonly url: string;
  readonly issuer: X509Certificate;
}

const BEGIN = '-----BEGIN CERTIFICATE-----';

/** What CAs revoked, by the lists that leaves name: one is gotten at a time, kept until the next is due, and never waited for. */
export class RevocationLists {
  readonly #deps: ListsDeps;
  readonly #kept = new LRUCache<string, Kept>({
    max: MOST.lists,
    maxSize: MOST.entries,
    sizeCalculation: ({ crl }) => 1 + (crl?.revoked.size ?? 0),
  });
  readonly #waiting = new Map<string, Wanted>();

  constructor(deps: ListsDeps) {
    this.#deps = deps;
  }

  /** Whether the leaf of a chain in PEM stands on its list, as far as that is here; it is gotten soon where it is not. Never throws. */
  look(chain: string): RevokedLeaf | undefined {
    const [leaf, issuer] = firstTwo(chain);
    if (!leaf || !issuer) return undefined;
    for (const url of listUrlsOf(leaf)) {
      const key = `${url} ${issuer.fingerprint256}`;
      const kept = this.#kept.get(key);
      const isStale = !kept || kept.again <= this.#deps.clock.now();
      if (isStale && this.#waiting.size < MOST.waiting) this.#waiting.set(key, { url, issuer });
      const entry = kept?.crl?.revoked.get(leaf.serialNumber.replace(/^0+(?=.)/, ''));
      if (entry) return { ...entry, url, serial: leaf.serialNumber };
    }
    return undefined;
  }

  /** Gets one list that is due, if any. Rejects only with the reason of an aborted signal. */
  async getNext(signal: AbortSignal): Promise<void> {
    const [next] = this.#waiting;
    if (!next) return;
    const [key, wanted] = next;
    this.#waiting.delete(key);
    const before = this.#kept.get(key)?.crl;
    const came = await this.#read(wanted, signal);
    const now = this.#deps.clock.now();
    if (typeof came === 'string') {
      this.#deps.log.warn({ url: wanted.url, why: came }, 'a list of what a CA revoked cannot be had');
      this.#kept.set(key, { crl: before, again: after(now, AGAIN.failed) });
    } else this.#kept.set(key, { crl: came, again: againAt(came, now) });
  }

  async #read({ url, issuer }: Wanted, signal: AbortSignal): Promise<Crl | string> {
    const came = await this.#deps.fetch(url, MOST.bytes, signal);
    return typeof came === 'string' ? came : readCrl(came, issuer);
  }
}

function againAt({ nextUpdate }: Crl, now: Date): Date {
  const [least, most] = [after(now, AGAIN.least), after(now, AGAIN.most)];
  if (!nextUpdate || nextUpdate > most) return most;
  return nextUpdate < least ? least : nextUpdate;
}

/** Leaf and issuer of a chain in PEM, as far as they can be read. */
function firstTwo(chain: string): readonly X509Certificate[] {
  const pems = chain.split(BEGIN).slice(1, 3);
  try {
    return pems.map((pem) => new X509Certificate(`${BEGIN}${pem}`));
  } catch {
    return [];
  }
}
