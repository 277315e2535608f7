import { type FastifyPluginAsyncTypebox, type Static, Type } from '@fastify/type-provider-typebox';
import { toWireTime } from '../../../pack/pack-json.ts';
import { type DeliveryRecord, listHistory, MOST_COUNTED } from '../../../store/alert-history.ts';
import { type AlertPolicy, listAlertPolicies } from '../../../store/alert-policies.ts';
import type { ApiDeps } from '../../deps.ts';
import { listOf, ok, toResultInfo } from '../../http/envelope.ts';
import { PAGES, PageInfo, Query, readInstant, readPage, refuse } from '../../http/page.ts';
import { Account, ALERTING, accountOf, mechanismType, READ } from './place.ts';

const Told = Type.Object({
  id: Type.String(),
  alert_body: Type.String(),
  alert_type: Type.String(),
  description: Type.String(),
  mechanism: Type.String(),
  mechanism_type: Type.String(),
  name: Type.String(),
  policy_id: Type.String(),
  sent: Type.String(),
});

const SCHEMA = {
  operationId: 'notification-history-list-history',
  summary: 'What was told by alerts, the last first',
  params: Account,
  querystring: Query,
  parameters: { ...PAGES, since: Type.String(), before: Type.String() },
  response: listOf(Told, PageInfo),
};

/** Route of GET …/alerting/v3/history. */
export const historyRoute =
  ({ pool }: Pick<ApiDeps, 'pool'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(`${ALERTING}/history`, { schema: SCHEMA }, async (request) => {
      const accountId = accountOf(request, READ);
      const pages = readPage(request.query, 25);
      const skip = (pages.page - 1) * pages.perPage;
      if (skip + pages.perPage > MOST_COUNTED)
        throw refuse('page', `goes to the ${MOST_COUNTED} last that were told: beyond, say before or since`);
      const since = readInstant(request.query, 'since');
      const before = readInstant(request.query, 'before');
      const { told, total } = await listHistory(pool, accountId, {
        since,
        before,
        skip,
        most: pages.perPage,
      });
      const policies = told.length > 0 ? await listAlertPolicies(pool, accountId) : [];
      const info = toResultInfo({ ...pages, count: told.length, total });
      return { ...ok(told.map((one) => toReply(one, policies))), result_info: info };
    });
  };

const toReply = (one: DeliveryRecord, policies: readonly AlertPolicy[]): Static<typeof Told> => ({
  id: one.id,
  alert_body: one.body.text,
  alert_type: one.alertType,
  description: policies.find(({ id }) => id === one.policyId)?.description ?? '',
  mechanism: one.destination,
  mechanism_type: mechanismType(one.mechanism),
  name: one.policyName,
  policy_id: one.policyId,
  sent: toWireTime(one.endedOn ?? one.madeOn),
});
