import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { ApiDeps } from '../../deps.ts';
import { ok, okOf } from '../../http/envelope.ts';
import { Account, ALERTING, accountOf, READ } from './place.ts';

const Eligible = Type.Object({
  eligible: Type.Boolean(),
  ready: Type.Boolean(),
  type: Type.Enum(['email', 'pagerduty', 'webhook']),
});
const Kinds = Type.Object({
  email: Type.Array(Eligible),
  pagerduty: Type.Array(Eligible),
  webhooks: Type.Array(Eligible),
});

const SCHEMA = {
  operationId: 'notification-mechanism-eligibility-get-delivery-mechanism-eligibility',
  summary: 'By which kinds of channels alerts can be sent',
  params: Account,
  response: okOf(Kinds),
};

/** Route of GET …/alerting/v3/destinations/eligible. */
export const eligibleRoute =
  ({ alerting }: Pick<ApiDeps, 'alerting'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(`${ALERTING}/destinations/eligible`, { schema: SCHEMA }, async (request) => {
      accountOf(request, READ);
      const { isMailed } = alerting;
      return ok({
        email: [{ eligible: isMailed, ready: isMailed, type: 'email' as const }],
        pagerduty: [{ eligible: true, ready: true, type: 'pagerduty' as const }],
        webhooks: [{ eligible: true, ready: true, type: 'webhook' as const }],
      });
    });
  };
