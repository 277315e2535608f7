/**
 * Events of packs, out of the record: those of one pack by their numbers, and those of an account in an order in which
 * nothing comes to stand before what was read. docs/decisions/0030-the-record-is-chained-and-streamed.md.
 */
import { createHash } from 'node:crypto';
import type { PackKey } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';
import { IN_ZONE, OF_PACK, packKey } from './zone-key.ts';

/** What happened to a pack. */
export interface PackEventRow {
  readonly zoneId: string;
  readonly packId: string;
  /** Number in its zone: the order in which things happened there. */
  readonly seq: number;
  readonly madeOn: Date;
  readonly event: string;
  /** Null, here and below: the record does not say, or there was none. */
  readonly from: string | null;
  readonly to: string | null;
  readonly actor: string;
  readonly actorName: string | null;
  /** JSON. */
  readonly details: string | null;
}

/** An event as `EVENT_COLUMNS` give it. */
export interface EventColumns {
  zone_id: string;
  pack_id: string;
  seq: string;
  made_on: Date;
  event: string;
  from_status: string | null;
  status: string | null;
  actor: string;
  actor_name: string | null;
  details: string | null;
}

export const EVENT_COLUMNS =
  'zone_id, pack_id, seq, made_on, event, from_status, status, actor, actor_name, details';

export const toEvent = (row: EventColumns): PackEventRow => ({
  zoneId: row.zone_id,
  packId: row.pack_id,
  seq: Number(row.seq),
  madeOn: row.made_on,
  event: row.event,
  from: row.from_status,
  to: row.status,
  actor: row.actor,
  actorName: row.actor_name,
  details: row.details,
});

/** Whether an event of a pack was recorded since an instant. */
export async function wasRecorded(
  db: Db,
  pack: PackKey,
  { event, since }: { readonly event: string; readonly since: Date },
): Promise<boolean> {
  const { rowCount } = await execute(db, WAS_RECORDED, { ...packKey(pack), event, since });
  return rowCount === 1;
}

const WAS_RECORDED = statement(`
  select from audit where ${OF_PACK} and event = :event and made_on >= :since limit 1`);

/** Which events of a pack are wanted. */
export interface EventsAsk {
  readonly isNewestFirst: boolean;
  /** Number of the last one that was read; undefined: from the first on. */
  readonly after: number | undefined;
  readonly most: number;
}

/** Events of a pack, which may be gone. */
export async function listPackEvents(
  db: Db,
  pack: { readonly id: string; readonly zone: { readonly id: string } },
  { isNewestFirst, after, most }: EventsAsk,
): Promise<PackEventRow[]> {
  const values = { ...packKey(pack), after, most };
  const { rows } = await execute<EventColumns>(db, isNewestFirst ? NEWEST : OLDEST, values);
  return rows.map(toEvent);
}

const ofPack = (order: 'asc' | 'desc', beyond: '<' | '>') =>
  statement(`
    select ${EVENT_COLUMNS} from audit
     where ${IN_ZONE} and pack_id = :pack and (:after::bigint is null or seq ${beyond} :after::bigint)
     order by seq ${order} limit :most::int`);

const NEWEST = ofPack('desc', '<');
const OLDEST = ofPack('asc', '>');

/**
 * Where a stream is: behind that event. Its transaction is over, and so were all that began before it when the event was
 * given out, so nothing comes to stand before it.
 */
export interface EventPosition {
  /** Id of the transaction that wrote it, in full. */
  readonly xact: string;
  readonly zoneId: string;
  readonly seq: number;
}

/** Before every event. */
export const BEGINNING: EventPosition = { xact: '0', zoneId: '', seq: 0 };

/** Which of two positions is the earlier: negative for the first, 0 for the same. */
export function comparePositions(a: EventPosition, b: EventPosition): number {
  const [x, y] = [BigInt(a.xact), BigInt(b.xact)];
  if (x !== y) return x < y ? -1 : 1;
  if (a.zoneId !== b.zoneId) return a.zoneId < b.zoneId ? -1 : 1;
  return a.seq - b.seq;
}

/** An event where it stands. */
export interface StreamedEvent extends PackEventRow {
  readonly accountId: string;
  readonly position: EventPosition;
}

