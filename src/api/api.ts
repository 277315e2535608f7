/**
 * The HTTP contract: Cloudflare's API v4 as far as we serve it, one file a resource. Every answer is a JSON
 * envelope; every failure has a status of its own. The front file: what the routes need, and all of them.
 */
import type { IncomingMessage } from 'node:http';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyPluginAsync,
  LogController,
} from 'fastify';
import { newHexId } from '../kit/id.ts';
import type { Log } from '../kit/log.ts';
import { serveDashboard } from './dashboard/dashboard.ts';
import type { ApiDeps, HttpOptions, Pinned } from './deps.ts';
import { eventStreamRoute } from './event-stream/event-stream.ts';
import { logAccess } from './http/access-log.ts';
import { authenticate } from './http/auth.ts';
import { demandHost, refuseUnheard, refuseUnread } from './http/connection-errors.ts';
import { replyFault, replyFaults } from './http/envelope.ts';
import { errorPageRoute } from './http/error-page.ts';
import { healthRoutes } from './http/health.ts';
import { readJson } from './http/json-body.ts';
import { lateValidation } from './http/late-validation.ts';
import { serveOpenApi } from './http/openapi.ts';
import { PageBudget } from './http/page-budget.ts';
import { keepPinned } from './http/pinned.ts';
import { limitRates } from './http/rate-limit.ts';
import { newServer } from './http/server.ts';
import { findSessions } from './http/sessions.ts';
import { keepTokenUses } from './http/token-uses.ts';
import { packListRoute } from './pack-list/pack-list.ts';
import { accountPacksRoute } from './resource/account-packs.ts';
import { accountRoutes } from './resource/accounts.ts';
import { alertingRoutes } from './resource/alerting/alerting.ts';
import { analyzeRoute } from './resource/analyze.ts';
import { auditLogRoute } from './resource/audit-log.ts';
import { bulkRoutes } from './resource/bulk.ts';
import { certificateAuthoritiesRoute } from './resource/certificate-authorities.ts';
import { certificatePackRoutes } from './resource/certificate-packs.ts';
import { customCertificateRoutes } from './resource/custom-certificates.ts';
import { customCsrRoutes } from './resource/custom-csrs.ts';
import { hostnameCertificateRoutes } from './resource/custom-hostname-certificates.ts';
import { customHostnameRoutes } from './resource/custom-hostnames.ts';
import { dcvDelegationRoutes } from './resource/dcv-delegation.ts';
import { dnsRecordRoutes } from './resource/dns-records.ts';
import { domainConnectRoutes } from './resource/domain-connect.ts';
import { edgeRoutes } from './resource/edges.ts';
import { exportRoutes } from './resource/export.ts';
import { failoverRoute } from './resource/failover.ts';
import { fallbackOriginRoutes } from './resource/fallback-origin.ts';
import { hostCheckRoute } from './resource/host-check.ts';
import { HostLooks } from './resource/host-looks.ts';
import { keylessRoutes } from './resource/keyless-certificates.ts';
import { latestEventsRoute } from './resource/latest-events.ts';
import { literalPaths } from './resource/literal-paths.ts';
import { moveInRoutes } from './resource/move-ins.ts';
import { packCertificatesRoute } from './resource/pack-certificates.ts';
import { packQuotaRoute } from './resource/pack-quota.ts';
import { publicViewRoute } from './resource/public-view.ts';
import { recommendationRoute } from './resource/recommendation.ts';
import { revocationRoutes } from './resource/revocation.ts';
import { sessionRoutes, signInCodeRoute } from './resource/session.ts';
import { summaryRoutes } from './resource/summary.ts';
import { tokenRoutes } from './resource/tokens.ts';
import { totalTlsRoutes } from './resource/total-tls.ts';
import { universalRoutes } from './resource/universal.ts';
import { verificationRoutes } from './resource/verification.ts';
import { zoneFileRoutes } from './resource/zone-file.ts';
import { zoneRoutes } from './resource/zones.ts';

const USUAL: HttpOptions = {
  trustedProxies: [],
  bodyLimit: 1024 * 1024,
  headerLimit: 16 * 1024,
  requestTimeout: 60,
  keepAlive: 72,
  isLogged: false,
  rateLimit: 0,
};

