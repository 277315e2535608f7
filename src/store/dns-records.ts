import type { RecordContent, ZoneRecord } from '../record/record.ts';
import { reverse } from './published-records.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { IN_ZONE, zoneKey } from './zone-key.ts';

/** A row of dns_records: columns that are nothing to its type are null. */
export type RecordRow = RecordContent & {
  id: string;
  name: string;
  ttl: number;
  is_proxied: boolean;
  comment: string | null;
  tags: string[];
  created_on: Date;
  modified_on: Date;
};

/** The columns of a RecordRow. */
export const RECORD_COLUMNS =
  'id, name, type, content, priority, data, ttl, is_proxied, comment, tags, created_on, modified_on';

/** A record of a zone, or undefined. */
export async function getRecord(db: Db, zoneId: string, id: string): Promise<ZoneRecord | undefined> {
  const { rows } = await execute<RecordRow>(db, GET, { ...zoneKey(zoneId), id });
  return rows[0] && toRecord(rows[0]);
}

const GET = statement(`select ${RECORD_COLUMNS} from dns_records where ${IN_ZONE} and id = :id`);

/** Records of a zone with one of these ids or names. */
export async function listRecords(
  tx: Db,
  zoneId: string,
  { ids, names }: { readonly ids: readonly string[]; readonly names: readonly string[] },
): Promise<ZoneRecord[]> {
  // The database cannot take a text with NUL, as an id from a client may be.
  const able = ids.filter((id) => !id.includes('\0'));
  const { rows } = await execute<RecordRow>(tx, LIST, { ...zoneKey(zoneId), ids: able, names });
  return rows.map(toRecord);
}

const LIST = statement(`
  select ${RECORD_COLUMNS} from dns_records where ${IN_ZONE} and id = any(:ids)
  union all
  select ${RECORD_COLUMNS} from dns_records where ${IN_ZONE} and name = any(:names) and id <> all(:ids)`);

/** Records of a zone by name and id, from behind one of them, or from the first on. */
export async function listRecordsBehind(
  db: Db,
  zoneId: string,
  last: Pick<ZoneRecord, 'name' | 'id'> | undefined,
  most: number,
): Promise<ZoneRecord[]> {
  const { name, id } = last ?? { name: '', id: '' };
  const { rows } = await execute<RecordRow>(db, LIST_BEHIND, { ...zoneKey(zoneId), name, id, most });
  return rows.map(toRecord);
}

const LIST_BEHIND = statement(`
  select ${RECORD_COLUMNS} from dns_records where ${IN_ZONE} and (name, id) > (:name, :id)
   order by name, id limit :most`);

/** Records of a zone, how many. */
export async function countRecords(db: Db, zoneId: string): Promise<number> {
  const { rows } = await execute<{ n: number }>(db, COUNT, zoneKey(zoneId));
  return rows[0]?.n ?? 0;
}

const COUNT = statement(`select count(*)::int as n from dns_records where ${IN_ZONE}`);

/** Writes records, new ones and changed ones. */
export async function putRecords(tx: Tx, zoneId: string, records: readonly ZoneRecord[]): Promise<void> {
  if (records.length === 0) return;
  await execute(tx, PUT, { ...zoneKey(zoneId), rows: JSON.stringify(records.map(toRow)) });
}

const PUT = statement(`
  insert into dns_records (cell, zone_id, reversed, ${RECORD_COLUMNS})
  select :cell, :zone, reversed, ${RECORD_COLUMNS} from json_to_recordset(:rows::json) as given (
    reversed text, id text, name text, type text, content text, priority integer, data json, ttl integer,
    is_proxied boolean, comment text, tags text[], created_on timestamptz, modified_on timestamptz)
  on conflict (cell, zone_id, id) do update set
    reversed = excluded.reversed, name = excluded.name, type = excluded.type, content = excluded.content,
    priority = excluded.priority, data = excluded.data, ttl = excluded.ttl, is_proxied = excluded.is_proxied,
    comment = excluded.comment, tags = excluded.tags, modified_on = excluded.modified_on`);

/** Takes records of a zone away. */
export async function deleteRecords(tx: Tx, zoneId: string, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await execute(tx, DELETE, { ...zoneKey(zoneId), ids });
}

const DELETE = statement(`delete from dns_records where ${IN_ZONE} and id = any(:ids)`);

/** Takes all records of a zone away. */
export async function deleteAllRecords(tx: Tx, zoneId: string): Promise<void> {
  await execute(tx, DELETE_ALL, zoneKey(zoneId));
}

const DELETE_ALL = statement(`delete from dns_records where ${IN_ZONE}`);

const toRow = (record: ZoneRecord) => ({
  id: record.id,
  name: record.name,
  reversed: reverse(record.name),
  type: record.type,
  content: record.content,
  priority: 'priority' in record ? record.priority : null,
  data: 'data' in record ? record.data : null,
  ttl: record.ttl,
  is_proxied: record.isProxied,
  comment: record.comment ?? null,
  tags: record.tags,
  created_on: record.createdOn,
  modified_on: record.modifiedOn,
});

/** A row as a record. */
export const toRecord = (row: RecordRow): ZoneRecord => ({
  ...contentOf(row),
  id: row.id,
  name: row.name,
  ttl: row.ttl,
  isProxied: row.is_proxied,
  comment: row.comment ?? undefined,
  tags: row.tags,
  createdOn: row.created_on,
  modifiedOn: row.modified_on,
});

/** What a row says: the columns of its type. */
export function contentOf(row: RecordContent): RecordContent {
  const { content } = row;
  switch (row.type) {
    case 'MX':
      return { type: row.type, content, priority: row.priority };
    case 'CAA':
      return { type: row.type, content, data: row.data };
    case 'SRV':
      return { type: row.type, content, data: row.data };
    case 'A':
    case 'AAAA':
    case 'CNAME':
    case 'NS':
    case 'TXT':
    default:
      return { type: row.type, content };
  }
}
