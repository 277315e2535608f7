/**
 * The HTTP contract: Cloudflare's API v4 as far as we serve it, one file a resource. Every answer is a JSON
 * envelope; every failure has a status of its own. The front file: what the routes need, and all of them.
 */
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { CaRow } from '../ca/ca.ts';
import type { Desk } from '../job/advance.ts';
import type { Bells } from '../kit/bells.ts';
import { newHexId } from '../kit/id.ts';
import type { Log } from '../kit/log.ts';
import type { Seconds } from '../kit/time.ts';
import type { CertificateAuthority, Pack } from '../pack/pack.ts';
import type { Pool } from '../store/store.ts';
import type { Reader } from '../store/wire/reader.ts';
import { accountPacksRoute } from './account-packs.ts';
import { accountRoutes } from './accounts.ts';
import { type Answered, tellAnswers } from './answered.ts';
import { auditLogRoute } from './audit-log.ts';
import { authenticate } from './auth.ts';
import { certificatePackRoutes } from './certificate-packs.ts';
import { dcvDelegationRoutes } from './dcv-delegation.ts';
import { replyFault, replyFaults } from './envelope.ts';
import { errorPage } from './error-page.ts';
import { exportRoutes } from './export.ts';
import { healthRoutes } from './health.ts';
import { serveOpenApi } from './openapi.ts';
import { packListRoute } from './pack-list.ts';
import { limitRates } from './rate-limit.ts';
import { demandHost, refuseUnheard, refuseUnread } from './refuse.ts';
import { revocationRoutes } from './revocation.ts';
import { newServer } from './server.ts';
import { noteTokenUses } from './token-uses.ts';
import { tokenRoutes } from './tokens.ts';
import { zoneRoutes } from './zones.ts';

export interface ApiDeps extends Desk {
  readonly pool: Pool;
  readonly reader: Reader;
  readonly log: Log;
  /** What tells this installation's database from every other. */
  readonly installation: string;
  /** Most bytes of pages that are kept in memory. */
  readonly pageCacheBytes: number;
  /** The configured CAs that can be ordered from. */
  readonly rows: ReadonlyMap<CertificateAuthority, CaRow>;
  /** How long an order waits for its validation records. */
  readonly orderWait: Seconds;
  /** Whether an order must contain the zone's apex. */
  readonly isApexDemanded: boolean;
  /** Names of our name servers, to which zones of type `full` are delegated. */
  readonly nameServers: readonly string[];
  /** Rings where a worker of this process made a step with a pack. */
  readonly moves: Pick<Bells<Pack>, 'next'>;
  /** Tells the workers of this process that something is due. */
  readonly poke: (packId?: string) => void;
  /** Whether the process is about to end. */
  readonly isStopping?: () => boolean;
  readonly door?: Door;
  /** Told of each request that was answered. */
  readonly onAnswer?: (answer: Answered) => void;
}

/** How the API takes requests; the defaults of the options where it is left out. */
export interface Door {
  /** Addresses or networks of proxies that tell where a request comes from. */
  readonly trustedProxies: readonly string[];
  readonly bodyLimit: number;
  readonly headerLimit: number;
  readonly requestTimeout: Seconds;
  readonly keepAlive: Seconds;
  readonly isLogged: boolean;
  /** Requests that a caller may make in five minutes; 0: any number. */
  readonly rateLimit: number;
  /** Certificates and keys in PEM; undefined: plain HTTP. */
  readonly tls?: { readonly cert: readonly string[]; readonly key: readonly string[] } | undefined;
}

const USUAL: Door = {
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
  const { door = USUAL } = deps;
  const app = newApp(deps.log, door);
  app.decorateRequest('token');
  app.decorateRequest('zone');
  serveOpenApi(app);
  replyFaults(app);
  noteTokenUses(app, deps);
  tellAnswers(app, door, deps.onAnswer);
  demandHost(app);
  await limitRates(app, door);
  acceptEmptyBodies(app);
  await app.register(healthRoutes(deps));
  app.get('/docs/errors', (_, reply) => reply.type('text/html; charset=utf-8').send(errorPage()));
  await app.register(
    async (v4) => {
      await v4.register(packListRoute(deps));
      await v4.register(accountPacksRoute(deps));
      await v4.register(exportRoutes(deps));
    },
    { prefix: '/client/v4' },
  );
  await app.register(
    async (v4) => {
      authenticate(v4, deps);
      await v4.register(tokenRoutes(deps));
      await v4.register(accountRoutes(deps));
      await v4.register(auditLogRoute(deps));
      await v4.register(zoneRoutes(deps));
      await v4.register(dcvDelegationRoutes);
      await v4.register(certificatePackRoutes(deps));
      await v4.register(revocationRoutes(deps));
    },
    { prefix: '/client/v4' },
  );
  return app;
}

/** The framework, without a route. */
function newApp(log: Log, door: Door): FastifyInstance {
  const loggerInstance: FastifyBaseLogger = log;
  return Fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request' }),
    genReqId: newHexId,
    requestIdHeader: false,
    trustProxy: door.trustedProxies.length > 0 ? [...door.trustedProxies] : false,
    bodyLimit: door.bodyLimit,
    requestTimeout: door.requestTimeout * 1_000,
    keepAliveTimeout: door.keepAlive * 1_000,
    serverFactory: (handler) => {
      const server = newServer(handler, door);
      refuseUnheard(server, log, door.bodyLimit);
      return server;
    },
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200 },
    clientErrorHandler: refuseUnread(log),
    frameworkErrors: (error, request, reply) => void replyFault(error, request, reply),
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
  });
}

/** Clients send `Content-Type: application/json` with no body at all: that is an absent body, not a bad one. */
function acceptEmptyBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void parse(request, body.toString(), (error, value) => done(error && notJson(error), value));
  });
}

const notJson = (cause: Error): Error => Object.assign(cause, { code: 'FST_ERR_CTP_INVALID_JSON_BODY' });
