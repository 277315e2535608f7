/** Names that changed, for the edges that are connected to other processes. */
import { newUuid } from '../kit/id.ts';
import type { Environment } from '../pack/pack.ts';
import type { Db, Tx } from './store.ts';

export interface LoggedChange {
  readonly id: string;
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

/** Changes made after `instant`, oldest first. */
export async function listChanges(db: Db, instant: Date): Promise<LoggedChange[]> {
  const { rows } = await db.query<LoggedChange>(
    'select id, environment, hosts from edge_changes where made_on > $1 order by made_on limit 10000',
    [instant],
  );
  return rows;
}

/** Forgets changes made before `instant`. */
export async function purgeChanges(db: Db, instant: Date): Promise<void> {
  await db.query('delete from edge_changes where made_on < $1', [instant]);
}
