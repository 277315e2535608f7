import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { driverFor, givenScene, MemoryEdge } from '../../../test/support/edge/given-agent.ts';
import { givenAgentService } from '../../../test/support/edge/given-agent-service.ts';
import { fingerprintIn, givenPack, until } from '../../../test/support/edge/given-service.ts';
import { type Clock, systemClock } from '../../kit/clock.ts';
import type { DriverDeps, EdgeDriver } from '../driver.ts';
import { PATHS } from './protocol.ts';

test('what the service says is put on the edge, and proved by handshake for both algorithms', async (t) => {
  const service = await givenAgentService(t);
  const { edge, begin } = await givenScene(t, service);
  const pack = await givenPack(['a.example.com', '*.example.com']);
  const { packId } = service.add(pack);
  await begin();
  await until(() => service.proofOf(packId) !== undefined);
  const { ecdsa, rsa, problem } = service.proofOf(packId) ?? {};
  assert.deepEqual(
    [ecdsa, rsa, problem],
    [fingerprintIn(pack, 'ecdsa'), fingerprintIn(pack, 'rsa'), undefined],
  );
  assert.deepEqual(edge.held.get(packId)?.names, ['a.example.com', '*.example.com']);
  await until(() => service.reports.at(-1)?.at !== undefined);
  const { packs, names } = service.reports.at(-1) ?? {};
  assert.deepEqual([packs, names], [1, 2]);
  // The first one comes with each connection, before anything was applied.
  assert.deepEqual(service.reports[0]?.tlsSettings, driverFor(edge).abilities.tlsSettings);
  assert.deepEqual(service.reports.at(-1)?.tlsSettings, driverFor(edge).abilities.tlsSettings);
});

test('changes come by the stream: a new leaf, a name that moves, a pack that goes and is told so once', async (t) => {
  const service = await givenAgentService(t);
  const { edge, begin } = await givenScene(t, service);
  const { packId } = service.add(await givenPack(['a.example.com', 'b.example.com']));
  const agent = await begin();
  await until(() => service.proofOf(packId) !== undefined);
  const renewed = await givenPack(['a.example.com', 'b.example.com']);
  service.add(renewed, packId);
  service.tell(['a.example.com', 'b.example.com']);
  await until(() => service.proofOf(packId)?.ecdsa === fingerprintIn(renewed, 'ecdsa'));
  const other = service.add(await givenPack(['b.example.com']));
  service.tell(['b.example.com']);
  await until(() => service.proofOf(other.packId) !== undefined);
  assert.deepEqual(edge.held.get(packId)?.names, ['a.example.com']);
  service.names.delete('a.example.com');
  service.tell(['a.example.com']);
  await until(() => service.released.includes(packId));
  assert.deepEqual([...edge.held.keys()], [other.packId]);
  await until(() => agent.stats().leaving === 0);
  assert.deepEqual(service.released, [packId]);
});

test('with the service away the agent starts from its disk, and goes on from its cursor when it is back', async (t) => {
  const service = await givenAgentService(t);
  const { edge, begin } = await givenScene(t, service);
  const { packId } = service.add(await givenPack(['a.example.com']));
  const first = await begin();
  await until(() => service.proofOf(packId) !== undefined);
  const at = service.tell(['a.example.com']);
  await until(() => first.stats().at === at);
  await first.close();
  service.stop();
  edge.held.clear();
  const second = await begin();
  await until(() => edge.held.has(packId));
  assert.match(second.stats().problems.service ?? '', /nobody listens there/);
  service.since.length = 0;
  await service.start();
  await until(() => second.stats().isConnected && service.since.length > 0);
  assert.deepEqual(service.since, [at]);
  assert.equal(edge.withdrawn.length, 0);
});

test('a pack that the edge refuses is told with its words, tried again, and what was there stays', async (t) => {
  const service = await givenAgentService(t);
  const { edge, begin } = await givenScene(t, service);
  const { packId } = service.add(await givenPack(['a.example.com']));
  const good = service.add(await givenPack(['b.example.com']));
  edge.refusing.set(packId, 'key too\nlong');
  const agent = await begin();
  await until(() => service.proofOf(packId) !== undefined && service.proofOf(good.packId) !== undefined);
  assert.equal(service.proofOf(packId)?.problem, 'key too\\u000along');
  assert.equal(agent.stats().failing, 1);
  edge.refusing.clear();
  await until(() => service.proofOf(packId)?.problem === undefined);
  assert.equal(agent.stats().failing, 0);
});

