/**
 * One service and an agent beside an edge of each make, in production and in staging: from an order to what handshakes with each show,
 * through a renewal with agents away and clocks that jump, to the end of the pack.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Agent, startAgent } from '../../src/edge/agent/agent.ts';
import { enrol } from '../../src/edge/agent/enrol.ts';
import { readIdentity } from '../../src/edge/agent/identity.ts';
import { parseEdgeToken } from '../../src/edge/agent/token.ts';
import { EDGE_DRIVERS } from '../../src/edge/drivers.ts';
import { VirtualClock } from '../../src/kit/clock.ts';
import { days } from '../../src/kit/time.ts';
import {
  ALGORITHMS,
  EDGE_KINDS,
  type EdgeKind,
  ENVIRONMENTS,
  type Environment,
} from '../../src/pack/pack.ts';
import { type FleetEdge, fleetEdge, leafAt, PROXY_NEEDS } from '../support/edge/fleet-edge.ts';
import { quiet } from '../support/edge/given-service.ts';
import { leavesOf } from '../support/handshakes.ts';
import { make, pemOf } from '../support/pki.ts';
import { freePort } from '../support/ports.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { fingerprintOf } from '../support/uploads.ts';
import { until } from '../support/world.ts';

/** That a change is quick to be seen: docs/edges.md has what they are unless told. */
const QUICK: Partial<Record<EdgeKind, object>> = { nginx: { gather: 0.05, reload_every: 0.2 } };

const ends = new AsyncDisposableStack();
let service: TestService;
let zone_id: string;
const nodes: Node[] = [];

/** An edge with its agent. */
class Node {
  readonly edge: FleetEdge;
  readonly environment: Environment;
  /** The agent's own. */
  readonly clock = new VirtualClock();
  readonly #dir: string;
  #agent: Agent | undefined;

  constructor(edge: FleetEdge, environment: Environment) {
    this.edge = edge;
    this.environment = environment;
    this.#dir = join(edge.folder, 'agent');
  }