/** The API, ready to listen. */
export async function buildApi(deps: ApiDeps): Promise<FastifyInstance> {
  const { http = USUAL, browserClock } = deps;
  const app = newApp(deps.log, http, deps.pinned);
  app.decorateRequest('token');
  app.decorateRequest('zone');
  app.decorateRequest('waitedMs', 0);
  if (deps.pinned) keepPinned(app, deps.pinned);
  serveOpenApi(app);
  replyFaults(app);
  keepTokenUses(app, deps);
  logAccess(app, http, deps.onAnswer);
  demandHost(app);
  await limitRates(app, http);
  findSessions(app, deps);
  readJson(app);
  await app.register(healthRoutes(deps));
  errorPageRoute(app);
  if (deps.dashboard) serveDashboard(app, deps.dashboard);
  await app.register(ownWays(deps), { prefix: '/client/v4' });
  await app.register(
    async (v4) => {
      authenticate(v4, deps);
      await v4.register(tokenRoutes(deps));
      if (browserClock) await v4.register(signInCodeRoute({ ...deps, browserClock }));
      await v4.register(accountRoutes(deps));
      await v4.register(edgeRoutes(deps));
      await v4.register(auditLogRoute(deps));
      await v4.register(zoneRoutes(deps));
      await v4.register(dcvDelegationRoutes);
      await v4.register(packQuotaRoute(deps));
      await v4.register(recommendationRoute);
      await v4.register(summaryRoutes(deps));
      await v4.register(latestEventsRoute(deps));
      await v4.register(certificateAuthoritiesRoute(deps));
      await v4.register(bulkRoutes(deps));
      await v4.register(moveInRoutes(deps));
      await v4.register(lookRoutes(deps));
      await v4.register(dnsRecordRoutes(deps));
      await v4.register(zoneFileRoutes(deps));
      await v4.register(packRoutes(deps));
      await v4.register(universalRoutes(deps));
      await v4.register(totalTlsRoutes(deps));
      await v4.register(verificationRoutes(deps));
      await v4.register(analyzeRoute(deps));
      await v4.register(alertingRoutes(deps));
    },
    { prefix: '/client/v4' },
  );
  return app;
}

/** Routes of certificate packs and of what they are made from. */
const packRoutes =
  (deps: ApiDeps): FastifyPluginAsync =>
  async (v4) => {
    await v4.register(certificatePackRoutes(deps));
    await v4.register(packCertificatesRoute(deps));
    await v4.register(customCertificateRoutes(deps));
    await v4.register(fallbackOriginRoutes(deps));
    await v4.register(customHostnameRoutes(deps));
    await v4.register(hostnameCertificateRoutes(deps));
    await v4.register(keylessRoutes(deps));
    await v4.register(customCsrRoutes(deps));
    await v4.register(domainConnectRoutes(deps));
    await v4.register(revocationRoutes(deps));
    await v4.register(failoverRoute(deps));
  };

/** Routes that tell where names lead; they share what was seen. */
const lookRoutes =
  (deps: ApiDeps): FastifyPluginAsync =>
  async (v4) => {
    const looks = new HostLooks(deps.lookAtHost);
    await v4.register(hostCheckRoute(deps, looks));
    await v4.register(publicViewRoute(deps, looks));
  };

/** Routes that find out by themselves who asks. */
const ownWays =
  (deps: ApiDeps): FastifyPluginAsync =>
  async (v4) => {
    const { browserClock } = deps;
    const budget = new PageBudget();
    await v4.register(packListRoute(deps, budget));
    await v4.register(accountPacksRoute(deps, budget));
    await v4.register(exportRoutes(deps));
    await v4.register(eventStreamRoute(deps));
    await v4.register(literalPaths);
    if (browserClock) await v4.register(sessionRoutes({ ...deps, browserClock }));
  };

/** The framework, without a route. */
function newApp(log: Log, http: HttpOptions, pinned: Pinned | undefined): FastifyInstance {
  const loggerInstance: FastifyBaseLogger = log;
  const app: FastifyInstance = Fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request' }),
    genReqId: newHexId,
    requestIdHeader: false,
    ...(pinned && { rewriteUrl: ({ url = '/' }: IncomingMessage) => pinned.rewrite(url) }),
    trustProxy: http.trustedProxies.length > 0 ? [...http.trustedProxies] : false,
    bodyLimit: http.bodyLimit,
    requestTimeout: http.requestTimeout * 1_000,
    keepAliveTimeout: http.keepAlive * 1_000,
    serverFactory: (handler) => {
      const server = newServer(handler, http);
      refuseUnheard(server, log, http.bodyLimit);
      return server;
    },
    forceCloseConnections: 'idle',
    // As long as a URL may be: what is no id is refused where it is read, with a pointer.
    routerOptions: { maxParamLength: http.headerLimit },
    clientErrorHandler: refuseUnread(log),
    frameworkErrors: (error, request, reply) => void replyFault(error, request, reply),
  });
  return app.setValidatorCompiler(lateValidation());
}
