import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Fault } from '../../kit/fault.ts';
import {
  createMoveIn,
  foreseeMoveIn,
  type MoveInAsk,
  moveInNotFound,
} from '../../operation/create-move-in.ts';
import { cancelMoveIn } from '../../operation/prove-move-in.ts';
import { MOVE_IN_STATUSES, paceOf } from '../../pack/move-in.ts';
import { ALGORITHMS } from '../../pack/pack.ts';
import { countMoveIns, findMoveIn, listMoveIns } from '../../store/move-ins.ts';
import type { Zone } from '../../store/zone-row.ts';
import { getZone } from '../../store/zones.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, checkAccount, checkReach, demandAll } from '../http/auth.ts';
import { listOf, ok, okOf, toResultInfo } from '../http/envelope.ts';
import { PAGES, PageInfo, Query, readChoice, readPage, readText } from '../http/page.ts';
import {
  MoveInBody,
  type MoveInItem,
  MoveInReply,
  MoveInSummary,
  type OutcomeReply,
  OutcomesReply,
  toMoveInJson,
  toOutcome,
  toRefusal,
  toSummary,
} from './move-in-schema.ts';

const [READ, WRITE] = ['SSL and Certificates Read', 'SSL and Certificates Write'] as const;
const PATH = '/accounts/:account_id/move_ins';
const Account = Type.Object({ account_id: Type.String() });
const One = Type.Object({ account_id: Type.String(), move_in_id: Type.String() });

const POST = {
  operationId: 'create-move-ins',
  summary: 'Import certificates with their keys, and names without; a dry run says what would become of each',
  params: Account,
  body: MoveInBody,
  response: okOf(OutcomesReply),
};
const LIST = {
  operationId: 'list-move-ins',
  summary: 'What moves in, and how far that is',
  params: Account,
  querystring: Query,
  parameters: { ...PAGES, zone_id: Type.String(), status: Type.Enum([...MOVE_IN_STATUSES]) },
  response: listOf(MoveInReply, PageInfo),
};
const SUMMARY = {
  operationId: 'summarize-move-ins',
  summary: 'How many move in, by status, and whether all get there in time',
  params: Account,
  response: okOf(MoveInSummary),
};
const GET = {
  operationId: 'get-move-in',
  summary: 'How far one is that moves in',
  params: One,
  response: okOf(MoveInReply),
};
const CANCEL = {
  operationId: 'cancel-move-in',
  summary: 'Leave an imported certificate as it is: no managed pack takes its place',
  params: One,
  body: Type.Optional(Type.Union([Type.Null(), Type.Object({})])),
  response: okOf(MoveInReply),
};

/**
 * Routes of …/accounts/{account_id}/move_ins: certificates and names that come from elsewhere. Each item is stored by itself, so
 * that a request which breaks off is sent again.
 */
