/** Packs of which an edge shows something else for long are renewed all the same; the CA and the edges are in the test's hands. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import {
  allVisible,
  carryAll,
  clear,
  dueIn,
  edgeNamed,
  packOf,
  shown,
  startJobDeps,
  type TestJobDeps,
} from '../../../test/support/job-deps.ts';
import { oddEdges, rounds } from '../../../test/support/proving.ts';
import { givenActive, wishful } from '../../../test/support/renewing.ts';
import { withCa } from '../../../test/support/simulator/with-ca.ts';
import { VirtualClock } from '../../kit/clock.ts';
import { between, days } from '../../kit/time.ts';
import type { Pack } from '../../pack/pack.ts';

const EDGES = [edgeNamed('edge-a'), edgeNamed('edge-b')];
const ends = new AsyncDisposableStack();
let plain: TestJobDeps;
before(async () => {
  plain = await startJobDeps(ends);
});
beforeEach(() => clear(plain));
after(() => ends.disposeAsync());

/** Edges of which one shows an old leaf, and a pack that is not active for that. */
async function givenDrifted(t: TestContext) {
  const deps = { ...plain, clock: new VirtualClock(), precheckTxt: allVisible, edges: EDGES };
  const rules = [{ on: 'directory', fault: 'patch', body: { renewalInfo: null } }] as const;
  const { at } = await withCa(t, { ...deps, showLeaf: wishful(deps) }, { rules });
  const world = oddEdges(at);
  const id = await givenActive(world.deps);
  world.lies.set('edge-b', async () => shown('00'.repeat(32)));
  await rounds(world.deps, 90);
  const pack = await packOf(world.deps, id);
  assert.equal(pack.status, 'pending_deployment');
  return { ...world, id, pack };
}

/** Seconds until the renewal of a pack. */
const untilRenewal = ({ clock }: TestJobDeps, { renewal }: Pack): number =>
  between(clock.now(), renewal?.at ?? assert.fail());

const fingerprints = ({ certificates }: Pack): string[] => certificates.map(({ fingerprint }) => fingerprint);

test('a pack that drifted is renewed in time, and the other edges have the new certificates', async (t) => {
  const { deps, id, pack: old, lies } = await givenDrifted(t);
  deps.clock.advance(untilRenewal(deps, old) - days(1));
  await carryAll(deps);
  assert.deepEqual(fingerprints(await packOf(deps, id)), fingerprints(old), 'not before its time');
  deps.clock.advance(days(2));
  await carryAll(deps);
  const renewed = await packOf(deps, id);
  assert.equal(new Set([...fingerprints(old), ...fingerprints(renewed)]).size, 4);
  assert.deepEqual([renewed.status, renewed.renewal?.run], ['pending_deployment', undefined]);
  const { rows } = await deps.pool.query('select desired_ecdsa as leaf from deployments where pack_id = $1', [
    id,
  ]);
  assert.deepEqual(
    rows,
    EDGES.map(() => ({ leaf: fingerprints(renewed)[0] })),
    'every edge is to show the new ones',
  );
  deps.clock.advance(days(40));
  await rounds(deps, 15);
  assert.equal((await packOf(deps, id)).status, 'pending_deployment', 'beyond the end of the old ones');
  lies.clear();
  await rounds(deps, 60);
  assert.equal((await packOf(deps, id)).status, 'active');
  assert(((await dueIn(deps, id)) ?? 0) > 0);
});

test('a pack comes back while its renewal waits, and that goes on', async (t) => {
  const { deps, id, pack: old, lies } = await givenDrifted(t);
  const blind: TestJobDeps = { ...deps, precheckTxt: plain.precheckTxt, controlLife: 0 };
  deps.clock.advance(untilRenewal(deps, old) + 1);
  await rounds(blind, 10);
  const waiting = await packOf(deps, id);
  assert.deepEqual([waiting.status, waiting.renewal?.run?.kind], ['pending_deployment', 'renewal']);
  lies.clear();
  await rounds(blind, 30);
  const back = await packOf(deps, id);
  assert.equal(back.status, 'active');
  assert.equal(back.renewal?.run?.kind, 'renewal');
});
