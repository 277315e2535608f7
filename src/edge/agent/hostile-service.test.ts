import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { givenScene } from '../../../test/support/edge/given-agent.ts';
import { type GivenAgentService, givenAgentService } from '../../../test/support/edge/given-agent-service.ts';
import { fingerprintIn, givenPack, until } from '../../../test/support/edge/given-service.ts';
import { BOUNDS, PATHS, type SealedPack } from './protocol.ts';

/** A scene in which one pack serves and is proved. */
async function givenServed(t: TestContext) {
  const service = await givenAgentService(t);
  const scene = await givenScene(t, service, { silence: 1 });
  const pack = await givenPack(['a.example.com']);
  const { packId, digest } = service.add(pack);
  const agent = await scene.begin();
  await until(() => service.proofOf(packId) !== undefined && agent.stats().unreported === 0);
  return { service, ...scene, pack, packId, digest, agent };
}

/** What the service does to an agent that follows it. */
const MISCHIEF: Readonly<Record<string, (service: GivenAgentService) => void>> = {
  'no JSON': (service) => service.say('{"at":\n'),
  'a path for an id': (service) =>
    service.say({
      names: [['b.example.com', '../../../../etc/cron.d/x', 'a'.repeat(32)]],
      gone: [],
      packs: [],
    }),
  'a path for a digest': (service) =>
    service.say({ names: [['b.example.com', randomUUID(), '../'.repeat(10)]], gone: [], packs: [] }),
  'a beginning in the middle': (service) => service.say({ isWhole: true, edge: service.edge }),
  'a line without end': (service) => service.say('x'.repeat(BOUNDS.line + 1)),
  silence: () => undefined,
};

for (const [what, mischief] of Object.entries(MISCHIEF)) {
  test(`a service that says ${what} is left, and what is there serves on`, async (t) => {
    const { service, edge, dir, packId, digest, agent } = await givenServed(t);
    const [before, { at }] = [service.since.length, agent.stats()];
    mischief(service);
    await until(() => service.since.length > before);
    assert.equal(service.since[before], at);
    assert.deepEqual([...edge.held.keys()], [packId]);
    assert.deepEqual(await readdir(join(dir, 'state', 'packs')), [`${packId}.${digest}`]);
  });
}

test('a whole that ends early takes nothing away; one that is told to its end does', async (t) => {
  const { service, edge, packId, dir, begin, agent } = await givenServed(t);
  await agent.close();
  const { rm, writeFile } = await import('node:fs/promises');
  await writeFile(join(dir, 'state', 'names.log'), '0000 damaged\n', { flag: 'a' });
  let isCut = true;
  service.answers.set(PATHS.changes, (_body, stream) => {
    service.open(stream, true);
    if (isCut) stream.end(`${JSON.stringify({ names: [], gone: [], packs: [] })}\n`);
    else stream.write(`${JSON.stringify({ at: 'all' })}\n`);
    isCut = false;
    return undefined;
  });
  const again = await begin();
  await until(() => again.stats().at === 'all');
  assert.equal(again.stats().packs, 0);
  await until(() => service.released.includes(packId));
  assert.equal(edge.held.size, 0);
  await again.close();
  await rm(dir, { recursive: true });
});

/** Packs that cannot serve, as a service may send them. */
const BAD: Readonly<Record<string, (service: GivenAgentService, sealed: SealedPack) => Promise<SealedPack>>> =
  {
    'sealed to another edge': async (service, { packId }) =>
      service.seal(await givenPack(['a.example.com']), packId, randomUUID()),
    'whose leaf is another than is told': async (service, { packId }) => {
      const sealed = service.seal(await givenPack(['a.example.com']), packId);
      const { ecdsa } = sealed.certificates;
      return ecdsa ? { ...sealed, certificates: { ecdsa: { ...ecdsa, leaf: 'ab'.repeat(32) } } } : sealed;
    },
    'whose key is of the other algorithm': async (service, { packId }) => {
      const pack = await givenPack(['a.example.com']);
      const { ecdsa, rsa } = pack.certificates;
      if (!ecdsa || !rsa) return service.seal(pack, packId);
      return service.seal({ ...pack, certificates: { ecdsa: { ...ecdsa, key: rsa.key }, rsa } }, packId);
    },
    'without a certificate': async (_service, { packId }) => ({
      packId,
      digest: 'c'.repeat(32),
      certificates: {},
    }),
  };

for (const [what, make] of Object.entries(BAD)) {
  test(`a pack ${what} is refused and told, and the one before it serves on`, async (t) => {
    const { service, edge, pack, packId } = await givenServed(t);
    const { certificates, digest } = service.packs.get(packId) ?? assert.fail();
    service.packs.set(packId, await make(service, { packId, digest, certificates }));
    service.tell(['a.example.com']);
    await until(() => service.proofOf(packId)?.problem !== undefined);
    assert.doesNotMatch(service.proofOf(packId)?.problem ?? '', /PRIVATE KEY/);
    assert.equal(edge.held.get(packId)?.leaves.ecdsa, fingerprintIn(pack, 'ecdsa'));
    service.add(await givenPack(['a.example.com']), packId);
    service.tell(['a.example.com'], false);
    await until(() => service.proofOf(packId)?.problem === undefined);
  });
}

test('names that no client can ask for are left out, and the others serve', async (t) => {
  const { service, edge, packId, digest } = await givenServed(t);
  const other = service.add(await givenPack(['b.example.com']));
  const odd = ['127.0.0.1', 'a..b.example.com', 'com'].map((name) => [name, packId, digest]);
  service.say({ names: odd, gone: [], packs: [] });
  service.tell(['b.example.com']);
  await until(() => edge.held.has(other.packId));
  assert.deepEqual(edge.held.get(packId)?.names, ['a.example.com']);
});

test('packs that serve no name are not kept', async (t) => {
  const { service, dir, packId, digest } = await givenServed(t);
  const [stray, other] = [await givenPack(['c.example.com']), await givenPack(['b.example.com'])];
  service.say({ names: [], gone: [], packs: [service.seal(stray, randomUUID())] });
  const named = service.add(other);
  service.tell(['b.example.com']);
  await until(() => service.proofOf(named.packId) !== undefined);
  assert.deepEqual(
    (await readdir(join(dir, 'state', 'packs'))).toSorted(),
    [`${packId}.${digest}`, `${named.packId}.${named.digest}`].toSorted(),
  );
});

test('packs that are told and not given leave their names as they are, until all is told anew', async (t) => {
  const { service, edge, packId, agent } = await givenServed(t);
  const other = service.add(await givenPack(['a.example.com']));
  service.packs.delete(other.packId);
  service.say({ names: [['a.example.com', other.packId, other.digest]], gone: [], packs: [] });
  service.say({ at: 'later' });
  await until(() => service.asked.length > 1 && agent.stats().at === undefined);
  assert.deepEqual([...edge.held.keys()], [packId]);
  service.packs.set(other.packId, other);
  service.cut();
  await until(() => edge.held.has(other.packId) && !edge.held.has(packId));
});
