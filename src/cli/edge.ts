import cluster from 'node:cluster';
import { type BundledEdge, startBundledEdge } from '../edge/bundled/bundled.ts';
import { edgeRegistry } from '../edge/bundled/edge-metrics.ts';
import type { BundledEdgeStats } from '../edge/bundled/edge-stats.ts';
import { OwnersKeys } from '../keyless/owners-keys.ts';
import { toAddress } from '../serve/addresses.ts';
import { keylessSettingOf } from '../serve/keyless-setting.ts';
import { serveMetrics } from '../serve/metrics-listener.ts';
import { type EdgeOptions, toEdgeOptions } from './edge-options.ts';
import { EdgeProcesses, tellPrimary } from './edge-processes.ts';
import { asked, placeFor, readSetting } from './process.ts';

/** `certpacks edge`: a bundled edge as a process of its own, or several that share its port, until it is asked to end. */
export async function edge(options: EdgeOptions): Promise<void> {
  if (!cluster.isPrimary) return one(options);
  const { processes, metricsListen } = options;
  return processes === undefined || processes === 0 ? alone(options) : several(processes, metricsListen);
}

async function alone(options: EdgeOptions): Promise<void> {
  const ending = asked();
  const { running, log, at } = await begin(options);
  const told = await serveStats(options.metricsListen, () => running.stats());
  log.info({ ...at, metrics: told?.url }, 'edge is ready');
  await ending;
  told?.stop();
  await end(running, options);
}

/** One of several processes: it ends when the first one says so, or is gone. */
async function one(options: EdgeOptions): Promise<void> {
  const ending = Promise.withResolvers<void>();
  process.on('SIGTERM', () => ending.resolve());
  // These a terminal sends to all; what they mean is for the first one to say.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  const { running, log, at } = await begin(options);
  log.info({ ...at, pid: process.pid }, 'edge is ready');
  const last = tellPrimary(() => running.stats());
  await ending.promise;
  await running.drain(options.drainSeconds);
  await last();
  process.exit();
}

async function several(count: number, metricsListen: string | undefined): Promise<void> {
  const ending = asked(false, 'SIGHUP');
  const { log } = readSetting();
  const processes = new EdgeProcesses(count, log);
  process.on('SIGHUP', () => void processes.replace());
  const told = await serveStats(metricsListen, () => processes.stats());
  void ending.then(() => processes.close());
  await processes.start();
  log.info({ processes: count, metrics: told?.url }, 'edge is ready');
  await ending;
  told?.stop();
  await processes.close();
}

async function begin(options: EdgeOptions) {
  const { log, config } = readSetting();
  const setting = keylessSettingOf(config.options, placeFor(config, undefined, false));
  const ownersKeys = new OwnersKeys(setting, log);
  const running = await startBundledEdge({ ...toEdgeOptions(options, log), ownersKeys });
  const { host, environment } = options;
  return { running, log, at: { host, environment, port: running.port, httpPort: running.httpPort } };
}

async function end(running: BundledEdge, { drainSeconds }: EdgeOptions): Promise<void> {
  await running.drain(drainSeconds);
  // A look-up of the upstream's name cannot be ended, and may hang for as long as the resolver likes.
  setTimeout(() => process.exit(), LONGEST_END_MS).unref();
}

const LONGEST_END_MS = 1_000;
const METRICS_LISTENER = { option: '--metrics-listen', away: 'no metrics now' };

async function serveStats(listen: string | undefined, stats: () => BundledEdgeStats) {
  return listen === undefined
    ? undefined
    : await serveMetrics(edgeRegistry(stats), toAddress(listen), METRICS_LISTENER);
}
