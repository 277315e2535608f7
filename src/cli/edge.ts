import { startBundledEdge } from '../edge/bundled/bundled.ts';
import { edgeRegistry } from '../edge/bundled/edge-metrics.ts';
import { Fault } from '../kit/fault.ts';
import { ENVIRONMENTS } from '../pack/pack.ts';
import { toAddress } from '../serve/addresses.ts';
import { serveMetrics } from '../serve/metrics-listener.ts';
import { asked, readSetting } from './process.ts';

interface EdgeOptions {
  readonly pull: string;
  readonly environment: string;
  readonly host: string;
  readonly port: number;
  readonly httpPort?: number;
  readonly upstream?: string;
  readonly metricsListen?: string;
}

/** `certpacks edge`: a bundled edge as a process of its own, until it is asked to end. */
export async function edge(options: EdgeOptions): Promise<void> {
  const { pull, environment, host, port, httpPort, upstream, metricsListen } = options;
  const ending = asked();
  const { log } = readSetting();
  const known = ENVIRONMENTS.find((name) => name === environment);
  if (!known) throw new Fault('configuration', `--environment must be ${ENVIRONMENTS.join(' or ')}`);
  const target = upstream === undefined ? {} : { upstream: toUpstream(upstream) };
  const plain = httpPort === undefined ? {} : { httpPort };
  const place = metricsListen === undefined ? undefined : toAddress(metricsListen);
  const running = await startBundledEdge({ host, port, environment: known, pull, log, ...plain, ...target });
  const told =
    place &&
    (await serveMetrics(
      edgeRegistry(() => running.stats()),
      place,
      METRICS_LISTENER,
    ));
  const at = { host, port: running.port, httpPort: running.httpPort, metrics: told?.url };
  log.info({ ...at, environment: known }, 'edge is ready');
  await ending;
  told?.stop();
  await running.close();
  // A look-up of the upstream's name cannot be ended, and may hang for as long as the resolver likes.
  setTimeout(() => process.exit(), LONGEST_END_MS).unref();
}

const LONGEST_END_MS = 1_000;
const METRICS_LISTENER = { option: '--metrics-listen', away: 'no metrics now' };

function toUpstream(text: string): { host: string; port: number } {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined) throw new Fault('configuration', '--upstream must be HOST:PORT');
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
