import { startBundledEdge } from '../edge/bundled/bundled.ts';
import { toHostsByAddress } from '../edge/bundled/by-address.ts';
import { edgeRegistry } from '../edge/bundled/edge-metrics.ts';
import { OwnersKeys } from '../keyless/owners-keys.ts';
import { Fault } from '../kit/fault.ts';
import { ENVIRONMENTS } from '../pack/pack.ts';
import { toAddress } from '../serve/addresses.ts';
import { keylessSettingOf } from '../serve/keyless-setting.ts';
import { serveMetrics } from '../serve/metrics-listener.ts';
import { asked, placeFor, readSetting } from './process.ts';

interface EdgeOptions {
  readonly pull: string;
  readonly environment: string;
  readonly name?: string;
  readonly host: string;
  readonly port: number;
  readonly httpPort?: number;
  readonly upstream?: string;
  readonly address: readonly string[];
  readonly metricsListen?: string;
}

/** `certpacks edge`: a bundled edge as a process of its own, until it is asked to end. */
export async function edge(options: EdgeOptions): Promise<void> {
  const { pull, environment, name, host, port, httpPort, upstream, metricsListen } = options;
  const ending = asked();
  const { log, config } = readSetting();
  const known = ENVIRONMENTS.find((one) => one === environment);
  if (!known) throw new Fault('configuration', `--environment must be ${ENVIRONMENTS.join(' or ')}`);
  const target = upstream === undefined ? {} : { upstream: toUpstream(upstream) };
  const plain = httpPort === undefined ? {} : { httpPort };
  const byAddress = toHostsByAddress(options.address);
  const place = metricsListen === undefined ? undefined : toAddress(metricsListen);
  const setting = keylessSettingOf(config.options, placeFor(config, undefined, false));
  const ownersKeys = new OwnersKeys(setting, log);
  const common = { environment: known, name, pull, log, byAddress, ownersKeys };
  const running = await startBundledEdge({ host, port, ...common, ...plain, ...target });
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