  async enrol(token: string): Promise<void> {
    const asked = { dir: this.#dir, token: parseEdgeToken(token), version: '1', now: new Date() };
    await enrol(asked, AbortSignal.timeout(10_000));
  }

  async begin(): Promise<void> {
    const { kind, options, host, port } = this.edge;
    const identity = (await readIdentity(this.#dir)) ?? assert.fail('it is enrolled');
    this.#agent = await startAgent({
      dir: this.#dir,
      identity,
      driver: EDGE_DRIVERS[kind],
      options: { ...options, ...QUICK[kind] },
      address: { host, port },
      inventoryEvery: 5,
      handshakesPerSecond: 2,
      version: '1',
      clock: this.clock,
      log: quiet(),
    });
  }

  stats() {
    return this.#agent?.stats();
  }

  async end(): Promise<void> {
    await this.#agent?.close();
    this.#agent = undefined;
  }
}

async function givenNode(kind: EdgeKind, environment: Environment): Promise<Node> {
  const stand = { host: '127.0.0.1', port: await freePort(), within: [] };
  const node = new Node(await fleetEdge(ends, kind, stand), environment);
  const body = { name: `${kind}-${environment}`.replaceAll('_', '-'), kind, environment };
  const made: { result: { token: string } } = await service.client.post(
    `/accounts/${service.accountId}/edges`,
    { body },
  );
  await node.enrol(made.result.token);
  await node.begin();
  ends.defer(() => node.end());
  await node.edge.start();
  return node;
}

before(async () => {
  if (PROXY_NEEDS.skip !== false) return;
  service = await startTestService(ends, { edgeNames: [], options: { agent_listen: '127.0.0.1:0' } });
  const account = { id: service.accountId };
  zone_id = (await service.client.zones.create({ account, name: 'all.test', type: 'full' })).id;
  for (const environment of ENVIRONMENTS)
    nodes.push(...(await Promise.all(EDGE_KINDS.map((kind) => givenNode(kind, environment)))));
});
after(() => ends.disposeAsync());

const nodesIn = (environment: Environment) => nodes.filter((node) => node.environment === environment);

/** What each edge of an environment shows for a name by an algorithm, by its kind. */
async function shownIn(environment: Environment, name: string, algorithm: 'ecdsa' | 'rsa' = 'ecdsa') {
  const all = nodesIn(environment).map(async ({ edge }) => [edge.kind, await leafAt(edge, name, algorithm)]);
  return Object.fromEntries(await Promise.all(all));
}

const allAre = (leaf: string | undefined) => Object.fromEntries(EDGE_KINDS.map((kind) => [kind, leaf]));
const isDeep = (one: object, other: object) =>
  EDGE_KINDS.every((kind) => Object(one)[kind] === Object(other)[kind]);

/** Until all edges of an environment show a leaf for a name; undefined: none. */
const untilShown = (
  environment: Environment,
  name: string,
  leaf: string | undefined,
  algorithm?: 'ecdsa' | 'rsa',
) =>
  until(
    () => shownIn(environment, name, algorithm),
    (shown) => isDeep(shown, allAre(leaf)),
    20,
  );

const read = (id: string) => service.client.ssl.certificatePacks.get(id, { zone_id });
const leaves = async (id: string) => (await leavesOf(service, [id])).get(id) ?? assert.fail();
let id: string;

test(
  'an order is active once every make of edge showed it, exact and wildcard, by both algorithms',
  PROXY_NEEDS,
  async () => {
    const ordered = await service.client.ssl.certificatePacks.create({
      zone_id,
      type: 'advanced',
      hosts: ['all.test', '*.all.test'],
      certificate_authority: 'google',
      validation_method: 'txt',
      validity_days: 90,
    });
    id = ordered.id;
    await until(
      () => read(id),
      ({ status }) => status === 'active',
      30,
    );
    const issued = await leaves(id);
    for (const algorithm of ALGORITHMS)
      for (const name of ['all.test', 'deep.all.test'])
        assert.deepEqual(await shownIn('production', name, algorithm), allAre(issued[algorithm]));
    assert.deepEqual(await shownIn('staging', 'all.test'), allAre(undefined));
  },
);

test(
  'a certificate goes to every edge of staging, by PATCH to every edge of production, and off both',
  PROXY_NEEDS,
  async () => {
    const made = await make(new Date(), { hosts: ['brought.all.test'] });
    const body = { certificate: made.pem, private_key: pemOf(made), bundle_method: 'force' } as const;
    const certificates = service.client.customCertificates;
    const staged = await certificates.create({ zone_id, ...body, type: 'sni_custom', deploy: 'staging' });
    const leaf = fingerprintOf({ leaf: made.pem });
    const general = (await leaves(id)).ecdsa;
    await untilShown('staging', 'brought.all.test', leaf);
    assert.deepEqual(await shownIn('production', 'brought.all.test'), allAre(general));
    const promoted = await certificates.edit(String(Object(staged).id), { zone_id, deploy: 'production' });
    await untilShown('production', 'brought.all.test', leaf);
    await untilShown('staging', 'brought.all.test', undefined);
    await certificates.delete(String(Object(promoted).id), { zone_id });
    await untilShown('production', 'brought.all.test', general);
  },
);

/** Agents without which their edge serves nobody. */
const ALWAYS: readonly EdgeKind[] = ['caddy'];

test(
  'a renewal while agents are away and their clocks jump is served once they are back, and what was there until then',
  PROXY_NEEDS,
  async () => {
    const old = await leaves(id);
    const known = (await read(id)).certificates.map((one) => one.id);
    const production = nodesIn('production');
    const away = production.filter(({ edge }) => !ALWAYS.includes(edge.kind));
    await Promise.all(away.map((node) => node.end()));
    production.forEach(({ clock }, i) => clock.advance(i % 2 === 0 ? 86_400 : -86_400));
    await service.advance(days(61));
    await until(
      async () => {
        await service.advance(3_600);
        return (await read(id)).certificates;
      },
      // Nobody waits for agents that were away for long.
      (now) => now.some((one) => !known.includes(one.id)),
      30,
    );
    for (const { edge } of away) assert.equal(await leafAt(edge, 'all.test'), old.ecdsa, edge.kind);
    await Promise.all(away.map((node) => node.begin()));
    await until(
      async () => {
        await service.advance(61);
        return leaves(id);
      },
      (now) => now.ecdsa !== old.ecdsa && now.rsa !== old.rsa,
      60,
    );
    const renewed = await leaves(id);
    for (const algorithm of ALGORITHMS)
      await untilShown('production', 'x.all.test', renewed[algorithm], algorithm);
  },
);

test(
  'a pack that is deleted is shown by no edge, nothing of it is left beside one, and then it is deleted',
  PROXY_NEEDS,
  async () => {
    await service.client.ssl.certificatePacks.delete(id, { zone_id });
    await untilShown('production', 'all.test', undefined);
    await until(
      () => read(id).catch(() => ({ status: 'gone' })),
      ({ status }) => status === 'deleted' || status === 'gone',
      30,
    );
    for (const node of nodes)
      assert.deepEqual([node.stats()?.packs, node.stats()?.problems.edge], [0, undefined]);
  },
);
