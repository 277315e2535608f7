import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Fault } from '../../kit/fault.ts';
import { changeRecords, type RecordWish } from '../../operation/change-records.ts';
import type { ZoneRecord } from '../../record/record.ts';
import { type GivenRecord, patched, toTerms } from '../../record/terms.ts';
import { listRecordPage } from '../../store/dns-record-list.ts';
import { getRecord } from '../../store/dns-records.ts';
import type { Zone } from '../../store/zone-row.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, isHexId, zoneOf } from '../http/auth.ts';
import { listOf, ok, okOf, toResultInfo } from '../http/envelope.ts';
import { PageInfo, Query, readPage } from '../http/page.ts';
import { RECORD_PARAMETERS, readRecordFilter } from './dns-record-filter.ts';
import { toRecordJson } from './dns-record-json.ts';
import { placeOf, zoneToWrite } from './dns-record-place.ts';
import { BatchReply, RecordBatch, RecordBody, RecordPatch, RecordReply } from './dns-record-schema.ts';

const ZoneParams = Type.Object({ zone_id: Type.String() });
const Params = Type.Object({ zone_id: Type.String(), dns_record_id: Type.String() });
const RECORDS = '/zones/:zone_id/dns_records';

const LIST = {
  operationId: 'dns-records-for-a-zone-list-dns-records',
  summary: 'List the DNS records of a zone',
  params: ZoneParams,
  querystring: Query,
  parameters: RECORD_PARAMETERS,
  response: listOf(RecordReply, PageInfo),
};
const POST = {
  operationId: 'dns-records-for-a-zone-create-dns-record',
  summary: 'Make a DNS record',
  params: ZoneParams,
  body: RecordBody,
  response: okOf(RecordReply),
};
const BATCH = {
  operationId: 'dns-records-for-a-zone-batch-dns-records',
  summary: 'Delete, patch, overwrite and make DNS records, all of it or nothing',
  params: ZoneParams,
  body: RecordBatch,
  response: okOf(BatchReply),
};
const GET = {
  operationId: 'dns-records-for-a-zone-dns-record-details',
  summary: 'Get a DNS record',
  params: Params,
  response: okOf(RecordReply),
};
const PUT = {
  operationId: 'dns-records-for-a-zone-update-dns-record',
  summary: 'Overwrite a DNS record',
  params: Params,
  body: RecordBody,
  response: okOf(RecordReply),
};
const PATCH = {
  operationId: 'dns-records-for-a-zone-patch-dns-record',
  summary: 'Change some fields of a DNS record',
  params: Params,
  body: RecordPatch,
  response: okOf(RecordReply),
};
const DELETE = {
  operationId: 'dns-records-for-a-zone-delete-dns-record',
  summary: 'Delete a DNS record',
  params: Params,
  response: okOf(Type.Object({ id: Type.String() })),
};

/** Routes of /zones/{zone_id}/dns_records. */
export const dnsRecordRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(RECORDS, { schema: LIST }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'DNS Read');
      const pages = readPage(request.query, 100);
      const { records, total } = await listRecordPage(
        deps.pool,
        readRecordFilter(request.query, zone.id),
        pages,
      );
      const info = toResultInfo({ ...pages, count: records.length, total });
      return { ...ok(records.map(toRecordJson)), result_info: info };
    });
    app.get(`${RECORDS}/:dns_record_id`, { schema: GET }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'DNS Read');
      const id = request.params.dns_record_id;
      const record = isHexId(id) ? await getRecord(deps.pool, zone.id, id) : undefined;
      if (record) return ok(toRecordJson(record));
      throw new Fault('record_not_found', `DNS record ${id.slice(0, 64)} does not exist`);
    });
    await app.register(changes(deps));
  };

