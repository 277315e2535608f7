/** What is counted of the whole installation, by statements that read much: for who counts for all (`figures.ts`). */
import type { Seconds } from '../kit/time.ts';
import { CA_PLACES, caAt } from '../pack/list-index.ts';
import type { CertificateAuthority } from '../pack/pack.ts';
import { LIFE_SHARES } from '../pack/renewal.ts';
import { statement } from './statement.ts';
import { countByStatus, type StatusCounts } from './statistics.ts';
import { type Db, execute, type Pool, transaction } from './store.ts';

/** Packs that are renewed at a CA, counted. */
export interface CaCounts {
  /** By the part of life that is left to the first certificate: up to each of `LIFE_SHARES`, and above the last. */
  readonly lives: readonly number[];
  /** The sum of these parts. */
  readonly lifeLeft: number;
  /** Packs that are past the time of their renewal. */
  readonly overdue: number;
  /** Those of them that are past it by a tenth of the life of their certificate. */
  readonly atRisk: number;
  /** When the first of all certificates ends, in seconds since 1970. */
  readonly soonestEnd: number;
}

export interface RenewalCounts {
  readonly statuses: StatusCounts;
  readonly cas: Readonly<Partial<Record<CertificateAuthority, CaCounts>>>;
}

interface LifeRow {
  ca: number | null;
  bucket: number;
  packs: number;
  life_left: number;
  overdue: number;
  at_risk: number;
  soonest_end: number;
}

/** Counts packs by status, and what is to be renewed by CA: reads the counts of accounts, and a narrow row of each pack that is renewed at a CA. */
export async function countRenewals(pool: Pool, now: Date): Promise<RenewalCounts> {
  const statuses = await countByStatus(pool);
  let rows = await countLives(pool, now);
  if (rows.some(({ ca }) => ca === null)) {
    await fillCas(pool);
    rows = await countLives(pool, now);
  }
  const cas: Partial<Record<CertificateAuthority, CaCounts>> = {};
  for (const row of rows) {
    const ca = caAt(row.ca ?? 0);
    if (ca) cas[ca] = plus(cas[ca] ?? NOTHING, row);
  }
  return { statuses, cas };
}

const NOTHING: CaCounts = {
  lives: Array.from({ length: LIFE_SHARES.length + 1 }, () => 0),
  lifeLeft: 0,
  overdue: 0,
  atRisk: 0,
  soonestEnd: Infinity,
};

const plus = (sum: CaCounts, row: LifeRow): CaCounts => ({
  lives: sum.lives.map((n, i) => (i === row.bucket ? n + row.packs : n)),
  lifeLeft: sum.lifeLeft + row.life_left,
  overdue: sum.overdue + row.overdue,
  atRisk: sum.atRisk + row.at_risk,
  soonestEnd: Math.min(sum.soonestEnd, row.soonest_end),
});

/** By one process of the database: what is worked on goes first. */
const countLives = (pool: Pool, now: Date): Promise<LifeRow[]> =>
  transaction(pool, async (tx) => {
    await tx.query('set local max_parallel_workers_per_gather = 0');
    return (await execute<LifeRow>(tx, LIVES, { now, shares: LIFE_SHARES })).rows;
  });

// The share is a hair less, so that a life of just a bound is counted below it. A tenth of a life is between renewal and risk.
const LIVES = statement(`
  select ca, width_bucket(share - 1e-9, :shares::float8[]) as bucket, count(*)::int as packs, sum(share) as life_left,
         (count(*) filter (where renew_on < :now))::int as overdue, (count(*) filter (where risk_on < :now))::int as at_risk,
         date_part('epoch', min(ends_on)) as soonest_end
    from (select ca, renew_on, risk_on, ends_on,
                 date_part('epoch', ends_on - :now::timestamptz) / greatest(date_part('epoch', risk_on - renew_on) * 10, 1) as share
            from pack_renewals) as life
   group by 1, 2`);

/** Rows that one statement goes through. */
const BATCH = 5_000;

