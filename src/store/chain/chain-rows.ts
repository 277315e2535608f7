/** The ends of chains and the records of all zones and accounts, page by page, as one statement after another sees them. */
import { statement } from '../statement.ts';
import { execute, type Tx } from '../store.ts';
import { zoneKey } from '../zone-key.ts';
import type { ChainMark, ChainRecord } from './chain-check.ts';
import { digestOf } from './link.ts';

/** The last record of a chain. */
export interface ChainHead extends ChainMark {
  /** Id of the zone, or of the account. */
  readonly id: string;
}

/** The same, and the last record that was removed from the chain's beginning. */
export interface HeadRow extends ChainHead {
  readonly begin: ChainMark | undefined;
}

interface HeadColumns {
  id: string;
  place: string;
  hash: Buffer;
  begin_place: string | null;
  begin_hash: Buffer | null;
}

const PAGE = 2_000;

/** All ends of chains, in the order of their ids. */
export async function* heads(tx: Tx): AsyncGenerator<HeadRow> {
  for (let last = ''; ; ) {
    const { rows } = await execute<HeadColumns>(tx, HEADS, afterId(last));
    for (const row of rows) yield toHead(row);
    if (rows.length < PAGE) return;
    last = rows.at(-1)?.id ?? last;
  }
}

const afterId = (last: string) => (last === '' ? { cell: -1, zone: '' } : zoneKey(last));

const toHead = ({ id, place, hash, begin_place, begin_hash }: HeadColumns): HeadRow => ({
  id,
  place: BigInt(place),
  hash,
  begin: begin_place !== null && begin_hash ? { place: BigInt(begin_place), hash: begin_hash } : undefined,
});

/** Cells are the first bits of ids: the order of both is that of ids alone. */
const HEADS = statement(`
  select ends.id, ends.place, ends.hash, begins.place as begin_place, begins.hash as begin_hash
    from (
      (select cell, id, chain_place as place, chain_hash as hash from zones
        where (cell, id) > (:cell, :zone) order by cell, id limit ${PAGE})
      union all
      (select (('x' || left(id, 2))::bit(8)::int >> 3)::smallint, id, chain_place, chain_hash from accounts
        where id > :zone order by id limit ${PAGE})
      union all
      (select cell, zone_id, place, hash from audit_checkpoints
        where (cell, zone_id) > (:cell, :zone) and kind = 'end' order by cell, zone_id limit ${PAGE})) as ends
    left join audit_checkpoints as begins
      on begins.cell = ends.cell and begins.zone_id = ends.id and begins.kind = 'begin'
   order by ends.cell, ends.id collate "C" limit ${PAGE}`);

/** A record, and the chain that it belongs to. */
export type RecordRow = ChainRecord & { readonly id: string };

interface RecordColumns {
  zone_id: string;
  seq: string;
  made_on: Date;
  account_id: string;
  pack_id: string | null;
  event: string;
  from_status: string | null;
  status: string | null;
  resource: string;
  resource_id: string | null;
  name: string | null;
  actor: string;
  actor_name: string | null;
  address: string | null;
  request: string | null;
  details: string | null;
  chain_place: string | null;
  chain_hash: Buffer | null;
}

/** All records, by the id of their chain and in the order in which they were made. */
export async function* records(tx: Tx): AsyncGenerator<RecordRow> {
  for (let last = { ...afterId(''), seq: '0' }; ; ) {
    const { rows } = await execute<RecordColumns>(tx, RECORDS, last);
    for (const row of rows) yield toRecord(row);
    const end = rows.at(-1);
    if (!end || rows.length < PAGE) return;
    last = { ...afterId(end.zone_id), seq: end.seq };
  }
}

const RECORDS = statement(`
  select zone_id, seq, made_on, account_id, pack_id, event, from_status, status, resource, resource_id, name, actor,
         actor_name, address, request, details, chain_place, chain_hash
    from audit where (cell, zone_id, seq) > (:cell, :zone, :seq) order by cell, zone_id, seq limit ${PAGE}`);

const toRecord = (row: RecordColumns): RecordRow => ({
  id: row.zone_id,
  seq: BigInt(row.seq),
  digest: digestOf({
    zoneId: row.zone_id,
    accountId: row.account_id,
    madeOn: row.made_on,
    packId: row.pack_id,
    event: row.event,
    fromStatus: row.from_status,
    status: row.status,
    resource: row.resource,
    resourceId: row.resource_id,
    name: row.name,
    actor: row.actor,
    actorName: row.actor_name,
    address: row.address,
    request: row.request,
    details: row.details,
  }),
  link:
    row.chain_place !== null && row.chain_hash
      ? { place: BigInt(row.chain_place), hash: row.chain_hash }
      : undefined,
});
