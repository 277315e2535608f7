/** All chains of the record at one moment: their ends, to be kept elsewhere, and whether they are whole. */

import { type Pool, snapshot } from '../store.ts';
import { ChainCheck, type ChainMark, type Finding } from './chain-check.ts';
import { type ChainHead, type HeadRow, heads, type RecordRow, records } from './chain-rows.ts';

/** Something that is wrong, and in which chain. */
export interface ChainFinding extends Finding {
  readonly id: string;
}

/** What was looked at. */
export interface VerifySums {
  records: number;
  /** From before there were chains. */
  earlier: number;
  chains: number;
  findings: number;
  /** Kept heads of records that were removed when their time was over. */
  outlived: number;
}

/** How a check goes. */
export interface VerifyWishes {
  /** Heads that were kept elsewhere, in the order of their ids. */
  readonly kept?: AsyncIterable<ChainHead> | undefined;
  readonly onFinding: (finding: ChainFinding) => void;
  /** Told now and then how far it is. */
  readonly onProgress: (sums: VerifySums) => void;
}

/** The last record of every chain, in the order of their ids, as all are at one moment. */
export async function* listHeads(pool: Pool): AsyncGenerator<ChainHead> {
  const [tx, end] = await snapshot(pool);
  try {
    for await (const { id, place, hash } of heads(tx)) if (place > 0n) yield { id, place, hash };
  } finally {
    await end();
  }
}

/** Checks every chain, as all are at one moment. What is held does not grow with what there is. */
export async function verifyChains(pool: Pool, wishes: VerifyWishes): Promise<VerifySums> {
  const sums: VerifySums = { chains: 0, records: 0, earlier: 0, findings: 0, outlived: 0 };
  const [tx, end] = await snapshot(pool);
  try {
    const of = {
      heads: new Peeked(heads(tx)),
      records: new Peeked(records(tx)),
      kept: new Peeked(wishes.kept ?? none()),
    };
    for (;;) {
      const [head, record, kept] = await Promise.all([of.heads.peek(), of.records.peek(), of.kept.peek()]);
      const [id] = [head?.id, record?.id, kept?.id].filter((one) => one !== undefined).toSorted(byBytes);
      if (id === undefined) return sums;
      await verifyOne(id, of, { ...wishes, sums });
    }
  } finally {
    await end();
  }
}

interface Sources {
  readonly heads: Peeked<HeadRow>;
  readonly records: Peeked<RecordRow>;
  readonly kept: Peeked<ChainHead>;
}

/** How many records are between two words of how far it is. */
const PROGRESS = 100_000;

async function verifyOne(
  id: string,
  of: Sources,
  { onFinding, onProgress, sums }: VerifyWishes & { readonly sums: VerifySums },
): Promise<void> {
  const head = await of.heads.takeOf(id);
  const kept = await of.kept.takeOf(id);
  const begin = head?.begin;
  const tell = (finding: Finding) => {
    sums.findings += 1;
    onFinding({ id, ...finding });
  };
  const isOutlived = isBefore(kept, begin);
  if (isOutlived) sums.outlived += 1;
  const check = new ChainCheck({ begin, head, kept: isOutlived ? undefined : kept, onFinding: tell });
  const known = sums.records;
  for (let one = await of.records.takeOf(id); one; one = await of.records.takeOf(id)) {
    check.push(one);
    sums.records += 1;
    if (sums.records % PROGRESS === 0) onProgress(sums);
  }
  if (kept && !head && sums.records === known) tell({ what: 'gone', from: kept.place, to: kept.place });
  else check.finish();
  sums.chains += 1;
  sums.earlier += check.earlier;
}

const isBefore = (one: ChainMark | undefined, other: ChainMark | undefined): boolean =>
  one !== undefined && other !== undefined && one.place < other.place;

/** One after another, with a look at the next. */
class Peeked<T extends { readonly id: string }> {
  readonly #all: AsyncIterator<T>;
  #next: T | undefined;
  #isAtEnd = false;

  constructor(all: AsyncIterable<T>) {
    this.#all = all[Symbol.asyncIterator]();
  }

  async peek(): Promise<T | undefined> {
    if (this.#next || this.#isAtEnd) return this.#next;
    const { value, done } = await this.#all.next();
    if (done) this.#isAtEnd = true;
    else this.#next = value;
    return this.#next;
  }

  /** The next one, if it is of that chain. */
  async takeOf(id: string): Promise<T | undefined> {
    const next = await this.peek();
    if (next?.id !== id) return undefined;
    this.#next = undefined;
    return next;
  }
}

async function* none(): AsyncGenerator<never> {
  // Nothing was kept.
}

const byBytes = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