export const moveInRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { pool } = deps;
    app.post(PATH, { schema: POST }, async (request) => {
      const { account_id: accountId } = request.params;
      checkAccount(request.token, request, accountId, WRITE);
      const { items, dry_run: isDry = false } = request.body;
      const zones = new Map<string, Zone>();
      const outcomes: OutcomeReply[] = [];
      for (const item of items) outcomes.push(await one(deps, request, { accountId, item, isDry, zones }));
      if (!isDry) deps.poke();
      return ok(outcomes);
    });

    app.get(PATH, { schema: LIST }, async (request) => {
      const { account_id: accountId } = request.params;
      checkAccount(request.token, request, accountId, READ);
      const zoneId = readText(request.query, 'zone_id');
      if (zoneId === undefined) demandAll(request.token, READ);
      else await zoneIn(deps, request, { accountId, zoneId, permission: READ });
      const pages = readPage(request.query);
      const status = readChoice(request.query, 'status', MOVE_IN_STATUSES);
      const { moves, total } = await listMoveIns(pool, { accountId, zoneId, status }, pages);
      const info = toResultInfo({ ...pages, count: moves.length, total });
      return { ...ok(moves.map(toMoveInJson)), result_info: info };
    });

    app.get(`${PATH}/summary`, { schema: SUMMARY }, async (request) => {
      const { account_id: accountId } = request.params;
      checkAccount(request.token, request, accountId, READ);
      demandAll(request.token, READ);
      const { moveInOrders: perHour } = deps.managed;
      const pace = perHour > 0 ? paceOf(perHour, ALGORITHMS.length) : NEVER;
      return ok(toSummary(await countMoveIns(pool, accountId, { now: deps.clock.now(), pace }), perHour));
    });

    app.get(`${PATH}/:move_in_id`, { schema: GET }, async (request) =>
      ok(toMoveInJson(await moveIn(deps, request, READ))),
    );

    app.post(`${PATH}/:move_in_id/cancel`, { schema: CANCEL }, async (request) => {
      const { zoneId, id } = await moveIn(deps, request, WRITE);
      await cancelMoveIn(deps, { zoneId, id, by: actorOf(request) });
      return ok(toMoveInJson(await moveIn(deps, request, WRITE)));
    });
  };

/** Seconds from one order to the next where none is made: a century. */
const NEVER = 3_155_760_000;

interface OneItem {
  readonly accountId: string;
  readonly item: MoveInItem;
  readonly isDry: boolean;
  /** Those that were looked up for this request. */
  readonly zones: Map<string, Zone>;
}

async function one(
  deps: ApiDeps,
  request: FastifyRequest,
  { accountId, item, isDry, zones }: OneItem,
): Promise<OutcomeReply> {
  try {
    const { zone_id: zoneId } = item;
    const zone = zones.get(zoneId) ?? (await zoneIn(deps, request, { accountId, zoneId, permission: WRITE }));
    zones.set(zoneId, zone);
    const ask = askOf(item, { zone, by: actorOf(request) });
    return toOutcome(await (isDry ? foreseeMoveIn : createMoveIn)(deps, ask));
  } catch (error) {
    return toRefusal(error);
  }
}

function askOf(item: MoveInItem, of: Pick<MoveInAsk, 'zone' | 'by'>): MoveInAsk {
  const { certificate, private_key: privateKey, bundle_method: bundleMethod = 'ubiquitous', hosts } = item;
  if ((certificate === undefined) === (hosts === undefined))
    throw new Fault('malformed_request', 'give either certificate, with its private_key, or hosts');
  const { certificate_authority: certificateAuthority, validation_method: validationMethod = 'txt' } = item;
  const given = certificate === undefined ? undefined : { certificate, privateKey, bundleMethod };
  return { ...of, given, hosts, certificateAuthority, validationMethod };
}

interface Reach {
  readonly accountId: string;
  readonly zoneId: string;
  readonly permission: typeof READ | typeof WRITE;
}

/** A zone of the account, for a caller who may do that there. */
async function zoneIn(
  { pool }: ApiDeps,
  request: FastifyRequest,
  { accountId, zoneId, permission }: Reach,
): Promise<Zone> {
  checkReach(request.token, request, zoneId, permission);
  const zone = await getZone(pool, accountId, zoneId);
  if (!zone) throw new Fault('zone_not_found', `zone ${zoneId} not found`, { pointer: '/zone_id' });
  return zone;
}

async function moveIn(
  deps: ApiDeps,
  request: FastifyRequest<{ Params: { account_id: string; move_in_id: string } }>,
  permission: typeof READ | typeof WRITE,
) {
  const { account_id: accountId, move_in_id: id } = request.params;
  checkAccount(request.token, request, accountId, permission);
  const move = UUID.test(id) ? await findMoveIn(deps.pool, accountId, id) : undefined;
  if (!move) throw moveInNotFound(id.slice(0, 64));
  checkReach(request.token, request, move.zoneId, permission);
  return move;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