/** Says of rows that an earlier version wrote which CA they are of. A row that is being written is left for the next time. */
async function fillCas(db: Db): Promise<void> {
  let last: PlanKey | undefined = { cell: -1, zone_id: '', ord: '0' };
  while (last) {
    const { rows }: { rows: PlanKey[] } = await execute<PlanKey>(db, FILL, last);
    last = rows[0];
  }
}

// A type, so that its fields are known to be all.
type PlanKey = { readonly cell: number; readonly zone_id: string; readonly ord: string };

const FILL = statement(`
  with batch as materialized (
    select cell, zone_id, ord, ca from pack_renewals
     where (cell, zone_id, ord) > (:cell::smallint, :zone_id, :ord::bigint)
     order by cell, zone_id, ord limit ${BATCH}),
  held as materialized (
    select plan.cell, plan.zone_id, plan.ord from pack_renewals as plan
      join batch on plan.cell = batch.cell and plan.zone_id = batch.zone_id and plan.ord = batch.ord
     where batch.ca is null for update of plan skip locked),
  filled as (
    update pack_renewals as plan set ca = packs.facet % ${CA_PLACES}
      from held join packs on packs.cell = held.cell and packs.zone_id = held.zone_id and packs.ord = held.ord
     where plan.cell = held.cell and plan.zone_id = held.zone_id and plan.ord = held.ord)
  select cell, zone_id, ord from batch order by cell desc, zone_id desc, ord desc limit 1`);

/** A limit of a CA. */
export interface LimitKey {
  readonly ca: CertificateAuthority;
  readonly kind: string;
}

/** How far a limit is used by those who use it most. */
export interface LimitUse extends LimitKey {
  /** When the emptiest of its buckets is full again, in seconds since 1970. */
  readonly fullOn: number;
  /** Buckets out of which nothing can be taken now. */
  readonly empty: number;
}

/** Counts the buckets of limits, each with how far a bucket has to be from full to be empty; those of which none is used are not told of. */
export async function countLimits(
  db: Db,
  limits: readonly (LimitKey & { readonly emptyAt: Seconds })[],
  now: Date,
): Promise<LimitUse[]> {
  const { rows } = await execute<LimitUse>(db, LIMITS, {
    now,
    cas: limits.map(({ ca }) => ca),
    kinds: limits.map(({ kind }) => kind),
    empties: limits.map(({ emptyAt }) => emptyAt),
  });
  return rows;
}

const LIMITS = statement(`
  select ca, kind, date_part('epoch', max(full_on)) as "fullOn",
         (count(*) filter (where full_on > :now::timestamptz + empty_at * interval '1 second'))::int as empty
    from unnest(:cas::text[], :kinds::text[], :empties::float8[]) as wanted (ca, kind, empty_at)
    join ca_limits using (ca, kind)
   group by 1, 2`);

/** What an edge is to show, and did not when it was asked last. */
export interface EdgeProblems {
  readonly edge: string;
  readonly packs: number;
  /** Since when the one that waits longest, in seconds since 1970; null: none does. */
  readonly since: number | null;
}

/** Most packs that are counted of an edge: one row is read of each. */
const MOST_PROBLEMS = 100_000;

/** Counts packs that edges do not show, of each edge at most `MOST_PROBLEMS`. */
export async function countEdgeProblems(db: Db, edges: readonly string[]): Promise<EdgeProblems[]> {
  const { rows } = await execute<EdgeProblems>(db, EDGES, { edges });
  return rows;
}

const problemsOf = (which: string): string =>
  `select problem_since from deployments where deployments.edge = wanted.edge and problem_since is not null ${which}`;

const EDGES = statement(`
  select edge, (select count(*)::int from (${problemsOf(`limit ${MOST_PROBLEMS}`)}) as counted) as packs,
         date_part('epoch', (${problemsOf('order by problem_since limit 1')})) as since
    from unnest(:edges::text[]) as wanted (edge)`);
