import type { FastifyPluginAsync } from 'fastify';
import type { ApiDeps } from '../../deps.ts';
import { availableAlertsRoute } from './available-alerts.ts';
import { deliveryRoutes } from './deliveries.ts';
import { eligibleRoute } from './eligible.ts';
import { historyRoute } from './history.ts';
import { pagerdutyRoutes } from './pagerduty.ts';
import { policyRoutes } from './policies.ts';
import { silenceRoutes } from './silences.ts';
import { webhookRoutes } from './webhooks.ts';

/**
 * Routes of /accounts/{account_id}/alerting/v3: who is told of what happens to packs and zones, by which channel, and what was
 * told. What is sent is the workers' (docs/decisions/0032-alerts.md).
 */
export const alertingRoutes =
  (deps: ApiDeps): FastifyPluginAsync =>
  async (app) => {
    await app.register(availableAlertsRoute);
    await app.register(policyRoutes(deps));
    await app.register(webhookRoutes(deps));
    await app.register(pagerdutyRoutes(deps));
    await app.register(eligibleRoute(deps));
    await app.register(silenceRoutes(deps));
    await app.register(historyRoute(deps));
    await app.register(deliveryRoutes(deps));
  };
