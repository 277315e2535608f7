/** The API of a service, as its options want it. */
import type { FastifyInstance } from 'fastify';
import { buildApi } from '../api/api.ts';
import { DASHBOARD } from '../api/dashboard/dashboard.ts';
import { dashboardFiles } from '../api/dashboard/files.ts';
import { type ApiDeps, type HttpOptions } from '../api/deps.ts';
import { showCertificates } from '../api/http/server.ts';
import type { PullSource } from '../edge/edge.ts';
import { systemClock } from '../kit/clock.ts';
import type { Options } from '../kit/config.ts';
import type { Endings } from '../kit/endings.ts';
import { Fault } from '../kit/fault.ts';
import type { Log } from '../kit/log.ts';
import { publicAddressesOf, toAddress } from './addresses.ts';
import { alertingOf } from './alerting.ts';
import type { Metrics } from './metrics.ts';
import type { ServiceParts } from './service-parts.ts';
import { type ApiTls, followApiTls, loadApiTls } from './tls.ts';

/** What the options do not say. */
type ApiGround = Omit<
  ApiDeps,
  keyof ReturnType<typeof apiParts> | 'http' | 'isStopping' | 'onAnswer' | 'pinned'
> & {
  readonly source: PullSource;
  readonly metrics: Metrics;
};

/** The API at work. */
export interface OpenApi {
  readonly url: string;
  /** Where browsers find the dashboard; undefined: it is switched off. */
  readonly dashboard: string | undefined;
  /** Says to whoever asks that the process is about to end. */
  readonly leave: () => void;
}

/** Starts the API and the listener for metrics. Throws `configuration` for addresses and certificates of no use. */
export async function openApi(
  started: Endings,
  { options, log, pin }: Pick<ServiceParts, 'options' | 'log' | 'pin'>,
  { source, metrics, ...ground }: ApiGround,
): Promise<OpenApi> {
  const tls = await loadApiTls(options, source);
  let isStopping = false;
  const watched = { isStopping: () => isStopping, onAnswer: metrics.onAnswer };
  const deps = { ...ground, ...apiParts(options), ...watched, http: httpOptionsOf(options, tls) };
  const app = await buildApi({ ...deps, pinned: pin?.(deps) });
  started.defer('requests', () => closeWithin(app, options.stop_timeout_s * PART_OF_REQUESTS, log), 0.85);
  if (tls) {
    const show = (other: ApiTls) => showCertificates(app.server, other);
    started.defer(
      'certificates of the API',
      followApiTls(tls, { load: () => loadApiTls(options, source), show, log }).stop,
    );
  }
  if (options.metrics_listen !== '') {
    const told = await metrics.listen(toAddress(options.metrics_listen));
    started.defer('metrics', () => told.stop());
    log.info({ metrics: told.url }, 'metrics are told');
  }
  const address = await listen(app, options);
  // The framework does not know what the server speaks.
  const url = tls ? address.replace('http:', 'https:') : address;
  const leave = () => {
    isStopping = true;
  };
  return { url, dashboard: options.dashboard ? url + DASHBOARD : undefined, leave };
}

/** Which part of the time for ending is that of requests under way: workers want some of it, too. */
const PART_OF_REQUESTS = 0.7;

const apiParts = (options: Options) => ({
  orderWait: options.order_wait_s,
  isApexDemanded: options.strict_apex,
  publicAddresses: publicAddressesOf(options),
  pageCacheBytes: options.page_cache_mb * 2 ** 20,
  alerting: alertingOf(options),
  browserClock: options.dashboard ? systemClock() : undefined,
  dashboard: options.dashboard ? dashboardFiles() : undefined,
});

/** How the API takes requests. */
const httpOptionsOf = (options: Options, tls: ApiTls | undefined): HttpOptions => ({
  trustedProxies: options.trusted_proxies,
  bodyLimit: options.body_limit_kb * 1_024,
  headerLimit: options.header_limit_kb * 1_024,
  requestTimeout: options.request_timeout_s,
  keepAlive: options.keep_alive_s,
  isLogged: options.access_log,
  rateLimit: options.rate_limit,
  tls,
});

/** Lets requests that are under way be answered, for so long. */
async function closeWithin(app: FastifyInstance, seconds: number, log: Log): Promise<void> {
  const timer = setTimeout(() => {
    log.warn('requests that are under way are cut off: stop_timeout_s is over');
    app.server.closeAllConnections();
  }, seconds * 1_000);
  await app.close();
  clearTimeout(timer);
}

async function listen(app: FastifyInstance, { host, port }: Options): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    throw new Fault('configuration', `the API cannot listen on ${host}, port ${port} (${why})`, { cause });
  }
}
