/** Edges that have an agent: how they are enrolled, what their agents are told, and what comes of what they report. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import { PATHS, SHAPES } from '../../src/edge/agent/protocol.ts';
import { createAccount } from '../../src/store/accounts.ts';
import { createToken } from '../../src/store/tokens.ts';
import {
  AgentConnection,
  enrol,
  enrolled,
  Gathered,
  newAgentKeys,
  openedKeys,
  reportOf,
  type TestAgent,
} from '../support/edge/agent-client.ts';
import { make, pemOf } from '../support/pki.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { fingerprintOf } from '../support/uploads.ts';
import { until } from '../support/world.ts';

const ends = new AsyncDisposableStack();
let service: TestService;
let zone_id: string;
before(async () => {
  service = await startTestService(ends, {
    edgeNames: [],
    options: { agent_listen: '127.0.0.1:0', zone_activation: 'trust' },
  });
  zone_id = (await service.client.zones.create({ account: { id: service.accountId }, name: 'edge.test' })).id;
});
after(() => ends.disposeAsync());

let names = 0;
const path = (rest = '') => `/accounts/${service.accountId}/edges${rest}`;
const ask = async (method: 'get' | 'post' | 'patch' | 'delete', rest: string, body?: object) =>
  Object(Object(await service.client[method](path(rest), body && { body })).result);

/** A new edge with its token. */
async function givenEdge(change: object = {}): Promise<{ id: string; name: string; token: string }> {
  names += 1;
  const { id, name, token } = await ask('post', '', { name: `edge-${names}`, kind: 'nginx', ...change });
  return { id: String(id), name: String(name), token: String(token) };
}

/** A certificate that a customer brings, of its host. */
async function upload(host: string, terms: object = {}): Promise<{ id: string; pack: string; leaf: string }> {
  const made = await make(new Date(), { hosts: [host] });
  const body = { certificate: made.pem, private_key: pemOf(made), bundle_method: 'force' } as const;
  const { id, certificate_pack_id: pack } = Object(
    await service.client.customCertificates.create({ zone_id, ...body, type: 'sni_custom', ...terms }),
  );
  return { id: String(id), pack: String(pack), leaf: fingerprintOf({ leaf: made.pem }) };
}

const statusOf = async (id: string) =>
  (await service.client.customCertificates.get(id, { zone_id }).catch(() => ({ status: 'gone' }))).status;

/** An agent that is connected, and came to have all. */
async function connected(agent: TestAgent, since?: string) {
  const connection = new AgentConnection(agent);
  ends.defer(() => connection.close());
  const told = new Gathered(connection, since);
  await told.until();
  const report = async (change: object) => {
    const { status } = await connection.ask('POST', PATHS.reports, reportOf({ at: told.at, ...change }));
    assert.equal(status, 200);
  };
  return { connection, told, report };
}

/** Removes an edge, so that no other test waits for it. */
const remove = (id: string) => ask('delete', `/${id}`);

test('a certificate goes to an edge with its key sealed to it, is active once its agent reported it, and gone once that let go', async () => {
  const { id, token } = await givenEdge();
  const agent = await enrolled(token);
  const { told, report } = await connected(agent);
  assert.equal(told.isWhole, true);
  await report({});
  const one = await upload('one.edge.test');
  await told.until(({ packs }) => packs.has(one.pack));
  assert.equal(told.names.get('one.edge.test'), one.pack);
  const [pair] = openedKeys(agent, told.packs.get(one.pack) ?? assert.fail());
  assert(pair);
  const certificates = Object.values(told.packs.get(one.pack)?.certificates ?? {});
  assert.ok(new X509Certificate(certificates[0]?.chain ?? '').checkPrivateKey(createPrivateKey(pair.key)));
  assert.equal(pair.leaf, one.leaf);
  assert.notEqual(await statusOf(one.id), 'active');
  await report({ proofs: [{ packId: one.pack, [pair.algorithm]: 'ab'.repeat(32) }] });
  assert.notEqual(await statusOf(one.id), 'active');
  await report({ proofs: [{ packId: one.pack, [pair.algorithm]: one.leaf }], packs: 1, names: 1 });
  await until(
    () => statusOf(one.id),
    (status) => status === 'active',
  );
  const shown = await ask('get', `/${id}`);
  assert.deepEqual([shown.status, shown.packs_given, shown.packs_behind, shown.names], ['active', 1, 0, 1]);

  await service.client.customCertificates.delete(one.id, { zone_id });
  await told.until((gathered) => !gathered.names.has('one.edge.test'));
  const isThere = async () =>
    (await service.pool.query('select 1 from deployments where edge_id = $1', [id])).rowCount;
  assert.equal(await isThere(), 1);
  await report({ released: [one.pack] });
  await until(isThere, (count) => count === 0);
  await remove(id);
});

test('a token works once and for one agent, which may ask again by the same key as it may not have heard the answer', async () => {
  const { id, token } = await givenEdge();
  const [keys, others] = [await newAgentKeys(), await newAgentKeys()];
  const both = await Promise.all([enrol(token, keys), enrol(token, others)]);
  assert.deepEqual(
    both.map(({ status }) => status).toSorted((a, b) => a - b),
    [200, 403],
  );
  const [winner, loser] = both[0]?.status === 200 ? [keys, others] : [others, keys];
  assert.equal((await enrol(token, winner)).status, 200);
  assert.equal((await enrol(token, loser)).status, 403);
  const { token: next } = await ask('post', `/${id}/token`);
  assert.equal((await enrol(token, winner)).status, 403);
  assert.equal((await enrol(String(next), loser)).status, 200);
  const late = await givenEdge();
  await service.advance(3_601);
  assert.equal((await enrol(late.token, keys)).status, 403);
  await Promise.all([remove(id), remove(late.id)]);
});

