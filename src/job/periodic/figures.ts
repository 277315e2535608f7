import { performance } from 'node:perf_hooks';
import type { Ca } from '../../ca/ca.ts';
import { after, minutes, type Seconds } from '../../kit/time.ts';
import { countCustomers } from '../../store/customer-counts.ts';
import { countEdgeProblems, countLimits, countRenewals } from '../../store/figure-counts.ts';
import {
  claimFigure,
  FIGURE_NAMES,
  type FigureName,
  type Figures,
  putFigure,
  releaseFigure,
} from '../../store/figures.ts';
import { countKeyless } from '../../store/keyless.ts';
import { countTokenPacks } from '../../store/token-keys.ts';
import type { JobDeps } from '../job.ts';

/** How long whoever counts has for it; who was killed is followed by another then. */
const TERM: Seconds = minutes(5);
/** A figure is counted again after so long at least, and after so many times what it took: it costs a fiftieth of one core at most. */
const LEAST: Seconds = 15;
const TIMES = 50;

type Counts = { readonly [N in FigureName]: (deps: JobDeps, now: Date) => Promise<Figures[N]> };

const COUNTS: Counts = {
  'packs.2': ({ pool }, now) => countRenewals(pool, now),
  'edges.1': async ({ pool, cas, edges }, now) => ({
    limits: await countLimits(pool, [...cas.values()].flatMap(limitsOf), now),
    edges: await countEdgeProblems(
      pool,
      edges.map(({ name }) => name),
    ),
  }),
  'keyless.1': async ({ pool }) => {
    const [keyless, packs] = [await countKeyless(pool), await countTokenPacks(pool)];
    return { all: keyless.all + packs.all, away: keyless.away + packs.away };
  },
  'customers.1': ({ pool }) => countCustomers(pool),
};

/** The limits of a CA, each with how far a bucket is from full where nothing is left in it. */
const limitsOf = ({ row: { name: ca, limits = {} } }: Ca) =>
  Object.entries(limits).map(([kind, { most, within }]) => ({ ca, kind, emptyAt: within - within / most }));

/** Counts what metrics tell of the whole installation, where that is due and no other process does. */
export async function countFigures(deps: JobDeps, signal: AbortSignal): Promise<void> {
  for (const name of FIGURE_NAMES) if (!signal.aborted) await countOne(deps, name);
}

async function countOne(deps: JobDeps, name: FigureName): Promise<void> {
  const { pool, clock } = deps;
  const madeOn = clock.now();
  const claim = await claimFigure(pool, name, madeOn, TERM);
  if (claim === undefined) return;
  const began = performance.now();
  try {
    const value = await COUNTS[name](deps, madeOn);
    const seconds = (performance.now() - began) / 1_000;
    const dueAt = after(madeOn, Math.max(LEAST, TIMES * seconds));
    await putFigure(pool, name, { value, madeOn, seconds }, { claim, dueAt });
  } catch (error) {
    await releaseFigure(pool, name, claim, after(clock.now(), minutes(1))).catch(() => undefined);
    throw error;
  }
}
