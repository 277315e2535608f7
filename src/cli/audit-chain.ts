/** `certpacks audit heads` and `certpacks audit verify`: the chains of the record, on the database itself. */
import { once } from 'node:events';
import { createReadStream, createWriteStream, renameSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../kit/fault.ts';
import { TAMPERINGS } from '../store/chain/chain-check.ts';
import type { ChainHead } from '../store/chain/chain-rows.ts';
import { type ChainFinding, listHeads, verifyChains } from '../store/chain/chains.ts';
import { asOperator } from './operator.ts';
import { output, printLine, tellLine } from './print.ts';

/** Adds the commands under `audit`. */
export function addChains(audit: Command): void {
  audit
    .command('heads')
    .description(
      'write the last hash of every chain of the record, to be kept where nobody of this machine can change it',
    )
    .argument('<file>', 'file to write, or - for the standard output')
    .action(heads);
  audit
    .command('verify')
    .description('check that no record was altered, removed or moved since it was written')
    .option('--heads <file>', 'what `audit heads` wrote at another time: shows also an end that was cut off')
    .action(verify);
}

/** Most findings that are named. */
const MOST_NAMED = 1_000;

async function heads(file: string): Promise<void> {
  if (file === '-')
    return asOperator(async ({ pool, clock }) => void (await writeHeads(pool, output(), clock.now())));
  const part = `${file}.part`;
  await asOperator(async ({ pool, clock }) => {
    const out = createWriteStream(part, { mode: 0o600, flush: true });
    try {
      await once(out, 'open');
      const count = await writeHeads(pool, out, clock.now());
      out.end();
      await finished(out);
      renameSync(part, file);
      tellLine(`${count} chains; keep ${file} apart from this machine and its database`);
    } catch (error) {
      out.destroy();
      rmSync(part, { force: true });
      throw toFault(error, file);
    }
  });
}

/** A line of JSON each, and one at the end that says that these were all. How many there are. */
async function writeHeads(pool: Parameters<typeof listHeads>[0], out: Writable, now: Date): Promise<number> {
  const write = async (line: object) => {
    if (!out.write(`${JSON.stringify(line)}\n`)) await once(out, 'drain');
  };
  await write({ certpacks_audit_heads: FORMAT, made_on: now.toISOString() });
  let count = 0;
  for await (const { id, place, hash } of listHeads(pool)) {
    await write({ chain: id, place: String(place), hash: hash.toString('hex') });
    count += 1;
  }
  await write({ end: true, chains: count });
  return count;
}

const FORMAT = 1;

interface VerifyOptions {
  readonly heads?: string;
}

async function verify({ heads: file }: VerifyOptions): Promise<void> {
  await asOperator(async ({ pool }) => {
    let named = 0;
    const sums = await verifyChains(pool, {
      kept: file === undefined ? undefined : readHeads(file),
      onFinding: (finding) => {
        named += 1;
        if (named <= MOST_NAMED) printLine(wordsOf(finding));
      },
      onProgress: ({ chains, records, findings }) =>
        tellLine(`${records} records of ${chains} chains, ${findings} findings`),
    });
    const { chains, records, earlier, findings, outlived } = sums;
    printLine(`${records} records in ${chains} chains, ${findings} findings`);
    if (earlier > 0)
      printLine(
        `${earlier} records are older than the chains, which begin behind them: nothing is said of these`,
      );
    if (outlived > 0)
      printLine(`${outlived} kept heads are of records that were removed when their time was over`);
    if (findings > named) printLine(`${findings - named} findings are not named`);
    if (findings > 0) throw new Fault('configuration', 'the record is not as it was written');
  });
}

function wordsOf({ id, what, from, to }: ChainFinding): string {
  const kind = what === 'unchained' ? 'number' : 'place';
  const which = from === to ? `record at ${kind} ${from}` : `records at ${kind}s ${from} to ${to}`;
  return `${id}: ${what}: ${which} ${TAMPERINGS[what]}`;
}

const Head = Compile(
  Type.Object({
    chain: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    place: Type.String({ pattern: '^[0-9]{1,18}$' }),
    hash: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  }),
);
const First = Compile(Type.Object({ certpacks_audit_heads: Type.Literal(FORMAT) }));
const End = Compile(Type.Object({ end: Type.Literal(true), chains: Type.Integer() }));

/** Reads them in the order in which they were written. Throws `configuration` for what is no such file, or is not whole. */
async function* readHeads(file: string): AsyncGenerator<ChainHead> {
  const input = createReadStream(file);
  await once(input, 'open').catch((error: unknown) => {
    throw toFault(error, file);
  });
  let state: Read = { count: -1, last: '', isWhole: false };
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    const read = readLine(parse(line), state);
    if (!read) throw new Fault('configuration', `${file} is not what \`audit heads\` wrote`);
    state = read;
    if (read.head) yield read.head;
  }
  if (!state.isWhole)
    throw new Fault('configuration', `${file} is cut short: it does not end as \`audit heads\` ends it`);
}

/** How far a file of heads was read. */
interface Read {
  /** Heads; -1: not even its first line. */
  readonly count: number;
  /** Id of the last chain. */
  readonly last: string;
  readonly isWhole: boolean;
  readonly head?: ChainHead;
}

/** The next line; undefined for one that cannot be there. */
function readLine(value: unknown, { count, last, isWhole }: Read): Read | undefined {
  if (count === -1) return First.Check(value) ? { count: 0, last, isWhole } : undefined;
  if (isWhole) return undefined;
  if (End.Check(value)) return value.chains === count ? { count, last, isWhole: true } : undefined;
  if (!Head.Check(value) || value.chain <= last) return undefined;
  const head = { id: value.chain, place: BigInt(value.place), hash: Buffer.from(value.hash, 'hex') };
  return { count: count + 1, last: value.chain, isWhole, head };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function toFault(error: unknown, file: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^E[A-Z]+$/.test(code)
    ? new Fault('configuration', `${file} cannot be used (${code})`, { cause: error })
    : error;
}
