/** What edges serve is proved all the time, with the clock and the edges in the test's hands; the database is real. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import {
  carryAll,
  clear,
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
import { givenServed, type OddEdges, oddEdges, round, rounds } from '../../../test/support/proving.ts';
import { days } from '../../kit/time.ts';
import { takeDueDeployments } from '../../store/deployment-looks.ts';
import { listHandshakes } from '../../store/deployments.ts';
import { listAbsentEdges } from '../../store/edge-states.ts';
import { EVERY_CELL } from '../../store/zone-key.ts';
import { proveServed } from './proofs.ts';

const EDGES = [edgeNamed('edge-a'), edgeNamed('edge-b')];
const OTHER = '00'.repeat(32);
const ends = new AsyncDisposableStack();
let plain: TestJobDeps;
let at: OddEdges;
before(async () => {
  plain = await startJobDeps(ends);
});
beforeEach(async () => {
  await clear(plain);
  at = oddEdges({ ...plain, edges: EDGES, showLeaf: truthful(plain) });
});
after(() => ends.disposeAsync());

const lie = async () => shown(OTHER);

async function statusOf(id: string): Promise<string> {
  return (await packOf(at.deps, id)).status;
}

async function problemsOf(id: string): Promise<string[]> {
  const pack = await packOf(at.deps, id);
  return (await listHandshakes(at.deps.pool, pack)).flatMap(({ problem }) => problem ?? []);
}

test('a wrong certificate on an edge is seen within 20 s, the edge is told again, and the pack stays active', async () => {
  const id = await givenServed(at.deps, 'one.test');
  await round(at.deps, 1);
  at.lies.set('edge-b', lie);
  at.told.length = 0;
  await round(at.deps, 20);
  assert.deepEqual(at.told, [{ environment: 'production', hosts: ['one.test'] }]);
  assert.match((await problemsOf(id)).join(), /edge edge-b serves one\.test with another certificate/);
  const { rows } = await at.deps.pool.query("select from edge_changes where 'one.test' = any(hosts)");
  assert(rows.length >= 2, 'other processes tell their edges too');
  at.lies.clear();
  await round(at.deps, 5);
  assert.deepEqual(await problemsOf(id), []);
  assert.equal(await statusOf(id), 'active');
  assert.equal(at.told.length, 1);
});

for (const [what, lying] of [
  ['another leaf', lie],
  ['no leaf', async () => undefined],
] as const) {
  test(`a pack of which an edge shows ${what} for 60 s is not active any more, and is again once it is shown`, async () => {
    const id = await givenServed(at.deps, 'one.test');
    await round(at.deps, 20);
    at.lies.set('edge-b', lying);
    await rounds(at.deps, 75);
    assert.equal(await statusOf(id), 'active', 'seen 20 s after, wrong for 55 s');
    await rounds(at.deps, 10);
    const pack = await packOf(at.deps, id);
    assert.equal(pack.status, 'pending_deployment');
    assert.match(
      pack.validationErrors.join(),
      /edge edge-b (serves one\.test with another|does not serve one)/,
    );
    assert.deepEqual([pack.found?.cause, pack.found?.evidence[0]?.who], ['edge_behind', 'edge-b']);
    assert.deepEqual(await servedHosts(at.deps, id), ['one.test'], 'edge-a goes on');
    at.lies.clear();
    await rounds(at.deps, 10);
    const back = await packOf(at.deps, id);
    assert.deepEqual([back.status, back.validationErrors, back.driftedOn], ['active', [], undefined]);
  });
}

test('what drifted never times out: it comes back after days, or ends with its certificates', async () => {
  const id = await givenPack(at.deps, await givenZone(at.deps, 'one.test'), {
    status: 'pending_deployment',
    type: 'sni_custom',
    certificateAuthority: undefined,
  });
  await givenCertificates(at.deps, id);
  await carryAll(at.deps);
  at.lies.set('edge-b', lie);
  await rounds(at.deps, 90);
  assert.equal(await statusOf(id), 'pending_deployment');
  for (let day = 0; day < 3; day++) await round(at.deps, days(1));
  assert.equal(await statusOf(id), 'pending_deployment');
  await round(at.deps, days(88));
  await carryAll(at.deps);
  assert.match(await statusOf(id), /expir/);
  assert.deepEqual(await servedHosts(at.deps, id), []);
});

test('an edge that nobody reaches holds packs up for 10 minutes and no longer, and counts when it has shown all again', async () => {
  const first = await givenServed(at.deps, 'one.test');
  at.off.add('edge-b');
  const second = await givenPack(at.deps, await givenZone(at.deps, 'two.test'), {
    status: 'pending_deployment',
    hosts: ['two.test'],
  });
  await givenCertificates(at.deps, second);
  await rounds(at.deps, 595, 119);
  assert.deepEqual([await statusOf(first), await statusOf(second)], ['active', 'pending_deployment']);
  await rounds(at.deps, 120, 60);
  assert.deepEqual([await statusOf(first), await statusOf(second)], ['active', 'active']);
  assert.match((await problemsOf(second)).join(), /edge edge-b is away since/);
  at.off.clear();
  at.lies.set('edge-b', lie);
  await rounds(at.deps, 90);
  assert.equal(
    (await listAbsentEdges(at.deps.pool))[0]?.name,
    'edge-b',
    'what it shows is wrong: it does not count',
  );
  assert.equal(await statusOf(first), 'active', 'nor does it say anything of a pack');
  at.lies.clear();
  await rounds(at.deps, 40);
  assert.deepEqual(await listAbsentEdges(at.deps.pool), []);
  assert.deepEqual(await problemsOf(second), []);
  const { rows } = await at.deps.pool.query<{ event: string; name: string }>(
    "select event, name from audit where resource = 'edge' order by seq",
  );
  assert.deepEqual(
    rows.map(({ event, name }) => `${event} ${name}`),
    ['edge_away edge-b', 'edge_back edge-b'],
    'recorded once each, however many packs there are',
  );
});

test('a pack for which every edge is away waits and says so', async () => {
  for (const { name } of EDGES) at.off.add(name);
  const id = await givenPack(at.deps, await givenZone(at.deps, 'one.test'), { status: 'pending_deployment' });
  await givenCertificates(at.deps, id);
  await rounds(at.deps, 720, 120);
  const { status, validationErrors } = await packOf(at.deps, id);
  assert.equal(status, 'pending_deployment');
  assert.match(validationErrors.join(), /edge edge-a is away since .*edge edge-b is away since/);
});

test('a deployment is looked at by one process at a time, and by another when that one is killed', async () => {
  await givenServed(at.deps, 'one.test');
  at.deps.clock.advance(20);
  const now = at.deps.clock.now();
  const until = new Date(now.getTime() + 20_000);
  const which = { cells: EVERY_CELL, edges: ['edge-a', 'edge-b'], now, until, limit: 10 };
  const taken = await Promise.all([1, 2].map(() => takeDueDeployments(at.deps.pool, 'all', which)));
  assert.deepEqual(
    taken
      .flat()
      .map(({ edge }) => edge)
      .toSorted(),
    ['edge-a', 'edge-b'],
  );
  let asked = 0;
  const counting: TestJobDeps = {
    ...at.deps,
    showLeaf: (edge, ask, signal) => {
      asked++;
      return at.deps.showLeaf(edge, ask, signal);
    },
  };
  const { signal } = new AbortController();
  await proveServed(counting, () => undefined, signal);
  assert.equal(asked, 0);
  at.deps.clock.advance(20);
  await proveServed(counting, () => undefined, signal);
  assert.equal(asked, 4);
});
