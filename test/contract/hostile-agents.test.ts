/** Whoever reaches the listener for agents and means no good: strangers, agents of other edges, and agents that were taken over. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { after, before, test } from 'node:test';
import { newAuthority, openAuthority, readRequest } from '../../src/edge/agent/authority.ts';
import { startAgentListener } from '../../src/edge/agent/listener.ts';
import { BOUNDS, PATHS, SHAPES } from '../../src/edge/agent/protocol.ts';
import { parseEdgeToken } from '../../src/edge/agent/token.ts';
import { newLog } from '../../src/kit/log.ts';
import { days, after as later } from '../../src/kit/time.ts';
import {
  AgentConnection,
  enrolled,
  newAgentKeys,
  reportOf,
  type TestAgent,
} from '../support/edge/agent-client.ts';
import { startTestService, type TestService } from '../support/service.ts';

const ends = new AsyncDisposableStack();
let service: TestService;
let edge: { readonly id: string; readonly token: string };
let agent: TestAgent;
before(async () => {
  service = await startTestService(ends, { edgeNames: [], options: { agent_listen: '127.0.0.1:0' } });
  edge = await givenEdge('first');
  agent = await enrolled(edge.token);
});
after(() => ends.disposeAsync());

async function givenEdge(name: string): Promise<{ id: string; token: string }> {
  const path = `/accounts/${service.accountId}/edges`;
  const body = { name, kind: 'nginx' };
  const { result }: { result: { id: string; token: string } } = await service.client.post(path, { body });
  return result;
}

/** A connection that ends with the tests. */
function connected(place: ConstructorParameters<typeof AgentConnection>[0]): AgentConnection {
  const connection = new AgentConnection(place);
  ends.defer(() => connection.close());
  return connection;
}

/** How a request is answered; 0: not at all. */
const statusOf = (connection: AgentConnection, method: string, path: string, body?: object) =>
  connection.ask(method, path, body).then(
    ({ status }) => status,
    () => 0,
  );

const isWell = async () =>
  assert.equal(await statusOf(connected(agent), 'POST', PATHS.packs, { packs: [] }), 200);

test('a certificate of another CA, and one of another edge’s id, are those of strangers', async () => {
  const now = new Date();
  const other = await openAuthority(await newAuthority(now));
  const request = await readRequest(agent.keys.csr);
  const certificate = await other.issueAgent(agent.edgeId, request, now);
  // A signature that is wrong ends the connection after the first answer at the latest.
  const foreign = () => connected({ ...agent, shown: { certificate, key: agent.keys.key } });
  for (const [method, path, body] of [
    ['POST', PATHS.packs, { packs: [randomUUID()] }],
    ['POST', PATHS.reports, reportOf({})],
    ['POST', PATHS.certificate, { csr: agent.keys.csr, version: '1' }],
    ['GET', `${PATHS.files}?name=a.test&path=/.well-known/acme-challenge/x`, undefined],
    ['GET', PATHS.changes, undefined],
  ] as const)
    assert.equal(await statusOf(foreign(), method, path, body), 404, path);
  await isWell();
});

test('a certificate that is over is none', async () => {
  const now = new Date();
  const authority = await openAuthority(await newAuthority(now));
  const keys = await newAgentKeys();
  const request = await readRequest(keys.csr);
  const listener = await startAgentListener({
    host: '127.0.0.1',
    port: 0,
    tls: { ...(await authority.issueServer('127.0.0.1', now)), ca: authority.certificate },
    source: {
      enrol: () => assert.fail(),
      isKnown: () => true,
      renew: () => assert.fail(),
      changes: () => assert.fail(),
      packs: async () => ({ packs: [] }),
      report: async () => undefined,
      fileFor: async () => undefined,
    },
    log: newLog('silent'),
  });
  ends.defer(() => listener.close());
  const place = { address: `127.0.0.1:${listener.port}`, ca: authority.certificate };
  const ask = async (issuedOn: Date) => {
    const certificate = await authority.issueAgent(randomUUID(), request, issuedOn);
    const connection = connected({ ...place, shown: { certificate, key: keys.key } });
    return statusOf(connection, 'POST', PATHS.packs, { packs: [] });
  };
  assert.deepEqual([await ask(now), await ask(later(now, -days(31)))], [200, 404]);
});

/** Reports that no agent of ours writes. */
const ODD_IDS = ['../../../etc/passwd', 'a\r\nb', "'; drop table edges; --", '\0', '', 'x'.repeat(10_000)];

