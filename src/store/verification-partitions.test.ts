/** Each statement of the proof of a deployment finds all that it needs in one piece of each table, as partitions.test.ts has it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Explained, explainingPool } from '../../test/support/explained.ts';
import {
  carryAll,
  edgeNamed,
  givenCertificates,
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
  truthful,
} from '../../test/support/job-deps.ts';
import { assertInOnePiece, type CutTable, cutTables } from '../../test/support/partitioned.ts';
import { recordDrift, recordReturn } from '../operation/record-drift.ts';
import type { PackZone } from '../pack/pack.ts';
import { type DeploymentLook, putLooks, takeDueDeployments } from './deployment-looks.ts';
import { cellOf } from './zone-key.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let tables: CutTable[];
let zone: PackZone;
let id: string;
const seen: Explained[] = [];
before(async () => {
  const plain = await startJobDeps(ends);
  tables = await cutTables(plain.pool);
  zone = await givenZone(plain, 'zone.test');
  const pool = explainingPool(plain.pool, seen);
  ends.defer(() => pool.end());
  deps = { ...plain, pool, edges: [edgeNamed('edge-a')], showLeaf: truthful(plain) };
  id = await givenPack(plain, zone, { status: 'pending_deployment' });
  await givenCertificates(plain, id);
  await carryAll({ ...deps, pool: plain.pool });
});
after(() => ends.disposeAsync());

const until = (seconds: number) => new Date(deps.clock.now().getTime() + seconds * 1_000);

test('a deployment is taken, written down, drifts and comes back inside one piece', async () => {
  const proved = { pack: { id, zone }, away: new Set<string>() };
  const what = {
    cells: [cellOf(zone.id)],
    edges: ['edge-a'],
    now: deps.clock.now(),
    until: until(20),
    limit: 5,
  };
  const met = await assertInOnePiece({ tables, seen }, async () => {
    const [due, ...more] = await takeDueDeployments(deps.pool, 'all', what);
    assert(due?.pack.id === id && more.length === 0);
    const look: DeploymentLook = {
      pack: due.pack,
      edge: due.edge,
      wanted: due.wanted,
      nextName: 0,
      problem: 'edge edge-a shows another',
      wrongSince: deps.clock.now(),
      lookAt: deps.clock.now(),
    };
    await putLooks(deps.pool, [look], deps.clock.now());
    deps.clock.advance(60);
    assert.equal(await recordDrift(deps, proved), true);
    const again = { ...what, now: deps.clock.now(), until: until(20) };
    assert.equal((await takeDueDeployments(deps.pool, 'problems', again)).length, 1);
    assert.equal(await recordReturn(deps, proved), false, 'it was not seen since');
    await putLooks(deps.pool, [{ ...look, problem: undefined, wrongSince: undefined }], deps.clock.now());
    assert.equal(await recordReturn(deps, proved), true);
  });
  for (const name of ['packs', 'deployments', 'certificates', 'zones']) assert(met.has(name), name);
  assert.equal((await packOf(deps, id)).status, 'active');
});

test('a look that came late, at what an edge is not to show any more, is not written down', async () => {
  const old = { ecdsa: '00', rsa: null };
  const look = { pack: { id, zone }, edge: 'edge-a', wanted: old, nextName: 3, lookAt: until(0) };
  await putLooks(deps.pool, [{ ...look, problem: 'wrong', wrongSince: until(0) }], deps.clock.now());
  const { rows } = await deps.pool.query('select problem, next_name from deployments where pack_id = $1', [
    id,
  ]);
  assert.deepEqual(rows, [{ problem: null, next_name: 0 }]);
});
