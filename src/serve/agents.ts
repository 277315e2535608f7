/** Where agents of edges connect to this process, and the tokens by which they come. */
import { isIP } from 'node:net';
import type { EdgeTerms } from '../api/deps.ts';
import type { Authority } from '../edge/agent/authority.ts';
import { type AgentListener, startAgentListener } from '../edge/agent/listener.ts';
import { printEdgeToken } from '../edge/agent/token.ts';
import { systemClock } from '../kit/clock.ts';
import type { Options } from '../kit/config.ts';
import type { Endings } from '../kit/endings.ts';
import { Fault } from '../kit/fault.ts';
import type { Seal } from '../kit/seal.ts';
import { hours } from '../kit/time.ts';
import { toAddress } from './addresses.ts';
import { agentAuthority } from './agent-ca.ts';
import { ChangeFeed } from './agent-changes.ts';
import { type AgentDeps, agentSource } from './agent-source.ts';
import { idleAt } from './idle-settings.ts';
import { LiveEdges } from './live-edges.ts';
import { toLocation } from './regions.ts';
import type { ServiceParts } from './service-parts.ts';

/** The edges as they are now, and what tells agents of changes. */
interface Edges {
  readonly live: LiveEdges;
  readonly feed: ChangeFeed;
}

export async function openEdges(started: Endings, { pool, clock, edges, log }: ServiceParts): Promise<Edges> {
  const live = await LiveEdges.open({ pool, clock }, edges, log);
  started.defer('edges', async () => live.close());
  return { live, feed: new ChangeFeed() };
}

interface Given extends Edges {
  readonly seal: Seal;
  readonly poke: AgentDeps['poke'];
}

/** Starts the listener where one is wanted; what the API needs of edges. Throws `configuration` for addresses of no use. */
export async function startAgents(started: Endings, parts: ServiceParts, own: Given): Promise<EdgeTerms> {
  const { options } = parts;
  const { live } = own;
  const given = { ...parts, ...own, edges: live.list, regionKeyIds: parts.regionKeys?.ids ?? [] };
  const machineClock = systemClock();
  let authority: Promise<Authority> | undefined;
  const ca = () => {
    authority ??= agentAuthority(given, machineClock.now()).catch((error: unknown) => {
      authority = undefined;
      throw error;
    });
    return authority;
  };
  let address = options.agent_url;
  if (options.agent_listen !== '') {
    const { host, port } = toAddress(options.agent_listen);
    const deps = { ...given, machineClock, authority: await ca() };
    const listener = await listen(started, { host, port, reached: reachedAt(options, host) }, deps);
    given.log.info({ agents: `${host}:${listener.port}` }, 'agents of edges are listened for');
    address ||= host.includes(':') ? `[${host}]:${listener.port}` : `${host}:${listener.port}`;
  }
  return {
    configured: parts.edges,
    refresh: () => live.refresh(),
    idleSettings: (environment, tls) => idleAt(live.list, environment, tls),
    locationIn,
    async printToken(secret) {
      if (address === '')
        throw new Fault(
          'edges_not_offered',
          'nobody said how agents reach this service: the operator sets agent_listen and agent_url',
        );
      return printEdgeToken({ address, caFingerprint: (await ca()).fingerprint, secret });
    },
  };
}

/** Where an edge is said to be. Throws `malformed_request` for a place that is none. */
const locationIn: EdgeTerms['locationIn'] = (given) =>
  toLocation(given, (why) => {
    throw new Fault('malformed_request', why);
  });

interface Place {
  readonly host: string;
  readonly port: number;
  /** Host by which agents know it. */
  readonly reached: string;
}

/** How often the service takes a new certificate, in milliseconds: often enough for one of 90 days. */
const RENEW_MS = hours(240) * 1_000;

async function listen(
  started: Endings,
  { host, port, reached }: Place,
  deps: AgentDeps,
): Promise<AgentListener> {
  const { authority, machineClock, log } = deps;
  const newTls = async () => ({
    ...(await authority.issueServer(reached, machineClock.now())),
    ca: authority.certificate,
  });
  const source = agentSource(deps);
  const listener = await startAgentListener({ host, port, tls: await newTls(), source, log });
  deps.live.onRead(() => listener.recheck());
  const renewing = setInterval(() => {
    newTls().then(
      (tls) => listener.show(tls),
      (err: unknown) => log.error({ err }, 'no new certificate for the listener for agents'),
    );
  }, RENEW_MS).unref();
  started.defer('listener for agents', async () => {
    clearInterval(renewing);
    await listener.close();
  });
  return listener;
}

/** The host by which agents reach the service. Throws `configuration` where the options do not say it. */
function reachedAt({ agent_url: url }: Options, host: string): string {
  if (url !== '') return hostOf(url);
  if (isIP(host) !== 0 && !['0.0.0.0', '::'].includes(host)) return host;
  throw new Fault(
    'configuration',
    `agent_url must say how agents reach ${host}: host:port, e.g. edges.example.com:8443`,
  );
}

function hostOf(url: string): string {
  const [, v6, name] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+)):\d{1,5}$/i.exec(url) ?? [];
  const host = v6 ?? name;
  if (host !== undefined) return host;
  throw new Fault('configuration', `agent_url: '${url.slice(0, 100)}' must be host:port`);
}
