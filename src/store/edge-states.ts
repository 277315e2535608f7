/** Whether edges answer, as all processes know it: one row an edge that was looked at. */
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';

/** How an edge stands. */
export interface EdgeState {
  readonly name: string;
  /** Since when nobody reaches it; undefined: it answered last. */
  readonly unreachableSince: Date | undefined;
  /** Since when nothing waits for it; undefined: it counts. */
  readonly awaySince: Date | undefined;
  /** Since when an edge that is away answers again. */
  readonly backSince: Date | undefined;
}

interface StateRow {
  name: string;
  unreachable_since: Date | null;
  away_since: Date | null;
  back_since: Date | null;
}

const COLUMNS = 'edge_states.name, unreachable_since, away_since, back_since';

const toState = (row: StateRow): EdgeState => ({
  name: row.name,
  unreachableSince: row.unreachable_since ?? undefined,
  awaySince: row.away_since ?? undefined,
  backSince: row.back_since ?? undefined,
});

/** Takes those of `names` that are due to be looked at, and puts the next look off until `until`: one process looks at an edge at a time. */
export async function takeDueEdges(
  db: Db,
  what: { readonly names: readonly string[]; readonly now: Date; readonly until: Date },
): Promise<EdgeState[]> {
  const { rows } = await execute<StateRow>(db, TAKE, what);
  return rows.map(toState);
}

const TAKE = statement(`
  insert into edge_states (name, look_at) select unnest(:names::text[]), :until
  on conflict (name) do update set look_at = excluded.look_at where edge_states.look_at <= :now
  returning ${COLUMNS}`);

/** Writes how an edge stands, and when it is looked at again. */
export async function putEdgeState(db: Db, { name, ...state }: EdgeState, lookAt: Date): Promise<void> {
  await execute(db, PUT, {
    name,
    unreachable_since: state.unreachableSince ?? null,
    away_since: state.awaySince ?? null,
    back_since: state.backSince ?? null,
    look_at: lookAt,
  });
}

const PUT = statement(`
  update edge_states set unreachable_since = :unreachable_since, away_since = :away_since, back_since = :back_since,
    look_at = :look_at
   where name = :name`);

/** Forgets how an edge stood: one that is enrolled under its name later begins anew. */
export async function deleteEdgeState(tx: Tx, name: string): Promise<void> {
  await execute(tx, DELETE, { name });
}

const DELETE = statement('delete from edge_states where name = :name');

/** The edges that nobody reaches, and those that do not count though they answer, by name. */
export async function listAbsentEdges(db: Db): Promise<EdgeState[]> {
  const { rows } = await execute<StateRow>(db, ABSENT, {});
  return rows.map(toState);
}

const ABSENT = statement(
  `select ${COLUMNS} from edge_states where unreachable_since is not null or away_since is not null order by name`,
);
