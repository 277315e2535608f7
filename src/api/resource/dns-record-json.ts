import { toWireTime } from '../../pack/pack-json.ts';
import { isProxiable, type ZoneRecord } from '../../record/record.ts';

/** A record as Cloudflare's API has it. */
export const toRecordJson = (record: ZoneRecord) => ({
  id: record.id,
  name: record.name,
  type: record.type,
  content: record.content,
  proxiable: isProxiable(record.type),
  proxied: record.isProxied,
  ttl: record.ttl,
  ...('priority' in record && { priority: record.priority }),
  ...(record.type === 'SRV' && { priority: record.data.priority }),
  ...('data' in record && { data: { ...record.data } }),
  settings: {},
  meta: {},
  comment: record.comment ?? null,
  tags: [...record.tags],
  created_on: toWireTime(record.createdOn),
  modified_on: toWireTime(record.modifiedOn),
});
