/** Names that changed, for the edges that are connected to other processes. */
import { newUuid } from '../kit/id.ts';
import { days, type Seconds } from '../kit/time.ts';
import type { Environment } from '../pack/pack.ts';
import type { Db, Tx } from './store.ts';

/** How long changes are kept: an edge that was away for longer is told everything again. */
export const CHANGE_LIFE: Seconds = days(1);

/** Changes that are read in one go. */
export const MOST_CHANGES = 10_000;

export interface LoggedChange {
  readonly id: string;
  readonly madeOn: Date;
  readonly environment: Environment;
  readonly hosts: readonly string[];
}

/** Tells the edges of every process that these names changed. */
export async function logChange(
  tx: Tx,
  change: { readonly environment: Environment; readonly hosts: readonly string[] },
  now: Date,
): Promise<void> {
  await tx.query('insert into edge_changes (id, environment, hosts, made_on) values ($1, $2, $3, $4)', [
    newUuid(),
    change.environment,
    change.hosts,
    now,
  ]);
}

/** Changes made after `instant`, oldest first: `MOST_CHANGES` at most. */
export async function listChanges(db: Db, instant: Date): Promise<LoggedChange[]> {
  const { rows } = await db.query<LoggedChange>(
    `select id, environment, hosts, made_on as "madeOn" from edge_changes
      where made_on > $1 order by made_on limit $2`,
    [instant, MOST_CHANGES],
  );
  return rows;
}

/** A place in the log. */
export interface ChangePlace {
  readonly madeOn: Date;
  readonly id: string;
}

/** Changes in an environment that follow a place, oldest first. */
export async function listChangesAfter(
  db: Db,
  environment: Environment,
  { madeOn, id }: ChangePlace,
  limit: number,
): Promise<(ChangePlace & Pick<LoggedChange, 'hosts'>)[]> {
  const { rows } = await db.query<{ id: string; hosts: string[]; made_on: Date }>(
    `select id, hosts, made_on from edge_changes
      where environment = $1 and made_on >= $2 and (made_on, id) > ($2, $3) order by made_on, id limit $4`,
    [environment, madeOn, id, limit],
  );
  return rows.map((row) => ({ id: row.id, hosts: row.hosts, madeOn: row.made_on }));
}

/** Forgets changes made before `instant`. */
export async function purgeChanges(db: Db, instant: Date): Promise<void> {
  await db.query('delete from edge_changes where made_on < $1', [instant]);
}
