import { type FastifyPluginAsyncTypebox, type Static, Type } from '@fastify/type-provider-typebox';
import { foundAlert } from '../../../operation/alert-event.ts';
import { redeliverAlert } from '../../../operation/redeliver-alert.ts';
import { toWireTime } from '../../../pack/pack-json.ts';
import {
  DELIVERY_STATUSES,
  type DeliveryRecord,
  getDelivery,
  listDeliveries,
} from '../../../store/alert-history.ts';
import type { ApiDeps } from '../../deps.ts';
import { actorOf } from '../../http/auth.ts';
import { CursorInfo, readCursor, toCursor } from '../../http/cursor.ts';
import { listOf, ok, okOf } from '../../http/envelope.ts';
import { PAGES, Query, readChoice, readPerPage } from '../../http/page.ts';
import { Account, ALERTING, accountOf, keyOf, mechanismType, READ, WRITE } from './place.ts';

const PATH = `${ALERTING}/deliveries`;
const One = Type.Object({ account_id: Type.String(), delivery_id: Type.String() });

const Delivery = Type.Object({
  id: Type.String(),
  status: Type.Enum([...DELIVERY_STATUSES]),
  policy_id: Type.String(),
  policy_name: Type.String(),
  alert_type: Type.String(),
  event_type: Type.String(),
  title: Type.String(),
  alert_body: Type.String(),
  mechanism: Type.String(),
  mechanism_type: Type.String(),
  attempts: Type.Integer(),
  problem: Type.Optional(Type.String()),
  created_on: Type.String(),
  next_attempt_on: Type.Optional(Type.String()),
  ended_on: Type.Optional(Type.String()),
});

const LIST = {
  operationId: 'list-alert-deliveries',
  summary: 'What is to be told by alerts, was told, or could not be, the newest first',
  params: Account,
  querystring: Query,
  parameters: {
    status: Type.Enum([...DELIVERY_STATUSES]),
    per_page: PAGES.per_page,
    cursor: Type.String(),
  },
  response: listOf(Delivery, CursorInfo),
};
const GET = {
  operationId: 'get-alert-delivery',
  summary: 'Get a delivery of an alert',
  params: One,
  response: okOf(Delivery),
};
const REDELIVER = {
  operationId: 'redeliver-alert',
  summary: 'Have what could not be delivered be tried again',
  params: One,
  body: Type.Optional(Type.Union([Type.Null(), Type.Object({})])),
  response: okOf(Delivery),
};

/** Routes of …/alerting/v3/deliveries: each thing that is told by each channel. */
export const deliveryRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(PATH, { schema: LIST }, async (request) => {
      const accountId = accountOf(request, READ);
      const status = readChoice(request.query, 'status', DELIVERY_STATUSES);
      const perPage = readPerPage(request.query);
      const walk = { secret: deps.installation, of: `deliveries ${accountId} ${status ?? ''}` };
      const after = readCursor(request.query, walk)?.seq;
      const found = await listDeliveries(deps.pool, accountId, { status, after, most: perPage + 1 });
      const shown = found.slice(0, perPage);
      const last = found.length > perPage ? shown.at(-1) : undefined;
      const cursor = last && { cursor: toCursor(walk, { at: '', seq: last.number }) };
      const info = { count: shown.length, per_page: perPage, ...cursor };
      return { ...ok(shown.map(toReply)), result_info: info };
    });

    app.get(`${PATH}/:delivery_id`, { schema: GET }, async (request) => {
      const key = keyOf(accountOf(request, READ), 'alert_delivery', request.params.delivery_id);
      return ok(toReply(foundAlert('alert_delivery', await getDelivery(deps.pool, key))));
    });

    app.post(`${PATH}/:delivery_id/redeliver`, { schema: REDELIVER }, async (request) => {
      const key = keyOf(accountOf(request, WRITE), 'alert_delivery', request.params.delivery_id);
      const delivery = await redeliverAlert(deps, key, actorOf(request));
      deps.poke();
      return ok(toReply(delivery));
    });
  };

const toReply = (one: DeliveryRecord): Static<typeof Delivery> => ({
  id: one.id,
  status: one.status,
  policy_id: one.policyId,
  policy_name: one.policyName,
  alert_type: one.alertType,
  event_type: one.body.event,
  title: one.body.title,
  alert_body: one.body.text,
  mechanism: one.destination,
  mechanism_type: mechanismType(one.mechanism),
  attempts: one.attempts,
  ...(one.problem !== undefined && { problem: one.problem }),
  created_on: toWireTime(one.madeOn),
  ...(one.dueAt && { next_attempt_on: toWireTime(one.dueAt) }),
  ...(one.endedOn && { ended_on: toWireTime(one.endedOn) }),
});
