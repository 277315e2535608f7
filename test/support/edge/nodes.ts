/** A service as a process, and edges of several makes with agents as processes, each on a network of its own. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type Cloudflare from 'cloudflare';
import { enrol } from '../../../src/edge/agent/enrol.ts';
import { parseEdgeToken } from '../../../src/edge/agent/token.ts';
import type { EdgeKind } from '../../../src/pack/pack.ts';
import { newClient } from '../client.ts';
import { MAIN } from '../commands.ts';
import { type Ground, startGround } from '../ground.ts';
import { freePort } from '../ports.ts';
import { RESPONDERS, startServe, writeConfiguration } from '../serve.ts';
import { type FleetEdge, fleetEdge } from './fleet-edge.ts';
import type { Ends } from './given-nginx.ts';
import { givenNet, type Net } from './nodes-net.ts';

/** An edge and its agent, as processes. */
export class Node {
  readonly name: string;
  readonly edge: FleetEdge;
  readonly #ends: Ends;
  #agent: ChildProcess | undefined;

  constructor(ends: Ends, name: string, edge: FleetEdge) {
    this.#ends = ends;
    this.name = name;
    this.edge = edge;
  }

  get #dir(): string {
    return join(this.edge.folder, 'agent');
  }

  async enrol(token: string): Promise<void> {
    const { host, port, options, folder } = this.edge;
    const asked = { dir: this.#dir, token: parseEdgeToken(token), version: 'test', now: new Date() };
    await enrol(asked, AbortSignal.timeout(30_000));
    const all = { address: `${host}:${port}`, inventory_seconds: 30, ...options };
    const lines = Object.entries(all).map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`);
    writeFileSync(join(folder, 'agent.toml'), `[edge]\n${lines.join('')}`);
  }

  /** Starts the agent; resolves when it has its edge in hand. */
  async begin(): Promise<void> {
    const [program, ...args] = [...this.edge.within, process.execPath, MAIN, 'agent', 'run'];
    const own = ['--dir', this.#dir, '--config', join(this.edge.folder, 'agent.toml')];
    const child = spawn(program, [...args, ...own], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#agent = child;
    this.#ends.defer(() => this.kill());
    const said: string[] = [];
    for await (const line of createInterface({ input: child.stderr })) {
      said.push(line);
      if (!line.includes('agent is ready')) continue;
      child.stderr.resume();
      return;
    }
    throw new Error(`the agent of ${this.name} ended: ${said.join('\n')}`);
  }

  /** Kills the agent. */
  async kill(): Promise<void> {
    const child = this.#agent;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

/** The world that nodes stand in. */
export interface NodesScene extends Ground {
  readonly net: Net;
  readonly nodes: readonly Node[];
  readonly zoneId: string;
  readonly client: () => Cloudflare;
  readonly killService: () => Promise<void>;
  readonly startService: () => Promise<void>;
  /** Starts agents and edges. */
  readonly startNodes: () => Promise<void>;
}

/** The zone that names are made in. */
export const ZONE = 'nodes.test';

/** Starts a service, and enrols an edge of each of these kinds. All ends with `ends`. */
export async function givenNodes(ends: Ends, kinds: readonly EdgeKind[]): Promise<NodesScene> {
  const after = { after: (end: () => unknown) => ends.defer(async () => void (await end())) };
  const ground = await startGround(after, 'nodes');
  const { dir, databaseUrl, simulator, token, accountId } = ground;
  const net = givenNet(ends, kinds.length);
  const options = {
    CERTPACKS_CONFIG: writeConfiguration(dir, simulator, []),
    CERTPACKS_DATABASE_URL: databaseUrl,
    CERTPACKS_DATA_DIR: dir,
    CERTPACKS_DNS_LISTEN: RESPONDERS.map((address) => `${address}:${simulator.dnsPort}`).join(),
    CERTPACKS_AGENT_LISTEN: `${net.service}:${await freePort()}`,
    CERTPACKS_RATE_LIMIT: '0',
  };
  let running: Awaited<ReturnType<typeof startServe>> | undefined;
  const startService = async () => {
    running = await startServe(after, options, { seconds: 90 });
  };
  const client = () => newClient({ apiToken: token, baseURL: running?.api ?? assert.fail('it runs') });
  await startService();
  const account = { id: accountId };
  const { id: zoneId } = await client().zones.create({ account, name: ZONE, type: 'full' });
  const nodes: Node[] = [];
  for (const [i, kind] of kinds.entries()) {
    const place = net.places[i] ?? assert.fail('there is a place for each');
    const node = new Node(
      ends,
      `${kind.replaceAll('_', '-')}-${i + 1}`,
      await fleetEdge(ends, kind, { ...place, port: await freePort() }),
    );
    const body = { name: node.name, kind };
    const made: { result: { token: string } } = await client().post(`/accounts/${accountId}/edges`, { body });
    await node.enrol(made.result.token);
    nodes.push(node);
  }
  const startNodes = async () => {
    await Promise.all(
      nodes.map(async (node) => {
        await node.begin();
        await node.edge.start();
      }),
    );
  };
  const killService = async () => {
    const child = running?.child;
    child?.kill('SIGKILL');
    if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  return { ...ground, net, nodes, zoneId, client, startService, startNodes, killService };
}
