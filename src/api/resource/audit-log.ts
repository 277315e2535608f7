import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { toWireTime } from '../../pack/pack-json.ts';
import { type Account, getAccount } from '../../store/accounts.ts';
import { type Actor, RESOURCES } from '../../store/audit.ts';
import { type AuditFilter, type AuditRecord, listAudit } from '../../store/audit-list.ts';
import type { ApiDeps } from '../deps.ts';
import { checkAccount, demandAccount, isHexId } from '../http/auth.ts';
import { readCursor, toCursor } from '../http/cursor.ts';
import { ok } from '../http/envelope.ts';
import { Query, readChoice, readId, readInstant, readLimit, readText, refuse } from '../http/page.ts';

const PERMISSION = 'Account Settings Read';
const Params = Type.Object({ account_id: Type.String() });

/**
 * Route of GET /accounts/{account_id}/logs/audit, Cloudflare's audit logs in their second version: every write of a
 * client or an operator in the account, with what it was done to, by whom and from where.
 */
export const auditLogRoute =
  ({ pool, installation }: Pick<ApiDeps, 'pool' | 'installation'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    const schema = { params: Params, querystring: Query };
    app.get('/accounts/:account_id/logs/audit', { schema }, async (request) => {
      const { account_id: accountId } = request.params;
      checkAccount(request.token, request, accountId, PERMISSION);
      demandAccount(request, PERMISSION);
      const filter = readFilter(request.query, accountId);
      const most = readLimit(request.query, { least: 1, most: 1_000, default: 100 });
      const walk = { secret: installation, of: `audit by time ${JSON.stringify(filter)}` };
      const page = await listAudit(pool, filter, { after: readCursor(request.query, walk), most });
      const account = await getAccount(pool, accountId);
      const cursor = page.next && toCursor(walk, page.next);
      const records = page.records.map((record) => toReply(account, record));
      return { ...ok(records), result_info: infoOf(records.length, cursor) };
    });
  };

/** The vendor's client walks by `cursors.after`, its documentation by `cursor`. */
const infoOf = (count: number, cursor: string | undefined) => ({
  count,
  ...(cursor !== undefined && { cursor, cursors: { after: cursor } }),
});

const KNOWN = [
  'since',
  'before',
  'direction',
  'limit',
  'cursor',
  'zone_id',
  'actor_token_id',
  'resource_type',
  'resource_id',
];

/** Throws `malformed_request` with a pointer, also for a filter that is not known: its answer would hold too much. */
function readFilter(query: Query, accountId: string): AuditFilter {
  const unknown = Object.keys(query).find((name) => !KNOWN.includes(name));
  if (unknown !== undefined)
    throw refuse(unknown.slice(0, 64), `is not known to this list; it knows ${KNOWN.join(', ')}`);
  const [since, before] = [readInstant(query, 'since'), readInstant(query, 'before')];
  if (since && before && since >= before) throw refuse('before', 'must be later than since');
  return {
    accountId,
    since,
    before,
    isNewestFirst: readChoice(query, 'direction', ['desc', 'asc']) !== 'asc',
    zoneId: readId(query, 'zone_id'),
    tokenId: readId(query, 'actor_token_id'),
    resource: readChoice(query, 'resource_type', RESOURCES),
    resourceId: readResourceId(query),
  };
}

/** Of a pack, or of any other resource. */
function readResourceId(query: Query): string | undefined {
  const text = readText(query, 'resource_id');
  if (text === undefined || isHexId(text) || UUID.test(text)) return text;
  throw refuse('resource_id', 'must be the id of a certificate pack, a zone or a token');
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const toReply = (account: Account | undefined, record: AuditRecord) => ({
  id: record.id,
  account: { id: account?.id, name: account?.name },
  action: {
    type: TYPES[record.event] ?? 'update',
    description: record.event,
    result: 'success',
    time: toWireTime(record.madeOn),
  },
  actor: toActor(record.actor),
  ...(record.actor.request !== undefined && { raw: { request_id: record.actor.request } }),
  resource: {
    id: record.resourceId,
    type: record.resource,
    product: record.resource === 'certificate_pack' ? 'ssl' : record.resource,
    ...(record.name !== undefined && { name: record.name }),
  },
  ...(record.zoneId !== undefined && {
    zone: { id: record.zoneId, name: record.zoneName ?? zoneIn(record) },
  }),
});

/** What the event is of Cloudflare's three; any other is an update. */
const TYPES: Readonly<Record<string, string>> = { order: 'create', create: 'create', delete: 'delete' };

const zoneIn = ({ resource, name }: AuditRecord): string | undefined =>
  resource === 'zone' ? name : undefined;

/** A user with a key is a token of ours, called after the address. */
function toActor({ id, name, address }: Actor) {
  if (id === 'operator') return { type: 'system', id };
  const email = /^user (.+@.+)$/.exec(name ?? '')?.[1];
  return {
    type: 'user',
    context: email === undefined ? 'api_token' : 'api_key',
    token_id: id,
    ...(email === undefined ? name !== undefined && { token_name: name } : { email }),
    ...(address !== undefined && { ip_address: address }),
  };
}
