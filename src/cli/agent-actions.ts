/** What the commands of `certpacks agent` do. */
import { startAgent } from '../edge/agent/agent.ts';
import { readAgentFile } from '../edge/agent/agent-file.ts';
import { agentRegistry } from '../edge/agent/agent-metrics.ts';
import { enrol } from '../edge/agent/enrol.ts';
import { type Identity, readIdentity } from '../edge/agent/identity.ts';
import { openStatusSocket } from '../edge/agent/status-socket.ts';
import { parseEdgeToken } from '../edge/agent/token.ts';
import { EDGE_DRIVERS } from '../edge/drivers.ts';
import { systemClock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { EDGE_KINDS } from '../pack/pack.ts';
import { toAddress } from '../serve/addresses.ts';
import { serveMetrics } from '../serve/metrics-listener.ts';
import { printLines } from './print.ts';
import { asked, endNow, readSetting } from './process.ts';

/** Where an agent has what is its own. */
export interface Place {
  readonly dir: string;
}

/** What an agent may be told when it begins. */
export interface RunOptions extends Place {
  readonly config?: string;
  readonly metricsListen?: string;
}

/** Makes a folder that of the agent of an edge. */
export async function enrolHere(text: string, dir: string, version: string): Promise<void> {
  const token = parseEdgeToken(text);
  const edge = await enrol({ dir, token, version, now: systemClock().now() }, AbortSignal.timeout(60_000));
  printLines(`${dir} is that of the agent of edge ${edge.name} (${edge.kind}, ${edge.environment})\n`);
}

/** Runs the agent until it is asked to end. */
export async function run({ dir, config, metricsListen }: RunOptions, version: string): Promise<void> {
  const ending = asked();
  const { log } = readSetting();
  const identity = await readIdentity(dir);
  if (!identity)
    throw new Fault('configuration', `${dir} is no agent's folder: certpacks agent enrol TOKEN --dir ${dir}`);
  const { kind, ...setting } = readAgentFile(config);
  const driver = driverOf(identity, kind);
  const place = metricsListen === undefined ? undefined : toAddress(metricsListen);
  const socket = await openStatusSocket(dir);
  const agent = await startAgent({ dir, identity, driver, ...setting, version, clock: systemClock(), log });
  socket.tell(() => agent.stats());
  const metrics =
    place &&
    (await serveMetrics(
      agentRegistry(() => agent.stats()),
      place,
      METRICS_LISTENER,
    ));
  const { edge } = identity.enrolled;
  log.info(
    { edge: edge.name, kind: edge.kind, at: setting.address, metrics: metrics?.url },
    'agent is ready',
  );
  await ending;
  metrics?.stop();
  await agent.close();
  socket.close();
  await endNow();
}

const METRICS_LISTENER = { option: '--metrics-listen', away: 'no metrics now' };

/** Throws `configuration` where the file is for another kind than the folder, or this program does not know the kind. */
function driverOf({ enrolled: { edge } }: Identity, kind: string | undefined) {
  if (kind !== undefined && kind !== edge.kind)
    throw new Fault(
      'configuration',
      `the file is for an edge of kind ${kind}, and edge ${edge.name} is of kind ${edge.kind}`,
    );
  const known = EDGE_KINDS.find((one) => one === edge.kind);
  if (known) return EDGE_DRIVERS[known];
  throw new Fault(
    'configuration',
    `edge ${edge.name} is of kind ${edge.kind}, which this program does not know: update it`,
  );
}