/** What was read of the events of accounts. */
export interface EventBatch {
  readonly events: readonly StreamedEvent[];
  /** Names the history that ids of transactions belong to: another one's positions say nothing. */
  readonly history: string;
  /** Whether there may be more by now. */
  readonly isFull: boolean;
}

/** Most events of one batch. */
const EVENT_BATCH = 200;

/** From where to where events are read. */
export interface EventSpan {
  readonly after: EventPosition;
  /** The last one that is wanted; undefined: whatever there is. */
  readonly upTo?: EventPosition | undefined;
}

/**
 * The next events of an account, or of several, behind a position. What a transaction wrote that is still open, or began
 * after one that is, waits until that one is over.
 */
export async function readEvents(
  db: Db,
  of: string | readonly string[],
  { after, upTo }: EventSpan,
): Promise<EventBatch> {
  const { rows } = await execute<StreamRow>(db, typeof of === 'string' ? OF_ONE : OF_SEVERAL, {
    accounts: of,
    xact: after.xact,
    zone: after.zoneId,
    seq: after.seq,
    last_xact: upTo?.xact,
    last_zone: upTo?.zoneId,
    last_seq: upTo?.seq,
  });
  const events = rows.flatMap((row) => (isEvent(row) ? [toStreamed(row)] : []));
  return { events, history: historyOf(rows[0]), isFull: events.length === EVENT_BATCH };
}

/** Behind the last event of an account that can be given out now. */
export async function latestPosition(
  db: Db,
  accountId: string,
): Promise<{ readonly position: EventPosition; readonly history: string }> {
  const { rows } = await execute<StreamRow>(db, LATEST, { account: accountId });
  const [row] = rows;
  return { position: row && isEvent(row) ? positionOf(row) : BEGINNING, history: historyOf(row) };
}

type EventRow = EventColumns & { account_id: string; xact: string };
interface Seen {
  history: string;
}
type StreamRow = Seen & (EventRow | { xact: null });

const isEvent = (row: StreamRow): row is Seen & EventRow => row.xact !== null;

const positionOf = ({ xact, zone_id: zoneId, seq }: EventRow): EventPosition => ({
  xact,
  zoneId,
  seq: Number(seq),
});

const toStreamed = (row: EventRow): StreamedEvent => ({
  ...toEvent(row),
  accountId: row.account_id,
  position: positionOf(row),
});

/** A short name for a history. */
export const historyOf = (row: { readonly history: string } | undefined): string =>
  createHash('sha256')
    .update(row?.history ?? '')
    .digest('base64url')
    .slice(0, 12);

/**
 * Ids of transactions go on in one server, on one timeline: a server that took another's place may give ids anew that were
 * lost there. What is restored into another database is written anew there. A server that does not tell its timeline is taken for
 * one that lost nothing.
 */
export const NOW = `
  select pg_snapshot_xmin(pg_current_snapshot()) as horizon,
         log_history() || ' ' || (select oid from pg_database where datname = current_database()) as history`;

/** Of transactions that are over, as all that began before them are. */
export const IS_SETTLED = 'xact is not null and xact < now.horizon';
const SETTLED = `pack_id is not null and ${IS_SETTLED}`;
export const IN_ORDER = 'xact, zone_id, seq';

const next = (accounts: string) =>
  statement(`
    select history, one.* from (${NOW}) as now left join lateral (
      select account_id, xact, ${EVENT_COLUMNS} from audit
       where account_id = ${accounts} and ${SETTLED} and xact >= :xact::text::xid8
         and (${IN_ORDER}) > (:xact::text::xid8, :zone::text, :seq::bigint)
         and (:last_xact::text is null
              or (${IN_ORDER}) <= (:last_xact::text::xid8, :last_zone::text, :last_seq::bigint))
       order by ${IN_ORDER} limit ${EVENT_BATCH}) as one on true
     order by ${IN_ORDER}`);

/** Apart: the index has those of one account in this order. */
const OF_ONE = next(':accounts::text');
const OF_SEVERAL = next('any(:accounts::text[])');

const LATEST = statement(`
  select history, one.* from (${NOW}) as now left join lateral (
    select account_id, xact, ${EVENT_COLUMNS} from audit where account_id = :account and ${SETTLED}
     order by xact desc, zone_id desc, seq desc limit 1) as one on true`);