test('an agent whose edge was removed, or taken up by another, is cut and refused at once', async () => {
  const { id, token } = await givenEdge();
  const first = await enrolled(token);
  const { connection } = await connected(first);
  const second = await enrolled(String((await ask('post', `/${id}/token`)).token));
  await connection.closed;
  assert.equal((await new AgentConnection(first).ask('POST', PATHS.packs, { packs: [] })).status, 404);
  const other = await connected(second);
  await remove(id);
  await other.connection.closed;
  for (const place of [second, { ...second, shown: undefined }]) {
    const again = new AgentConnection(place);
    assert.equal((await again.ask('POST', PATHS.reports, reportOf({}))).status, 404);
    again.close();
  }
});

test('an agent renews its certificate, and is known by the earlier one until it shows the next', async () => {
  const { id, token } = await givenEdge();
  const agent = await enrolled(token);
  const keys = await newAgentKeys();
  const connection = new AgentConnection(agent);
  const { body } = await connection.ask('POST', PATHS.certificate, { csr: keys.csr, version: 'test' });
  assert(SHAPES.renewed.Check(body));
  assert.equal((await connection.ask('POST', PATHS.packs, { packs: [] })).status, 200);
  connection.close();
  const next = new AgentConnection({ ...agent, shown: { certificate: body.certificate, key: keys.key } });
  assert.equal((await next.ask('POST', PATHS.packs, { packs: [] })).status, 200);
  next.close();
  await remove(id);
});

test('a pack of the other environment is neither told nor given to an edge, though its agent asks for it', async () => {
  const near = await givenEdge({ country: 'US' });
  const far = await givenEdge({ region: 'EU' });
  const staging = await givenEdge({ environment: 'staging' });
  const agents = [await enrolled(near.token), await enrolled(far.token), await enrolled(staging.token)];
  const all = await Promise.all(agents.map((agent) => connected(agent)));
  const kept = await upload('kept.edge.test');
  await all[0]?.told.until(({ packs }) => packs.has(kept.pack));
  await all[1]?.told.until(({ packs }) => packs.has(kept.pack));
  const asked = await Promise.all(
    all.map(({ connection }) => connection.ask('POST', PATHS.packs, { packs: [kept.pack] })),
  );
  const counts = asked.map(({ body }) => (SHAPES.packsGiven.Check(body) ? body.packs.length : -1));
  assert.deepEqual(counts, [1, 1, 0]);
  await Promise.all([near, far, staging].map(({ id }) => remove(id)));
});

test('an agent that was away goes on from where it was, and is told everything where that is too long ago', async () => {
  const { id, token } = await givenEdge();
  const agent = await enrolled(token);
  const { connection, told, report } = await connected(agent);
  await report({});
  connection.close();
  const missed = await upload('missed.edge.test');
  const again = await connected(agent, told.at);
  assert.equal(again.told.isWhole, false);
  if (!again.told.packs.has(missed.pack)) await again.told.until(({ packs }) => packs.has(missed.pack));
  await again.report({});
  again.connection.close();
  await service.advance(2 * 86_400);
  const late = await connected(agent, again.told.at);
  assert.equal(late.told.isWhole, true);
  assert.equal(late.told.names.get('missed.edge.test'), missed.pack);
  const { body } = await late.connection.ask('POST', PATHS.packs, { packs: [missed.pack] });
  assert(SHAPES.packsGiven.Check(body));
  assert.equal(body.packs[0]?.packId, missed.pack);
  late.connection.close();
  await remove(id);
});

test('an edge that is drained goes on being told, and no pack waits for it', async () => {
  const [one, other] = [await givenEdge(), await givenEdge()];
  const [a, b] = [await connected(await enrolled(one.token)), await connected(await enrolled(other.token))];
  await Promise.all([a.report({}), b.report({})]);
  const sent = await upload('drained.edge.test');
  await Promise.all([a, b].map(({ told }) => told.until(({ packs }) => packs.has(sent.pack))));
  const [algorithm = ''] = Object.keys(a.told.packs.get(sent.pack)?.certificates ?? {});
  await a.report({ proofs: [{ packId: sent.pack, [algorithm]: sent.leaf }] });
  assert.notEqual(await statusOf(sent.id), 'active');
  assert.equal((await ask('patch', `/${other.id}`, { drained: true })).status, 'drained');
  await until(
    () => statusOf(sent.id),
    (status) => status === 'active',
  );
  await Promise.all([remove(one.id), remove(other.id)]);
});

test('another account sees no edge, and makes none', async () => {
  const { id } = await givenEdge();
  const now = new Date();
  const account = await createAccount(service.pool, 'other', now);
  const secret = await createToken(service.pool, { accountId: account.id, name: 'x', access: 'write' }, now);
  const base = service.client.baseURL;
  const get = (rest: string, init: RequestInit = {}) =>
    fetch(`${base}/accounts/${account.id}/edges${rest}`, {
      ...init,
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(10_000),
    });
  assert.deepEqual(Object(await (await get('')).json()).result, []);
  assert.equal((await get(`/${id}`)).status, 404);
  assert.equal((await get(`/${id}`, { method: 'DELETE' })).status, 404);
  const body = JSON.stringify({ name: 'stolen', kind: 'nginx' });
  assert.equal((await get('', { method: 'POST', body })).status, 404);
  assert.equal((await ask('get', `/${id}`)).status, 'pending');
  await remove(id);
});