test('a report is taken as the protocol has it or not at all, whatever stands in it, and its words are shown as plain text', async () => {
  const connection = connected(agent);
  const report = (change: object) => statusOf(connection, 'POST', PATHS.reports, reportOf(change));
  for (const packId of ODD_IDS) {
    assert.equal(await report({ proofs: [{ packId }] }), 400, JSON.stringify(packId.slice(0, 40)));
    assert.equal(await report({ released: [packId] }), 400);
  }
  assert.equal(await report({ packs: -1 }), 400);
  assert.equal(
    await report({ proofs: [{ packId: randomUUID(), ecdsa: 'ab'.repeat(32), problem: 'a\0b' }] }),
    200,
  );
  assert.equal(await report({ released: [randomUUID()] }), 200);
  assert.equal(
    await report({ problem: '\u001b[2J\0\r\n<script>\ud800', at: '+275760-09-13T00:00:00.000Z' }),
    200,
  );
  const path = `/accounts/${service.accountId}/edges/${edge.id}`;
  const { result }: { result: { problem: string; status: string } } = await service.client.get(path);
  assert.equal(result.problem, '\\u001b[2J\\u0000\\u000d\\u000a<script>\\ud800');
  assert.equal(result.status, 'joining', 'who says to have what nobody was told of is waited for by nobody');
});

test('what an agent replays of another, and packs that it was not told of, give it nothing', async () => {
  const other = await enrolled((await givenEdge('second')).token);
  const { rows } = await service.pool.query('select count(*) from deployments');
  const connection = connected(other);
  const heard = [agent.edgeId, ...Array.from({ length: BOUNDS.packs - 1 }, () => randomUUID())];
  const { status, body } = await connection.ask('POST', PATHS.packs, { packs: heard });
  assert.deepEqual([status, SHAPES.packsGiven.Check(body) && body.packs], [200, []]);
  const proofs = heard.map((packId) => ({ packId, ecdsa: 'cd'.repeat(32) }));
  for (let i = 0; i < 3; i++)
    assert.equal(await statusOf(connection, 'POST', PATHS.reports, reportOf({ proofs })), 200);
  assert.deepEqual((await service.pool.query('select count(*) from deployments')).rows, rows);
});

test('a secret that is guessed is refused soon, and a right one from elsewhere is not', async () => {
  const { csr } = await newAgentKeys();
  const connection = connected({ ...agent, shown: undefined });
  const guess = (secret: string) =>
    statusOf(connection, 'POST', PATHS.enrol, {
      secret,
      csr,
      sealingKey: Buffer.alloc(32).toString('base64'),
      version: 'a\0b',
    });
  const odd = ['', '\0', "' or true --", 'x'.repeat(200)];
  for (const secret of odd) assert.equal(await guess(secret), 403);
  const all: number[] = [];
  for (let i = 0; i < 12; i++) all.push(await guess(`${i}`.repeat(43).slice(0, 43)));
  assert.equal(all.at(-1), 429);
});

test('bodies and headers that are too long end their connection or are refused, and nobody else’s', async () => {
  const connection = connected(agent);
  const long = reportOf({ problem: 'x'.repeat(BOUNDS.line) });
  assert.ok([0, 413].includes(await statusOf(connection, 'POST', PATHS.reports, long)));
  const header = `${PATHS.changes}?since=${'x'.repeat(200_000)}`;
  assert.ok([0, 400, 404, 431].includes(await statusOf(connected(agent), 'GET', header)));
  await isWell();
});

test('an agent that asks without end is answered a few things at once, and has few connections', async () => {
  const first = process.memoryUsage().rss;
  const connection = connected(agent);
  const counts = new Map<number, number>();
  for (let round = 0; round < 40; round++) {
    const all = Array.from({ length: 25 }, () => statusOf(connection, 'POST', PATHS.reports, reportOf({})));
    for (const status of await Promise.all(all)) counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  assert.ok((counts.get(200) ?? 0) > 0 && (counts.get(429) ?? 0) > 0, JSON.stringify([...counts]));
  assert.ok(process.memoryUsage().rss - first < 200_000_000);
  const many = Array.from({ length: 8 }, () => connected(agent));
  for (const one of many) await statusOf(one, 'POST', PATHS.packs, { packs: [] });
  await Promise.race([many[0]?.closed, once(AbortSignal.timeout(5_000), 'abort').then(() => assert.fail())]);
  await isWell();
});

test('connections that say nothing take not all the places, and a body that trickles keeps nobody waiting', async () => {
  const { address } = parseEdgeToken(edge.token);
  const [host = '', port] = address.split(':');
  const idle = Array.from({ length: 300 }, () => connectTcp(Number(port), host).on('error', () => undefined));
  ends.defer(() => idle.forEach((socket) => void socket.destroy()));
  const closed = idle.filter((_, i) => i >= 256).map((socket) => once(socket.resume(), 'close'));
  await Promise.race([
    Promise.any(closed),
    once(AbortSignal.timeout(5_000), 'abort').then(() => assert.fail()),
  ]);
  for (const socket of idle) socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 200));
  const session = connect(`https://${address}`, {
    ca: agent.ca,
    cert: agent.shown?.certificate,
    key: agent.shown?.key,
    servername: '',
    checkServerIdentity: () => undefined,
  });
  session.on('error', () => undefined);
  ends.defer(() => session.destroy());
  const stream = session.request({ ':method': 'POST', ':path': PATHS.reports });
  stream.on('error', () => undefined);
  stream.write('{');
  await isWell();
});
