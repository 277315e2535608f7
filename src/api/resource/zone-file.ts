/** Zone files: all DNS records of a zone as BIND has them, out and in. */
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { Fault } from '../../kit/fault.ts';
import { importRecords } from '../../operation/import-records.ts';
import { checkRecordQuota } from '../../operation/quotas.ts';
import { RECORD_TYPES, type ZoneRecord } from '../../record/record.ts';
import { type FilePlace, type FileRecord, recordsOf } from '../../record/zone-file.ts';
import { headLines, recordLine } from '../../record/zone-file-text.ts';
import { listRecordsBehind } from '../../store/dns-records.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, zoneOf } from '../http/auth.ts';
import { bareOf, ok, okOf } from '../http/envelope.ts';
import { readForms, textIn } from '../http/form.ts';
import { placeOf, zoneToWrite } from './dns-record-place.ts';

const Params = Type.Object({ zone_id: Type.String() });
const RECORDS = '/zones/:zone_id/dns_records';

const EXPORT = {
  operationId: 'dns-records-for-a-zone-export-dns-records',
  summary: 'The DNS records of a zone as a zone file',
  params: Params,
  response: bareOf('text/plain', Type.String()),
};
const IMPORT = {
  operationId: 'dns-records-for-a-zone-import-dns-records',
  summary: 'Make the DNS records of a zone file, all of them or none',
  params: Params,
  form: Type.Object({ file: Type.String(), proxied: Type.Optional(Type.Enum(['true', 'false'])) }),
  response: okOf(Type.Object({ recs_added: Type.Integer(), total_records_parsed: Type.Integer() })),
};

/** Routes of /zones/{zone_id}/dns_records/export and …/import. */
export const zoneFileRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    // What would answer HEAD would read every record for nothing.
    app.get(`${RECORDS}/export`, { exposeHeadRoute: false, schema: EXPORT }, async (request, reply) => {
      const zone = zoneOf(request, request.params.zone_id, 'DNS Read');
      const nameServers = zone.nameServers ?? deps.zonePolicy.nameServers;
      const head = headLines({ zone: zone.name, nameServers, now: deps.clock.now() });
      const first = await listRecordsBehind(deps.pool, zone.id, undefined, MOST_READ);
      reply.type('text/plain; charset=utf-8');
      return reply.send(Readable.from(partsOf(deps, zone.id, head, first)));
    });
    readForms(app);
    app.post(`${RECORDS}/import`, { schema: IMPORT }, async (request) => {
      const zone = zoneToWrite(request, request.params.zone_id);
      const { file, isProxied } = await readImport(request.body);
      const records = await readRecords(deps, file, { ...placeOf(deps, zone), isProxied });
      const added = await importRecords(deps, { zone, file: records, by: actorOf(request) });
      return ok({ recs_added: added, total_records_parsed: records.length });
    });
  };

/** Most records that are read at once: a zone with no more of them is written down as it is at one moment. */
const MOST_READ = 10_000;

/** A zone file in parts. */
async function* partsOf(
  { pool }: ApiDeps,
  zoneId: string,
  head: readonly string[],
  first: ZoneRecord[],
): AsyncGenerator<string> {
  yield `${head.join('\n')}\n`;
  for (let records = first; records.length > 0; ) {
    yield byType(records);
    const isLast = records.length < MOST_READ;
    records = isLast ? [] : await listRecordsBehind(pool, zoneId, records.at(-1), MOST_READ);
  }
}

function byType(records: readonly ZoneRecord[]): string {
  const parts = RECORD_TYPES.map((type) => ({ type, of: records.filter((one) => one.type === type) }));
  return parts
    .filter(({ of }) => of.length > 0)
    .map(({ type, of }) => `\n;; ${type} Records\n${of.map((one) => `${recordLine(one)}\n`).join('')}`)
    .join('');
}

/** The form of an import. Throws `media_type_not_accepted` for another body, `malformed_request` for another form. */
async function readImport(body: unknown): Promise<{ readonly file: string; readonly isProxied: boolean }> {
  if (!(body instanceof FormData))
    throw new Fault(
      'media_type_not_accepted',
      'send the zone file as multipart/form-data, in the field file',
    );
  const file = await textIn(body, 'file');
  if (file === undefined) throw new Fault('malformed_request', 'file is required', { pointer: '/file' });
  const proxied = await textIn(body, 'proxied');
  if (proxied !== undefined && proxied !== 'true' && proxied !== 'false')
    throw new Fault('malformed_request', 'proxied must be true or false', { pointer: '/proxied' });
  return { file, isProxied: proxied === 'true' };
}

/** Records that are read before others have their turn. */
const MOST_IN_TURN = 200;

/** The records of a zone file, no more than a zone may have. Throws `invalid_record` with the line, `quota_reached`. */
async function readRecords(deps: ApiDeps, file: string, place: FilePlace): Promise<FileRecord[]> {
  const records: FileRecord[] = [];
  for (const record of recordsOf(file, place)) {
    records.push(record);
    checkRecordQuota(deps, records.length);
    if (records.length % MOST_IN_TURN === 0) await turn();
  }
  return records;
}
