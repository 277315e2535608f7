import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { Fault } from '../../kit/fault.ts';
import { renderAgain } from '../../operation/render-again.ts';
import { isGranted, zonesWith } from '../../pack/permission.ts';
import { ListCallers } from '../../store/authentication.ts';
import {
  type AccountFilter,
  type AccountRow,
  listAccountPage,
  type Place,
  type Stretch,
  turned,
} from '../../store/list/account-list.ts';
import { getPack } from '../../store/packs.ts';
import type { Token } from '../../store/token-row.ts';
import type { ApiDeps } from '../deps.ts';
import { checkAccount, checkReach, isHexId, passIn } from '../http/auth.ts';
import { type CursorPlace, CursorsInfo, readCursor, toCursor, type Walk } from '../http/cursor.ts';
import { cursorBody, listOf } from '../http/envelope.ts';
import { PAGES, type Query, readChoice, readPerPage, refuse } from '../http/page.ts';
import type { PageBudget } from '../http/page-budget.ts';
import { ACCOUNT_FILTER, ORDERS, readAccountFilter } from './account-filter.ts';
import { PackReply } from './pack-schema.ts';

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
        const filter = await filterOf(callers, request, {
          accountId: request.params.account_id,
          now: deps.clock.now(),
        });
        const perPage = readPerPage(query);
        const isDescending = readChoice(query, 'direction', DIRECTIONS) === 'desc';
        const of = `packs ${isDescending ? 'downwards' : 'upwards'} ${JSON.stringify({ ...filter, asOf: undefined })}`;
        const walk = { secret: deps.installation, of };
        const from = readCursor(query, walk);
        // In memory twice for a moment: packs, and the page of them.
        const wanted = { owner: request.token.accountId, items: perPage, copies: 2 };
        const lease = await budget.leaseFor(reply.raw, wanted);
        const way = isDescending === (from?.isBefore ?? false) ? 'forwards' : 'backwards';
        const { items, next } = await readPage(deps, filter, { from, way, most: perPage }).catch(
          (error: unknown) => {
            lease.release();
            throw error;
          },
        );
        const cursors = cursorsOf(walk, { from, way, next });
        const body = cursorBody(from?.isBefore ? items.toReversed() : items, { perPage, cursors });
        lease.hasRead(body.length);
        return reply.type('application/json; charset=utf-8').send(body);
      },
    );
  };

const DIRECTIONS = ['asc', 'desc'] as const;

const SCHEMA = {
  operationId: 'list-account-certificate-packs',
  summary: 'Packs of all zones of an account, by filter and cursor',
  parameters: {
    ...ACCOUNT_FILTER,
    order: Type.Enum([...ORDERS]),
    direction: Type.Enum([...DIRECTIONS]),
    per_page: PAGES.per_page,
    cursor: Type.String(),
  },
  response: listOf(Type.Object({ zone_id: Type.String(), ...PackReply.properties }), CursorsInfo),
};

/** Where a page began, which way it was read, and where that goes on. */
interface Read extends Pick<Stretch, 'way'> {
  readonly from: CursorPlace | undefined;
  readonly next: Place | undefined;
}

/** Cursors of what is before a page and behind it. A page ends where the next one begins, whichever way it is come to. */
function cursorsOf(walk: Walk, { from, way, next }: Read): { before?: string; after?: string } {
  const on = next && toCursor(walk, { ...next, isBefore: from?.isBefore ?? false });
  const back = from && toCursor(walk, { ...turned(from, way), isBefore: !from.isBefore });
  const [before, after] = from?.isBefore ? [on, back] : [back, on];
  return { ...(before !== undefined && { before }), ...(after !== undefined && { after }) };
}

/** Packs of one statement: the JSON of many at once would stand in the way of other lists. */
const MOST_AT_ONCE = 100;

/** A page, part by part. It is short where the list is at its end, or a part is: too many packs would have to be looked at. */
async function readPage(
  deps: ApiDeps,
  filter: AccountFilter,
  { from, way, most }: Stretch,
): Promise<{ readonly items: readonly Item[]; readonly next: Place | undefined }> {
  const items: Item[] = [];
  let place = from;
  for (;;) {
    const wanted = Math.min(most - items.length, MOST_AT_ONCE);
    const { rows, next } = await listAccountPage(deps.reader, filter, { from: place, way, most: wanted });
    items.push(...(await Promise.all(rows.map((row) => toItem(deps, row)))));
    if (!next || rows.length < wanted || items.length === most) return { items, next };
    place = next;
  }
}

/** The pieces of a pack's JSON, which here tells its zone too. */
type Item = readonly [zone: Buffer, rest: Buffer];

async function toItem(deps: ApiDeps, row: AccountRow): Promise<Item> {
  const again = await renderAgain(deps, row, () => getPack(deps.pool, row.zoneId, row.id));
  const json = again === undefined ? row.json : Buffer.from(again);
  return [Buffer.from(`{"zone_id":${JSON.stringify(row.zoneId)},`), json.subarray(1)];
}

/** The filter of a request, for a caller who may see what it shows. */
async function filterOf(
  callers: ListCallers,
  request: FastifyRequest<{ Querystring: Query }>,
  { accountId, now }: { readonly accountId: string; readonly now: Date },
): Promise<AccountFilter> {
  const { query } = request;
  const wanted = query['zone_id'];
  const isId = typeof wanted === 'string' && isHexId(wanted);
  const caller = await passIn(callers, request, isId ? wanted : '');
  const { token } = caller;
  checkAccount(token, request, accountId, PERMISSION);
  // Whoever counts pages would be given the first for ever.
  if (query['page'] !== undefined) throw refuse('page', 'is not known to this list: it is walked by cursor');
  const filter = readAccountFilter(query, accountId, now);
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