/** What makes, changes and takes away. */
const changes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const one = changeOne(deps);
    app.post(RECORDS, { schema: POST }, async (request) => {
      const { body, params } = request;
      return ok(toRecordJson(await one(request, params.zone_id, (zone) => toCreate(deps, zone, body))));
    });
    app.put(`${RECORDS}/:dns_record_id`, { schema: PUT }, async (request) => {
      const { body, params } = request;
      const wish = (zone: Zone) => toPut(deps, zone, { ...body, id: params.dns_record_id });
      return ok(toRecordJson(await one(request, params.zone_id, wish)));
    });
    app.patch(`${RECORDS}/:dns_record_id`, { schema: PATCH }, async (request) => {
      const { body, params } = request;
      const wish = (zone: Zone) => toPatch(deps, zone, { ...body, id: params.dns_record_id });
      return ok(toRecordJson(await one(request, params.zone_id, wish)));
    });
    app.delete(`${RECORDS}/:dns_record_id`, { schema: DELETE }, async (request) => {
      const { zone_id: zoneId, dns_record_id: id } = request.params;
      await one(request, zoneId, () => ({ kind: 'delete', id, pointer: '' }));
      return ok({ id });
    });
    app.post(`${RECORDS}/batch`, { schema: BATCH }, async (request) => {
      const zone = zoneToWrite(request, request.params.zone_id);
      const { wishes, sizes } = wishesOf(deps, zone, request.body);
      const done = await changeRecords(deps, { zone, wishes, by: actorOf(request) });
      return ok(inParts(done, sizes));
    });
  };

/** Does one thing for a request; what it came to. */
const changeOne =
  (deps: ApiDeps) =>
  async (request: FastifyRequest, zoneId: string, wish: (zone: Zone) => RecordWish): Promise<ZoneRecord> => {
    const zone = zoneToWrite(request, zoneId);
    const [record] = await changeRecords(deps, { zone, wishes: [wish(zone)], by: actorOf(request) });
    if (!record) throw new Error('a wish that was carried out has a record');
    return record;
  };

/** What makes a record. */
const toCreate = (deps: ApiDeps, zone: Zone, body: GivenRecord): RecordWish => ({
  kind: 'create',
  pointer: '',
  record: toTerms(body, placeOf(deps, zone)),
});

const toPut = (deps: ApiDeps, zone: Zone, { id, ...body }: GivenRecord & { id: string }): RecordWish => {
  const record = toTerms(body, placeOf(deps, zone));
  return { kind: 'change', id, pointer: '', to: () => record };
};

const toPatch = (
  deps: ApiDeps,
  zone: Zone,
  { id, ...patch }: Partial<GivenRecord> & { id: string },
): RecordWish => ({
  kind: 'change',
  id,
  pointer: '',
  to: (before) => toTerms(patched(before, patch), placeOf(deps, zone)),
});

const PARTS = ['deletes', 'patches', 'puts', 'posts'] as const;

/** All wishes of a batch in Cloudflare's order, each with its place in the body; and how many of each kind. */
function wishesOf(deps: ApiDeps, zone: Zone, body: RecordBatch) {
  const { deletes = [], patches = [], puts = [], posts = [] } = body;
  const parts: Readonly<Record<(typeof PARTS)[number], readonly (() => RecordWish)[]>> = {
    deletes: deletes.map(({ id }) => () => ({ kind: 'delete', id, pointer: '' })),
    patches: patches.map((one) => () => toPatch(deps, zone, one)),
    puts: puts.map((one) => () => toPut(deps, zone, one)),
    posts: posts.map((one) => () => toCreate(deps, zone, one)),
  };
  const wishes = PARTS.flatMap((part) => parts[part].map((make, i) => placed(make, `/${part}/${i}`)));
  return { wishes, sizes: PARTS.map((part) => parts[part].length) };
}

function placed(make: () => RecordWish, pointer: string): RecordWish {
  try {
    return { ...make(), pointer };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault(error.fault, error.message, { pointer: `${pointer}${error.pointer ?? ''}` });
  }
}

function inParts(done: readonly ZoneRecord[], sizes: readonly number[]) {
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
  const part = (i: number) => done.slice(starts[i], (starts[i] ?? 0) + (sizes[i] ?? 0)).map(toRecordJson);
  return { deletes: part(0), patches: part(1), puts: part(2), posts: part(3) };
}