test('another leaf at the edge is seen in turn, told, and mended', async (t) => {
  const service = await givenAgentService(t);
  const { edge, begin } = await givenScene(t, service, { handshakesPerSecond: 500 });
  const { packId } = service.add(await givenPack(['a.example.com']));
  const agent = await begin();
  await until(() => service.proofOf(packId) !== undefined);
  edge.planted.set('a.example.com', 'ab'.repeat(32));
  const told = () => service.reports.flatMap(({ proofs }) => proofs).flatMap(({ problem }) => problem ?? []);
  await until(() => told().length > 0 && service.proofOf(packId)?.problem === undefined);
  assert.match(told()[0] ?? '', /shows another ecdsa certificate for a\.example\.com \(SHA-256 abab/);
  assert.deepEqual([agent.stats().drifts, edge.planted.size], [1, 0]);
});

test('what is missing at the edge, and what is there of nobody, is found by looking at all of it', async (t) => {
  const service = await givenAgentService(t);
  const { edge, begin } = await givenScene(t, service);
  const { packId } = service.add(await givenPack(['a.example.com']));
  const first = await begin();
  await until(() => first.stats().at !== undefined && edge.held.has(packId));
  await first.close();
  const held = edge.held.get(packId);
  assert.ok(held);
  edge.held.clear();
  edge.held.set('strange', { ...held, packId: 'strange', names: ['x.example.com'] });
  await begin();
  await until(() => edge.held.has(packId) && !edge.held.has('strange'));
});

test('a clock that is put back by a day puts off no look at all of the edge', async (t) => {
  const service = await givenAgentService(t);
  let back = 0;
  const real = systemClock();
  const clock: Clock = {
    now: () => new Date(Date.now() - back),
    sleep: (seconds, signal) => real.sleep(seconds, signal),
  };
  const { edge, begin } = await givenScene(t, service, { clock, inventoryEvery: 0.2 });
  const { packId } = service.add(await givenPack(['a.example.com']));
  await begin();
  await until(() => service.proofOf(packId) !== undefined);
  back = 86_400_000;
  edge.held.clear();
  await until(() => edge.held.has(packId));
});

test('files that CAs ask for all at once are all had, a few at a time', async (t) => {
  const service = await givenAgentService(t);
  let [running, most] = [0, 0];
  service.answers.set(PATHS.files, async () => {
    running += 1;
    most = Math.max(most, running);
    await delay(5);
    running -= 1;
    return { body: 'shown' };
  });
  const edge = new MemoryEdge();
  const got: DriverDeps[] = [];
  const open: EdgeDriver['open'] = async (_options, deps) => {
    got.push(deps);
    return edge;
  };
  const { begin } = await givenScene(t, service, { driver: { ...driverFor(edge), open } });
  const agent = await begin();
  await until(() => agent.stats().isConnected);
  const path = '/.well-known/acme-challenge/token';
  const asked = Array.from({ length: 100 }, async (_, i) => got[0]?.fileFor(`n${i}.example.com`, path));
  assert.deepEqual(new Set((await Promise.all(asked)).map((file) => file?.body)), new Set(['shown']));
  assert(most > 1 && most <= 4, `${most} at once`);
});

test('an edge that is away is told as such, and is as it is to be when it is back', async (t) => {
  const service = await givenAgentService(t);
  const { edge, begin } = await givenScene(t, service);
  const { packId } = service.add(await givenPack(['a.example.com']));
  edge.isAway = true;
  await begin();
  await until(() => service.reports.at(-1)?.problem === 'the edge is away');
  edge.isAway = false;
  await until(() => service.proofOf(packId) !== undefined && service.reports.at(-1)?.problem === undefined);
});

test('a pack whose file was altered on the disk is noticed and asked for again', async (t) => {
  const service = await givenAgentService(t);
  const { edge, dir, begin } = await givenScene(t, service);
  const { packId, digest } = service.add(await givenPack(['a.example.com']));
  const first = await begin();
  await until(() => service.proofOf(packId) !== undefined);
  await first.close();
  await writeFile(join(dir, 'state', 'packs', `${packId}.${digest}`), 'something else\n');
  edge.held.clear();
  await begin();
  await until(() => edge.held.has(packId));
  await rm(dir, { recursive: true });
});

test('what is told once more is put on the edge, proved at once, and told again', async (t) => {
  const service = await givenAgentService(t);
  const { edge, begin } = await givenScene(t, service);
  const wide = service.add(await givenPack(['*.example.com']));
  service.add(await givenPack(['a.example.com']));
  const agent = await begin();
  await until(() => service.proofOf(wide.packId) !== undefined && agent.stats().unreported === 0);
  const before = service.reports.length;
  service.tell(['*.example.com']);
  await until(() => service.reports.slice(before).some(({ proofs }) => proofs[0]?.packId === wide.packId));
  assert.equal(edge.held.size, 2);
});
