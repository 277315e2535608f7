import { type Issue, ours, theirs } from './clients.ts';
import { pipelinePerSecond } from './pipeline.ts';
import { type IssueWorld, perSecond, startIssueWorld } from './world.ts';

export interface IssueOptions {
  readonly repetitions: number;
  /** Certificates of each of ours' measurements; a quarter of them of acme-client's. */
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
  for (let i = 0; i < repetitions; i++) {
    rates.ours.push(await rateOf(ours, certificates, parallel));
    rates.theirs.push(await rateOf(theirs, Math.ceil(certificates / 4), parallel));
    rates.pipeline.push(await pipelinePerSecond(Math.ceil(certificates / 4), parallel));
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

async function rateOf(
  client: (world: IssueWorld) => Promise<Issue>,
  certificates: number,
  parallel: number,
): Promise<number> {
  await using ends = new AsyncDisposableStack();
  const issue = await client(await startIssueWorld(ends));
  await perSecond(2 * parallel, parallel, (n) => issue(`warm-up-${n}.test`));
  return await perSecond(certificates, parallel, (n) => issue(`h${n}.test`));
}

const median = (numbers: readonly number[]): number =>
  Number((numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0).toFixed(1));
