import { type FastifyPluginAsyncTypebox, type Static, Type } from '@fastify/type-provider-typebox';
import { Fault } from '../../kit/fault.ts';
import { toWireTime } from '../../pack/pack-json.ts';
import { type Account, getAccount } from '../../store/accounts.ts';
import { type Actor, RESOURCES } from '../../store/audit.ts';
import { type AuditFilter, type AuditRecord, listAudit } from '../../store/audit-list.ts';
import type { ApiDeps } from '../deps.ts';
import { checkAccount, demandAll, isHexId } from '../http/auth.ts';
import { readCursor, toCursor } from '../http/cursor.ts';
import { listOf, ok } from '../http/envelope.ts';
import { Query, readChoice, readId, readInstant, readLimit, readText, refuse } from '../http/page.ts';

const PERMISSION = 'Account Settings Read';
const Params = Type.Object({ account_id: Type.String() });

const Audited = Type.Object({
  id: Type.String(),
  account: Type.Object({ id: Type.String(), name: Type.String() }),
  action: Type.Object({
    type: Type.Enum(['create', 'update', 'delete']),
    description: Type.String(),
    result: Type.Literal('success'),
    time: Type.String(),
  }),
  actor: Type.Object({
    type: Type.Enum(['user', 'system']),
    id: Type.Optional(Type.String()),
    context: Type.Optional(Type.Enum(['api_token', 'api_key'])),
    token_id: Type.Optional(Type.String()),
    token_name: Type.Optional(Type.String()),
    email: Type.Optional(Type.String()),
    ip_address: Type.Optional(Type.String()),
  }),
  raw: Type.Optional(Type.Object({ request_id: Type.String() })),
  resource: Type.Object({
    id: Type.String(),
    // A newer version may have recorded another.
    type: Type.Unsafe<string>(Type.Enum([...RESOURCES])),
    product: Type.String(),
    name: Type.Optional(Type.String()),
  }),
  zone: Type.Optional(Type.Object({ id: Type.String(), name: Type.Optional(Type.String()) })),
});

const AuditInfo = Type.Object({
  count: Type.Integer(),
  cursor: Type.Optional(Type.String()),
  cursors: Type.Optional(Type.Object({ after: Type.String() })),
});

const SCHEMA = {
  operationId: 'audit-logs-v2-get-account-audit-logs',
  summary: 'What clients and operators did in an account',
  params: Params,
  querystring: Query,
  parameters: {
    since: Type.String(),
    before: Type.String(),
    direction: Type.Enum(['desc', 'asc']),
    limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 100 }),
    cursor: Type.String(),
    zone_id: Type.String(),
    actor_token_id: Type.String(),
    resource_type: Type.Enum([...RESOURCES]),
    resource_id: Type.String(),
  },
  response: listOf(Audited, AuditInfo),
};

/**
 * Route of GET /accounts/{account_id}/logs/audit, Cloudflare's audit logs in their second version: every write of a
 * client or an operator in the account, with what it was done to, by whom and from where.
 */
export const auditLogRoute =
  ({ pool, installation }: Pick<ApiDeps, 'pool' | 'installation'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get('/accounts/:account_id/logs/audit', { schema: SCHEMA }, async (request) => {
      const { account_id: accountId } = request.params;
      checkAccount(request.token, request, accountId, PERMISSION);
      demandAll(request.token, PERMISSION);
      const filter = readFilter(request.query, accountId);
      const most = readLimit(request.query, { least: 1, most: 1_000, default: 100 });
      const walk = { secret: installation, of: `audit by time ${JSON.stringify(filter)}` };
      const page = await listAudit(pool, filter, { after: readCursor(request.query, walk), most });
      const account = await getAccount(pool, accountId);
      if (!account) throw new Fault('invalid_object_id', 'the account is not there any more');
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

const toReply = (account: Account, record: AuditRecord): Static<typeof Audited> => ({
  id: record.id,
  account: { id: account.id, name: account.name },
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
    zone: { id: record.zoneId, ...zoneNameOf(record) },
  }),
});

/** What the event is of Cloudflare's three; any other is an update. */
const TYPES: Readonly<Record<string, 'create' | 'delete'>> = {
  order: 'create',
  create: 'create',
  delete: 'delete',
};

function zoneNameOf({ resource, name, zoneName }: AuditRecord): { name?: string } {
  const known = zoneName ?? (resource === 'zone' ? name : undefined);
  return known === undefined ? {} : { name: known };
}

/** A user with a key is a token of ours, called after the address. */
function toActor({ id, name, address }: Actor): Static<typeof Audited>['actor'] {
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
