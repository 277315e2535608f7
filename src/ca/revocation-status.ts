import { X509Certificate } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../kit/clock.ts';
import type { Log } from '../kit/log.ts';
import { after, hours, minutes, type Seconds } from '../kit/time.ts';
import { listUrlsOf, readCrl } from './crl.ts';
import { type Issued, questionUrl, readOcsp, responderUrlsOf } from './ocsp.ts';
import { type RevocationAnswer, type RevokedEntry, toSerial } from './revocation-answer.ts';

/** Gets what lies at a URL, by plain HTTP; in words why nothing came. Rejects only with the reason of an aborted signal. */
export type FetchAnswer = (url: string, mostBytes: number, signal: AbortSignal) => Promise<Buffer | string>;

export interface StatusDeps {
  readonly fetch: FetchAnswer;
  readonly clock: Clock;
  readonly log: Log;
}

/** A leaf that its CA revoked. */
export interface RevokedLeaf extends RevokedEntry {
  readonly serial: string;
  readonly url: string;
}

/** Most bytes of a list and of an answer, most entries of all of them in memory, and most that wait to be gotten. */
const MOST = { list: 4_194_304, answer: 65_536, entries: 300_000, waiting: 256 } as const;
/** It is asked again so soon and so late at most, whatever was said; where nothing came, after this. */
const AGAIN: { readonly least: Seconds; readonly most: Seconds; readonly failed: Seconds } = {
  least: minutes(5),
  most: hours(6),
  failed: minutes(10),
};

/** What was said last. */
interface Kept {
  readonly said: RevocationAnswer | undefined;
  readonly again: Date;
}

/** A list that is to be gotten, or a responder that is to be asked of a leaf. */
interface Wanted extends Issued {
  readonly kind: 'list' | 'responder';
  readonly url: string;
}

const BEGIN = '-----BEGIN CERTIFICATE-----';

/**
 * What CAs revoked, by the lists that leaves name, or by the responders of those that name no list: one is asked at a time, what it
 * says is kept until it says something newer, and it is never waited for.
 */
export class RevocationStatus {
  readonly #deps: StatusDeps;
  readonly #kept = new LRUCache<string, Kept>({
    maxSize: MOST.entries,
    sizeCalculation: ({ said }) => 1 + (said?.revoked.size ?? 0),
  });
  readonly #waiting = new Map<string, Wanted>();
  /** Until when responders are left alone that did not answer: each would be asked of every leaf that names it. */
  readonly #resting = new LRUCache<string, Date>({ max: MOST.waiting });

  constructor(deps: StatusDeps) {
    this.#deps = deps;
  }

  /** Whether the leaf of a chain in PEM is known to be revoked, as far as that is here; it is asked soon where it is not. Never throws. */
  look(chain: string): RevokedLeaf | undefined {
    const [leaf, issuer] = firstTwo(chain);
    if (!leaf || !issuer) return undefined;
    for (const wanted of wantedOf({ leaf, issuer })) {
      const key = keyOf(wanted);
      const kept = this.#kept.get(key);
      if (!kept || kept.again <= this.#deps.clock.now()) this.#enqueue(key, wanted);
      const entry = kept?.said?.revoked.get(toSerial(leaf.serialNumber));
      if (entry) return { ...entry, url: wanted.url, serial: leaf.serialNumber };
    }
    return undefined;
  }

  /** Gets one answer that is due, if any. Rejects only with the reason of an aborted signal. */
  async getNext(signal: AbortSignal): Promise<void> {
    const next = this.#takeNext();
    if (!next) return;
    const [key, wanted] = next;
    const before = this.#kept.get(key)?.said;
    const came = await this.#ask(wanted, signal);
    const now = this.#deps.clock.now();
    if (typeof came === 'string') {
      this.#deps.log.warn({ url: wanted.url, why: came }, 'it cannot be had what a CA revoked');
      this.#kept.set(key, { said: before, again: after(now, AGAIN.failed) });
      if (wanted.kind === 'responder') this.#resting.set(wanted.url, after(now, AGAIN.failed));
    } else this.#kept.set(key, { said: came, again: againAt(came, now) });
  }

  #enqueue(key: string, wanted: Wanted): void {
    if (this.#waiting.size < MOST.waiting && !this.#rests(wanted)) this.#waiting.set(key, wanted);
  }

  #rests({ kind, url }: Wanted): boolean {
    const until = kind === 'responder' ? this.#resting.get(url) : undefined;
    return until !== undefined && this.#deps.clock.now() < until;
  }

  #takeNext(): readonly [string, Wanted] | undefined {
    for (const next of this.#waiting) {
      this.#waiting.delete(next[0]);
      if (!this.#rests(next[1])) return next;
    }
    return undefined;
  }

  async #ask(wanted: Wanted, signal: AbortSignal): Promise<RevocationAnswer | string> {
    const { kind, url, issuer } = wanted;
    if (kind === 'list') {
      const came = await this.#deps.fetch(url, MOST.list, signal);
      return typeof came === 'string' ? came : readCrl(came, issuer);
    }
    const question = await questionUrl(url, wanted);
    if (question === undefined) return 'the leaf cannot be read';
    const came = await this.#deps.fetch(question, MOST.answer, signal);
    return typeof came === 'string' ? came : readOcsp(came, wanted, this.#deps.clock.now());
  }
}

function wantedOf(issued: Issued): readonly Wanted[] {
  const lists = listUrlsOf(issued.leaf).map((url) => ({ ...issued, kind: 'list', url }) as const);
  if (lists.length > 0) return lists;
  return responderUrlsOf(issued.leaf).map((url) => ({ ...issued, kind: 'responder', url }) as const);
}

/** A list is one for all leaves of its issuer; a responder says one thing of each. */
const keyOf = ({ kind, url, leaf, issuer }: Wanted): string =>
  `${url} ${issuer.fingerprint256} ${kind === 'list' ? '' : leaf.fingerprint256}`;

function againAt({ nextUpdate }: RevocationAnswer, now: Date): Date {
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
