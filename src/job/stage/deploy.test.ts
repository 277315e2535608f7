import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import {
  carryAll,
  claim,
  clear,
  dueIn,
  edgeNamed,
  givenCertificates,
  givenPack,
  givenZone,
  packOf,
  servedHosts,
  shown,
  startJobDeps,
  type TestJobDeps,
  truthful,
} from '../../../test/support/job-deps.ts';
import { days } from '../../kit/time.ts';
import { lifeWork } from '../../operation/work.ts';
import { ALGORITHMS } from '../../pack/pack.ts';
import { deploy } from './deploy.ts';
import { withdraw } from './withdraw.ts';

const HOSTS = ['one.test', 'www.one.test'] as const;
const EDGES = [edgeNamed('edge-a'), edgeNamed('edge-b')];
const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  const plain = await startJobDeps(ends);
  deps = { ...plain, edges: EDGES, showLeaf: truthful(plain) };
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

async function givenIssued(attempts = 0): Promise<string> {
  const zone = await givenZone(deps, 'one.test');
  const id = await givenPack(deps, zone, { status: 'pending_deployment', hosts: HOSTS, attempts });
  await givenCertificates(deps, id);
  return id;
}

test('a pack is active once every edge showed both leaves for every host', async () => {
  const id = await givenIssued();
  const asked = new Set<string>();
  await carryAll({
    ...deps,
    showLeaf: (edge, ask, signal) => {
      asked.add(`${edge.name} ${ask.name} ${ask.algorithm}`);
      return deps.showLeaf(edge, ask, signal);
    },
  });
  const pack = await packOf(deps, id);
  assert.equal(pack.status, 'active');
  assert.deepEqual(pack.validationErrors, []);
  const all = EDGES.flatMap(({ name }) => HOSTS.flatMap((h) => ALGORITHMS.map((a) => `${name} ${h} ${a}`)));
  assert.deepEqual([...asked].toSorted(), all.toSorted());
});

for (const host of HOSTS) {
  for (const algorithm of ALGORITHMS) {
    test(`an edge that shows another ${algorithm} leaf for ${host} is named, and the pack waits`, async () => {
      const id = await givenIssued();
      await carryAll({
        ...deps,
        showLeaf: (edge, ask, signal) =>
          edge.name === 'edge-b' && ask.name === host && ask.algorithm === algorithm
            ? Promise.resolve(shown('00'.repeat(32)))
            : deps.showLeaf(edge, ask, signal),
      });
      const pack = await packOf(deps, id);
      assert.equal(pack.status, 'pending_deployment');
      assert.equal(pack.validationErrors.length, 1);
      assert.match(pack.validationErrors.join(), new RegExp(`edge edge-b .*\\b${host}`));
      assert.equal(pack.attempts, 1);
    });
  }
}

test('a pack for which there is no edge says so, and is looked at again soon, then less often', async () => {
  const id = await givenIssued();
  const none = { ...deps, edges: EDGES.map((edge) => ({ ...edge, environment: 'staging' as const })) };
  await carryAll(none);
  const pack = await packOf(deps, id);
  assert.equal(pack.status, 'pending_deployment');
  assert.match(pack.validationErrors.join(), /no production edge is configured here/);
  assert.equal(await dueIn(deps, id), 1);
  deps.clock.advance(1);
  await carryAll(none);
  assert.equal(await dueIn(deps, id), 2);
});

test('a pack whose first try was lost is wished onto the edges by the next', async () => {
  const id = await givenIssued(1);
  await carryAll(deps);
  assert.equal((await packOf(deps, id)).status, 'active');
});

test('a worker that lost its pack neither puts it on the edges nor takes it off', async () => {
  const { signal } = new AbortController();
  const id = await givenIssued();
  const old = await packOf(deps, id);
  await claim(deps);
  await assert.rejects(deploy(deps, lifeWork(old), signal), { fault: 'pack_moved' });
  assert.deepEqual(await servedHosts(deps, id), []);
  await deploy(deps, lifeWork(await packOf(deps, id)), signal);
  await assert.rejects(withdraw(deps, lifeWork(old), signal), { fault: 'pack_moved' });
  assert.deepEqual(await servedHosts(deps, id), HOSTS.toSorted());
});

test('a pack that no edge shows in time is taken off them when its certificates end', async () => {
  const id = await givenIssued();
  await carryAll({ ...deps, showLeaf: async () => undefined });
  deps.clock.advance(days(1));
  await carryAll(deps);
  assert.equal((await packOf(deps, id)).status, 'deployment_timed_out');
  const seconds = await dueIn(deps, id);
  assert(seconds && Math.abs(seconds - days(89)) < 30, `due in ${seconds} s`);
  deps.clock.advance(days(89));
  await carryAll({ ...deps, showLeaf: async () => undefined });
  assert.equal((await packOf(deps, id)).status, 'expired');
  assert.deepEqual(await servedHosts(deps, id), []);
});
