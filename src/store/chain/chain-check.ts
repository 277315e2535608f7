/** Looks at one chain of the record, record by record, and names what is not as it was written. */
import { type Link, linkHash } from './link.ts';

/** A record, as far as its chain goes. */
export interface ChainRecord {
  readonly seq: bigint;
  /** SHA-256 of what it says now. */
  readonly digest: Buffer;
  /** Undefined: it stands in no chain. */
  readonly link: { readonly place: bigint; readonly hash: Buffer } | undefined;
}

/** The last record of a chain, or the last before its beginning. */
export interface ChainMark {
  readonly place: bigint;
  readonly hash: Buffer;
}

/** What can be wrong with a chain. */
export const TAMPERINGS = {
  altered: 'says something else than when it was written',
  missing: 'is not there, and what came behind it is',
  reordered: 'does not stand where it was written',
  unchained: 'stands in no chain: an older version of the service wrote it, or another hand did',
  cut: 'is not there: the end was cut off',
  rewritten: 'is another one than the head of the chain says',
  endless: 'is the last one, and nothing says whether it was: the end of the chain is gone',
  gone: 'and all before it are not there, nor is the chain',
} as const;

export interface Finding {
  readonly what: keyof typeof TAMPERINGS;
  /** Places in the chain; of what stands in none the number in its zone. */
  readonly from: bigint;
  readonly to: bigint;
}

/** Records in sight before and behind the one that does not fit, among which it is looked for. */
const SIGHT = 64;

/** The place that is reached, and what the hash there may be; undefined: any, as what was before is not known. */
interface Reached {
  readonly place: bigint;
  readonly hashes: readonly Buffer[] | undefined;
}

/** What is known of a chain beside its records. */
export interface ChainAsk {
  /** Where it begins, if its first records were removed in order. */
  readonly begin: ChainMark | undefined;
  /** Its last record; undefined: nothing says. */
  readonly head: ChainMark | undefined;
  /** Its last record at another time, kept elsewhere. */
  readonly kept: ChainMark | undefined;
  readonly onFinding: (finding: Finding) => void;
}

/** Checks one chain. Its records are pushed in the order of their numbers; at the end comes `finish`. */
export class ChainCheck {
  /** How many records are from before there were chains. */
  earlier = 0;
  readonly #ask: ChainAsk;
  /** Records that wait for those behind them to be seen. */
  readonly #ahead: ChainRecord[] = [];
  /** Records that stood where another belongs. */
  readonly #strays: ChainRecord[] = [];
  #at: Reached;

  constructor(ask: ChainAsk) {
    this.#ask = ask;
    this.#at = ask.begin
      ? { place: ask.begin.place, hashes: [ask.begin.hash] }
      : { place: 0n, hashes: [Buffer.alloc(0)] };
    this.#compareKept();
  }

  push(record: ChainRecord): void {
    this.#ahead.push(record);
    if (this.#ahead.length > SIGHT) this.#take();
  }

  /** Looks at the rest, and at the end. */
  finish(): void {
    while (this.#ahead.length > 0) this.#take();
    const { head, kept } = this.#ask;
    const { place } = this.#at;
    if (head) this.#compareHead(head);
    else if (place > 0n) this.#tell('endless', place);
    const known = head && head.place > place ? head.place : place;
    if (kept && kept.place > known) this.#tell('cut', known + 1n, kept.place);
  }

  #compareHead(head: ChainMark): void {
    const { place, hashes } = this.#at;
    if (head.place > place) this.#tell('cut', place + 1n, head.place);
    else if (head.place < place || !isAmong(head.hash, hashes)) this.#tell('rewritten', head.place);
  }

  #take(): void {
    const record = this.#ahead.shift();
    if (!record) return;
    if (!record.link) this.#pass(record);
    else this.#check({ ...record, link: record.link });
  }

  /** A record without a place: from before the chain, or beside it. */
  #pass({ seq }: ChainRecord): void {
    if (this.#at.place === 0n) this.earlier += 1;
    else this.#tell('unchained', seq);
  }

  #check(record: ChainRecord & { readonly link: ChainMark }): void {
    const { link, seq, digest } = record;
    const wanted = this.#at.place + 1n;
    const numbers = { place: wanted, seq };
    if (link.place === wanted && this.#fits(numbers, digest, link.hash)) this.#reach(wanted, [link.hash]);
    else if (this.#isMoved(record)) this.#tell('reordered', wanted);
    else if (link.place > wanted && this.#goesOnWithout(wanted)) this.#leave(record, wanted);
    else if (link.place > wanted) this.#jump(record, wanted);
    else if (link.place < wanted) this.#tell('reordered', link.place);
    else {
      this.#tell('altered', wanted);
      // Only its text may have been altered, or its hash alone: what comes behind fits the other.
      this.#reach(wanted, [link.hash, ...this.#hashesOf(numbers, digest)]);
    }
  }

  /** Whether another record in sight belongs here: the chain goes on with that. */
  #isMoved(record: ChainRecord): boolean {
    const numbers = { place: this.#at.place + 1n, seq: record.seq };
    for (const one of [record, ...this.#ahead, ...this.#strays]) {
      const hash = this.#hashesOf(numbers, one.digest).find(
        (due) => isSame(due, one.link?.hash) || isSame(due, record.link?.hash),
      );
      if (!hash || (one === record && record.link?.place === numbers.place)) continue;
      this.#stray(record);
      this.#reach(numbers.place, [hash]);
      return true;
    }
    return false;
  }

  /** Whether the record behind is the one that comes after the wanted one. */
  #goesOnWithout(wanted: bigint): boolean {
    return this.#ahead[0]?.link?.place === wanted + 1n;
  }

  #leave(record: ChainRecord, wanted: bigint): void {
    this.#tell('reordered', wanted);
    this.#stray(record);
    this.#reach(wanted, undefined);
  }

  #jump({ link }: { readonly link: ChainMark }, wanted: bigint): void {
    const isStray = this.#strays.some((one) => one.link?.place === wanted && link.place === wanted + 1n);
    if (!isStray) this.#tell('missing', wanted, link.place - 1n);
    this.#reach(link.place, [link.hash]);
  }

  #stray(record: ChainRecord): void {
    this.#strays.push(record);
    if (this.#strays.length > SIGHT) this.#strays.shift();
  }

  #fits(numbers: Link, digest: Buffer, hash: Buffer): boolean {
    return this.#at.hashes === undefined || this.#hashesOf(numbers, digest).some((due) => due.equals(hash));
  }

  #hashesOf(numbers: Link, digest: Buffer): Buffer[] {
    return (this.#at.hashes ?? []).map((before) => linkHash(before, numbers, digest));
  }

  #reach(place: bigint, hashes: readonly Buffer[] | undefined): void {
    this.#at = { place, hashes };
    this.#compareKept();
  }

  #compareKept(): void {
    const { kept } = this.#ask;
    if (kept && kept.place === this.#at.place && !isAmong(kept.hash, this.#at.hashes))
      this.#tell('rewritten', kept.place);
  }

  #tell(what: Finding['what'], from: bigint, to = from): void {
    this.#ask.onFinding({ what, from, to });
  }
}

const isSame = (a: Buffer, b: Buffer | undefined): boolean => b !== undefined && a.equals(b);

const isAmong = (hash: Buffer, hashes: readonly Buffer[] | undefined): boolean =>
  hashes === undefined || hashes.some((one) => one.equals(hash));
