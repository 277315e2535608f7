import { startBundledEdge } from '../edge/bundled/bundled.ts';
import { Fault } from '../kit/fault.ts';
import { ENVIRONMENTS } from '../pack/pack.ts';
import { asked, readSetting } from './process.ts';

interface EdgeOptions {
  readonly pull: string;
  readonly environment: string;
  readonly host: string;
  readonly port: number;
  readonly httpPort?: number;
  readonly upstream?: string;
}

/** `certpacks edge`: a bundled edge as a process of its own, until it is asked to end. */
export async function edge({
  pull,
  environment,
  host,
  port,
  httpPort,
  upstream,
}: EdgeOptions): Promise<void> {
  const ending = asked();
  const { log } = readSetting();
  const known = ENVIRONMENTS.find((name) => name === environment);
  if (!known) throw new Fault('configuration', `--environment must be ${ENVIRONMENTS.join(' or ')}`);
  const target = upstream === undefined ? {} : { upstream: toUpstream(upstream) };
  const plain = httpPort === undefined ? {} : { httpPort };
  const running = await startBundledEdge({ host, port, environment: known, pull, log, ...plain, ...target });
  const at = { host, port: running.port, httpPort: running.httpPort };
  log.info({ ...at, environment: known }, 'edge is ready');
  await ending;
  await running.close();
}

function toUpstream(text: string): { host: string; port: number } {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined) throw new Fault('configuration', '--upstream must be HOST:PORT');
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
