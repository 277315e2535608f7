/** The latest events of an account's packs: for whoever wants to see what happens, not to be told of each. */
import { EVENT_COLUMNS, type EventColumns, type PackEventRow, toEvent } from './pack-events.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';

/** An event with the first hosts of its pack, and how many it has. */
export interface LatestEvent extends PackEventRow {
  /** Empty: the pack is gone. */
  readonly hosts: readonly string[];
  readonly hostCount: number;
}

/** Events that mean the same, counted. */
export interface EventCount {
  readonly event: string;
  readonly actor: 'worker' | 'somebody';
  readonly from: string | null;
  readonly to: string | null;
  readonly count: number;
}

export interface LatestEvents {
  readonly events: readonly LatestEvent[];
  readonly counts: readonly EventCount[];
  /** How many events were counted. */
  readonly lookedAt: number;
  /** When the first of these happened. */
  readonly since: Date | undefined;
}

/** Which events are wanted. */
export interface LatestAsk {
  /** Earlier ones are not counted. */
  readonly since: Date;
  /** Events to be told of, the latest first. */
  readonly most: number;
}

/** Most events that are counted for one answer. */
export const MOST_COUNTED = 1_000;

/** The latest events of an account, and what those since an instant were, of the last thousand. */
export async function listLatestEvents(
  db: Db,
  accountId: string,
  { since, most }: LatestAsk,
): Promise<LatestEvents> {
  const values = { account: accountId, since, most };
  const [latest, counted] = await Promise.all([
    execute<LatestRow>(db, LATEST, values),
    execute<CountRow>(db, COUNTED, values),
  ]);
  const firsts = counted.rows.map(({ first }) => first.getTime());
  return {
    events: latest.rows.map(toLatest),
    counts: counted.rows.map(({ event, is_worker, from_status: from, status: to, n: count }) => ({
      event,
      actor: is_worker ? 'worker' : 'somebody',
      from,
      to,
      count,
    })),
    lookedAt: counted.rows.reduce((sum, { n }) => sum + n, 0),
    since: firsts.length > 0 ? new Date(Math.min(...firsts)) : undefined,
  };
}

interface LatestRow extends EventColumns {
  hosts: string[] | null;
}

interface CountRow {
  event: string;
  is_worker: boolean;
  from_status: string | null;
  status: string | null;
  n: number;
  first: Date;
}

/** Hosts that are told of a pack. */
const MOST_HOSTS = 3;

const toLatest = (row: LatestRow): LatestEvent => ({
  ...toEvent(row),
  hosts: row.hosts?.slice(0, MOST_HOSTS) ?? [],
  hostCount: row.hosts?.length ?? 0,
});

/** In the order in which their transactions began, which is kept in an index; of now, what is not settled too. */
const OF_ACCOUNT = `account_id = :account and pack_id is not null and xact is not null`;
const NEWEST_FIRST = 'order by xact desc, zone_id desc, seq desc';

const LATEST = statement(`
  select one.*, packs.hosts
    from (select cell, xact, ${EVENT_COLUMNS}
            from audit where ${OF_ACCOUNT} ${NEWEST_FIRST} limit :most::int) as one
    left join packs on packs.cell = one.cell and packs.zone_id = one.zone_id and packs.id = one.pack_id
   order by one.xact desc, one.zone_id desc, one.seq desc`);

const COUNTED = statement(`
  select event, actor = 'worker' as is_worker, from_status, status, count(*)::int as n, min(made_on) as first
    from (select event, actor, from_status, status, made_on
            from audit where ${OF_ACCOUNT} ${NEWEST_FIRST} limit ${MOST_COUNTED}) as one
   where made_on >= :since
   group by 1, 2, 3, 4`);
