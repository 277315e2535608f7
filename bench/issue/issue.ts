import { type Issue, ours, theirs } from './clients.ts';
import { packsPerSecond } from './pipeline.ts';
import { type Amount, type IssueWorld, perSecond, startIssueWorld } from './world.ts';

export interface IssueOptions {
  readonly repetitions: number;
  /** Certificates of each measurement, after as many for warming up; a quarter of them of acme-client's. */
  readonly certificates: number;
  readonly parallel: number;
}

/** Certificates a second, each a median; the ratio is taken within each repetition. */
export interface IssueResult {
  readonly ours_per_s: number;
  readonly acme_client_per_s: number;
  readonly ratio: number;
  readonly pipeline_per_s: number;
}

/** Measures `src/acme`, acme-client and the whole service in turns, each with a Pebble of its own. */
export async function issueBench(
  { repetitions, certificates, parallel }: IssueOptions,
  say: (what: string) => void,
): Promise<IssueResult> {
  const rates: Record<'ours' | 'theirs' | 'pipeline', number[]> = { ours: [], theirs: [], pipeline: [] };
  say(`${repetitions} repetitions of three measurements, each with a Pebble of its own`);
  say('for the whole service RSA keys are made first, two for each pack: about a tenth of a second each');
  const of = (count: number): Amount => ({ count, warmUp: count, atOnce: parallel });
  for (let i = 0; i < repetitions; i++) {
    rates.ours.push(await rateOf(ours, of(certificates)));
    rates.theirs.push(await rateOf(theirs, of(Math.ceil(certificates / 4))));
    // A pack has two.
    rates.pipeline.push(2 * (await packsPerSecond(of(Math.ceil(certificates / 2)))));
    const last = Object.entries(rates).map(([name, all]) => `${name} ${all.at(-1)?.toFixed(1)}`);
    say(`repetition ${i + 1}: ${last.join(', ')} certificates/s`);
  }
  return {
    ours_per_s: median(rates.ours),
    acme_client_per_s: median(rates.theirs),
    ratio: median(rates.ours.map((rate, i) => rate / (rates.theirs[i] ?? Number.NaN))),
    pipeline_per_s: median(rates.pipeline),
  };
}

async function rateOf(client: (world: IssueWorld) => Promise<Issue>, amount: Amount): Promise<number> {
  await using ends = new AsyncDisposableStack();
  const issue = await client(await startIssueWorld(ends));
  return await perSecond(amount, (n) => issue(`h${n}.test`));
}

const median = (numbers: readonly number[]): number =>
  Number((numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0).toFixed(1));
