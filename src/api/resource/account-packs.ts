import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { Fault } from '../../kit/fault.ts';
import { renderAgain } from '../../operation/render-again.ts';
import { toName, toSuffix } from '../../pack/hosts.ts';
import { CERTIFICATE_AUTHORITIES, ENVIRONMENTS, PACK_STATUSES, PACK_TYPES } from '../../pack/pack.ts';
import { isGranted, zonesWith } from '../../pack/permission.ts';
import { ListCallers } from '../../store/authentication.ts';
import {
  type AccountFilter,
  type AccountRow,
  listAccountPage,
  type Place,
} from '../../store/list/account-list.ts';
import { getPack } from '../../store/packs.ts';
import type { Token } from '../../store/token-row.ts';
import type { ApiDeps } from '../deps.ts';
import { checkAccount, checkReach, isHexId, passIn } from '../http/auth.ts';
import { CursorInfo, readCursor, toCursor } from '../http/cursor.ts';
import { cursorBody, listOf } from '../http/envelope.ts';
import {
  PAGES,
  type Query,
  readChoice,
  readId,
  readInstant,
  readPerPage,
  readText,
  refuse,
} from '../http/page.ts';
import type { PageBudget } from '../http/page-budget.ts';
import { PACK_FILTER, PackReply } from './pack-schema.ts';

const PERMISSION = 'SSL and Certificates Read';

/** Route of GET /accounts/{account_id}/ssl/certificate_packs. */
export const accountPacksRoute =
  (deps: ApiDeps, budget: PageBudget): FastifyPluginAsync =>
  async (app) => {
    const callers = new ListCallers(deps.reader, deps.clock);
    app.get<{ Params: { account_id: string }; Querystring: Query }>(
      '/accounts/:account_id/ssl/certificate_packs',
      { schema: SCHEMA },
      async (request, reply) => {
        const { query } = request;
        const filter = await filterOf(callers, request, request.params.account_id);
        const perPage = readPerPage(query);
        const walk = { secret: deps.installation, of: `packs by creation ${JSON.stringify(filter)}` };
        const after = readCursor(query, walk);
        // In memory twice for a moment: packs, and the page of them.
        const wanted = { owner: request.token.accountId, items: perPage, copies: 2 };
        const lease = await budget.leaseFor(reply.raw, wanted);
        const { items, next } = await readPage(deps, filter, { after, most: perPage }).catch(
          (error: unknown) => {
            lease.release();
            throw error;
          },
        );
        const body = cursorBody(items, { perPage, cursor: next && toCursor(walk, next) });
        lease.hasRead(body.length);
        return reply.type('application/json; charset=utf-8').send(body);
      },
    );
  };

const SCHEMA = {
  operationId: 'list-account-certificate-packs',
  summary: 'Packs of all zones of an account, by filter and cursor',
  parameters: {
    ...PACK_FILTER,
    type: Type.Enum([...PACK_TYPES]),
    certificate_authority: Type.Enum([...CERTIFICATE_AUTHORITIES]),
    zone_id: Type.String(),
    host: Type.String(),
    'host.suffix': Type.String(),
    expires_before: Type.String(),
    per_page: PAGES.per_page,
    cursor: Type.String(),
  },
  response: listOf(PackReply, CursorInfo),
};

/** Packs of one statement: the JSON of many at once would stand in the way of other lists. */
const MOST_AT_ONCE = 100;

/** A page, part by part. It is short where the list is at its end, or a part is: too many packs would have to be looked at. */
async function readPage(
  deps: ApiDeps,
  filter: AccountFilter,
  { after, most }: { readonly after: Place | undefined; readonly most: number },
): Promise<{ readonly items: readonly Buffer[]; readonly next: Place | undefined }> {
  const items: Buffer[] = [];
  let place = after;
  for (;;) {
    const wanted = Math.min(most - items.length, MOST_AT_ONCE);
    const { rows, next } = await listAccountPage(deps.reader, filter, { after: place, most: wanted });
    items.push(...(await Promise.all(rows.map((row) => upToDate(deps, row)))));
    if (!next || rows.length < wanted || items.length === most) return { items, next };
    place = next;
  }
}

/** The filter of a request, for a caller who may see what it shows. */
async function filterOf(
  callers: ListCallers,
  request: FastifyRequest<{ Querystring: Query }>,
  accountId: string,
): Promise<AccountFilter> {
  const { query } = request;
  const wanted = query['zone_id'];
  const isId = typeof wanted === 'string' && isHexId(wanted);
  const caller = await passIn(callers, request, isId ? wanted : '');
  const { token } = caller;
  checkAccount(token, request, accountId, PERMISSION);
  const filter = readAccountFilter(query, accountId);
  if (filter.zoneId !== undefined) checkZone(request, filter.zoneId, caller);
  else if (!isGranted(token.policies, PERMISSION)) throw limited(token);
  return filter;
}

const limited = ({ policies }: Token): Fault => {
  if (zonesWith(policies, PERMISSION).length === 0)
    return new Fault('missing_permission', `this token has no '${PERMISSION}'`);
  const sentence = `this token is limited to certain zones: add zone_id, or use one with '${PERMISSION}' for all zones`;
  return new Fault('missing_permission', sentence, { pointer: '/zone_id' });
};

/** Throws `missing_permission` or `zone_not_found`. */
function checkZone(
  request: FastifyRequest,
  zoneId: string,
  { token, version }: { readonly token: Token; readonly version: number | undefined },
): void {
  checkReach(token, request, zoneId, PERMISSION);
  if (version === undefined) {
    throw new Fault('zone_not_found', `zone ${zoneId} not found`, { pointer: '/zone_id' });
  }
}

/** Throws `malformed_request` or `invalid_host` with a pointer to the parameter. */
function readAccountFilter(query: Query, accountId: string): AccountFilter {
  // Whoever counts pages would be given the first for ever.
  if (query['page'] !== undefined) throw refuse('page', 'is not known to this list: it is walked by cursor');
  return {
    accountId,
    status: readChoice(query, 'status', ['all', ...PACK_STATUSES]) ?? 'all',
    environment: readChoice(query, 'deploy', ENVIRONMENTS),
    type: readChoice(query, 'type', PACK_TYPES),
    certificateAuthority: readChoice(query, 'certificate_authority', CERTIFICATE_AUTHORITIES),
    zoneId: readId(query, 'zone_id'),
    expiresBefore: readInstant(query, 'expires_before'),
    host: readHost(query, 'host', toName),
    suffix: readHost(query, 'host.suffix', toSuffix),
  };
}

function readHost(query: Query, name: string, read: (text: string) => string): string | undefined {
  const text = readText(query, name);
  if (text === undefined) return undefined;
  try {
    return read(text);
  } catch (error) {
    if (error instanceof Fault) throw new Fault(error.fault, error.message, { pointer: `/${name}` });
    throw error;
  }
}

async function upToDate(deps: ApiDeps, row: AccountRow): Promise<Buffer> {
  const again = await renderAgain(deps, row, () => getPack(deps.pool, row.zoneId, row.id));
  return again === undefined ? row.json : Buffer.from(again);
}
