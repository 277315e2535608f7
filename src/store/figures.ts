/**
 * What metrics tell of the whole installation: counted by one process at a time, stored, and told by all, so that it costs the
 * same however many ask. A figure is claimed before it is counted; who was killed meanwhile is followed by another.
 */
import { after, days, type Seconds } from '../kit/time.ts';
import type { CustomerCounts } from './customer-counts.ts';
import type { EdgeProblems, LimitUse, RenewalCounts } from './figure-counts.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';

/** The figures, each with what it is. A name has another number where its value gets another shape. */
export interface Figures {
  /** Packs by status and by who renews them, and the certificates' lives and renewals by CA. */
  readonly 'packs.2': RenewalCounts;
  /** How far limits of CAs are used, and what edges do not show. */
  readonly 'edges.1': { readonly limits: readonly LimitUse[]; readonly edges: readonly EdgeProblems[] };
  /** Certificates whose keys their owners keep, and those of them whose key does not sign. */
  readonly 'keyless.1': { readonly all: number; readonly away: number };
  /** Custom hostnames and names that move in, by status. */
  readonly 'customers.1': CustomerCounts;
}
export type FigureName = keyof Figures;

/** Their names. */
export const FIGURE_NAMES = [
  'packs.2',
  'edges.1',
  'keyless.1',
  'customers.1',
] as const satisfies readonly FigureName[];

/** A figure as it is stored. */
export interface Figure<N extends FigureName> {
  readonly value: Figures[N];
  /** When its count began: it is no older. */
  readonly madeOn: Date;
  /** How long the count took. */
  readonly seconds: Seconds;
}

/** No count is put off so long: a time further off was written by a clock that was wrong. */
const FURTHEST = days(1);

/** Takes a figure that is due, for as long as `term`; a number for `putFigure`, or undefined: it is not due, or another has it. */
export async function claimFigure(
  db: Db,
  name: FigureName,
  now: Date,
  term: Seconds,
): Promise<number | undefined> {
  const values = { name, now, until: after(now, term), furthest: after(now, FURTHEST) };
  const { rows } = await execute<{ claim: number }>(db, CLAIM, values);
  return rows[0]?.claim;
}

const CLAIM = statement(`
  with taken as (
    update figures set due_at = :until, claim = claim + 1
     where name = :name and (due_at <= :now or due_at > :furthest) returning claim),
  made as (
    insert into figures (name, due_at, claim)
    select :name, :until, 1 where not exists (select from figures where name = :name)
    on conflict do nothing returning claim)
  select claim from taken union all select claim from made`);

/** Stores a figure, and when it is due again, unless another process took it since. */
export async function putFigure<N extends FigureName>(
  db: Db,
  name: N,
  figure: Figure<N>,
  { claim, dueAt }: { readonly claim: number; readonly dueAt: Date },
): Promise<void> {
  const { value, madeOn, seconds } = figure;
  await execute(db, PUT, {
    name,
    claim,
    value: JSON.stringify(value),
    made_on: madeOn,
    seconds,
    due_at: dueAt,
  });
}

const PUT = statement(`
  update figures set value = :value, made_on = :made_on, seconds = :seconds, due_at = :due_at
   where name = :name and claim = :claim`);

/** Lets go of a figure that could not be counted: it is due at another time. */
export async function releaseFigure(db: Db, name: FigureName, claim: number, dueAt: Date): Promise<void> {
  await execute(db, RELEASE, { name, claim, due_at: dueAt });
}

const RELEASE = statement('update figures set due_at = :due_at where name = :name and claim = :claim');

/** All figures that were counted; not those of another shape that another version counted. */
export async function getFigures(db: Db): Promise<{ readonly [N in FigureName]?: Figure<N> }> {
  const { rows } = await execute<{ name: string; value: never; made_on: Date; seconds: number }>(db, GET, {
    names: FIGURE_NAMES,
  });
  return Object.fromEntries(
    rows.map(({ name, value, made_on: madeOn, seconds }) => [name, { value, madeOn, seconds }]),
  );
}

const GET = statement(
  'select name, value, made_on, seconds from figures where value is not null and name = any(:names::text[])',
);
