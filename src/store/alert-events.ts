/** Events that accounts can be told of: those of packs, of zones and of edges, in the order in which nothing comes to stand before what was read. */

import { type EventPosition, historyOf, IN_ORDER, IS_SETTLED, NOW } from './pack-events.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';

/** What happened to a pack, a zone or an edge. */
export interface AlertableEvent {
  /** Of an edge the id of its account, in whose chain it stands. */
  readonly zoneId: string;
  /** Undefined: it is of the zone, or of an edge. */
  readonly packId: string | undefined;
  readonly seq: number;
  readonly madeOn: Date;
  readonly event: string;
  readonly from: string | null;
  readonly to: string | null;
  /** What a zone or an edge was called. */
  readonly name: string | undefined;
  readonly position: EventPosition;
}

/** The history that ids of transactions belong to now. */
export async function currentHistory(db: Db): Promise<string> {
  const { rows } = await execute<{ history: string }>(db, HISTORY, {});
  return historyOf(rows[0]);
}

const HISTORY = statement(`select history from (${NOW}) as now`);

interface Row {
  history: string;
  xact: string | null;
  zone_id: string;
  pack_id: string | null;
  seq: string;
  made_on: Date;
  event: string;
  from_status: string | null;
  status: string | null;
  name: string | null;
}

/** What was read of the events of an account. */
export interface AlertableBatch {
  readonly events: readonly AlertableEvent[];
  readonly history: string;
  /** Whether there may be more by now. */
  readonly isFull: boolean;
}

/** Most events of one batch. */
const BATCH = 200;

/** The next events of an account behind a position; of another history, only those since an instant. */
export async function readAlertableEvents(
  db: Db,
  accountId: string,
  { after, since }: { readonly after: EventPosition; readonly since: Date | undefined },
): Promise<AlertableBatch> {
  const { rows } = await execute<Row>(db, since ? NEXT_SINCE : NEXT, {
    account: accountId,
    xact: after.xact,
    zone: after.zoneId,
    seq: after.seq,
    since,
  });
  const events = rows.flatMap((row) => (row.xact === null ? [] : [toEvent(row, row.xact)]));
  return { events, history: historyOf(rows[0]), isFull: events.length === BATCH };
}

const toEvent = (row: Row, xact: string): AlertableEvent => ({
  zoneId: row.zone_id,
  packId: row.pack_id ?? undefined,
  seq: Number(row.seq),
  madeOn: row.made_on,
  event: row.event,
  from: row.from_status,
  to: row.status,
  name: row.name ?? undefined,
  position: { xact, zoneId: row.zone_id, seq: Number(row.seq) },
});

/** Conditions of the indexes that have what is told of. */
export const OF_PACKS = 'pack_id is not null';
export const OF_ZONES = "resource = 'zone' and pack_id is null";
export const OF_EDGES = "resource = 'edge' and pack_id is null";

const COLUMNS = 'xact, zone_id, pack_id, seq, made_on, event, from_status, status, name';

/** What is behind the position, of one index. The first condition on `xact` is for the index, the second is exact. */
const behind = (kind: string, since: string) => `(
  select ${COLUMNS} from audit
   where account_id = :account and ${kind} and ${IS_SETTLED} and xact >= :xact::text::xid8
     and (${IN_ORDER}) > (:xact::text::xid8, :zone::text, :seq::bigint) ${since}
   order by ${IN_ORDER} limit ${BATCH})`;

const next = (since: string) =>
  statement(`
    select history, one.* from (${NOW}) as now left join lateral (
      select * from (${behind(OF_PACKS, since)} union all ${behind(OF_ZONES, since)} union all ${behind(OF_EDGES, since)}) as all_kinds
       order by ${IN_ORDER} limit ${BATCH}) as one on true
     order by ${IN_ORDER}`);

const NEXT = next('');
const NEXT_SINCE = next('and made_on >= :since');
