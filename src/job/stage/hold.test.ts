import assert from 'node:assert/strict';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import {
  allVisible,
  carryAll,
  clear,
  edgeNamed,
  givenPack,
  packOf,
  startJobDeps,
  type TestJobDeps,
  truthful,
} from '../../../test/support/job-deps.ts';
import { withCa } from '../../../test/support/simulator/with-ca.ts';
import { CHECK, ZoneScene } from '../../../test/support/zone-scene.ts';
import { days, hours } from '../../kit/time.ts';
import { changeZone } from '../../operation/change-zone.ts';
import { deactivateZone } from '../../operation/deactivate-zone.ts';
import { OPERATOR } from '../../store/audit.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let scene: ZoneScene;
before(async () => {
  deps = await startJobDeps(ends);
});
beforeEach(async () => {
  await clear(deps);
  scene = new ZoneScene(deps);
});
after(() => ends.disposeAsync());

/** A zone that is active, with a CA and an edge; how its pack goes on. */
async function givenOrder(t: TestContext) {
  const { at: on } = await withCa(t, {
    ...deps,
    precheckTxt: allVisible,
    edges: [edgeNamed('one')],
    showLeaf: truthful(deps),
    zonePolicy: CHECK,
  });
  const zone = await scene.zone(await scene.account(), 'one.test');
  scene.show(zone);
  await scene.look();
  return { on, zone, carry: () => carryAll(on) };
}

test('an order under way when its zone is paused is held when it is issued, and goes on by itself', async (t) => {
  const { on, zone, carry } = await givenOrder(t);
  const id = await givenPack(deps, await scene.now(zone));
  await changeZone(on, zone, { isPaused: true }, OPERATOR);
  await carry();
  const held = await packOf(deps, id);
  assert.equal(held.status, 'holding_deployment');
  assert.match(
    held.validationErrors[0] ?? '',
    /^the zone one\.test is paused; end the pause of the zone: what was issued comes/,
  );
  await changeZone(on, zone, { isPaused: false }, OPERATOR);
  await carry();
  const served = await packOf(deps, id);
  assert.deepEqual([served.status, served.validationErrors], ['active', []]);
});

test('what is served of a zone that is moved or paused stays served; a renewal waits until it is active again', async (t) => {
  const { on, zone, carry } = await givenOrder(t);
  const id = await givenPack(deps, await scene.now(zone));
  await carry();
  assert.equal((await packOf(deps, id)).status, 'active');
  await deactivateZone(on, zone.id, { isDeactivated: true, by: OPERATOR });
  assert.deepEqual(await scene.statuses(zone), ['moved']);
  deps.clock.advance(days(62));
  await carry();
  const { status, renewal } = await packOf(deps, id);
  assert.deepEqual([status, renewal?.run], ['active', undefined]);
  await deactivateZone(on, zone.id, { isDeactivated: false, by: OPERATOR });
  await scene.look();
  assert.deepEqual(await scene.statuses(zone), ['active']);
  await changeZone(on, zone, { isPaused: true }, OPERATOR);
  deps.clock.advance(hours(1));
  await carry();
  const renewed = await packOf(deps, id);
  assert.equal(renewed.status, 'active');
  assert.equal(renewed.renewal?.run?.certificates.length, 2, 'the edges are given new certificates');
});

test('a zone whose name went to another gets no certificate any more', async (t) => {
  const { zone, carry } = await givenOrder(t);
  const owner = await scene.zone(await scene.account(), 'one.test');
  scene.show(owner);
  await scene.pass(hours(3));
  assert.deepEqual(await scene.statuses(owner), ['active']);
  const id = await givenPack(deps, await scene.now(zone));
  await carry();
  const lost = await packOf(deps, id);
  assert.match(lost.validationErrors[0] ?? '', /the zone one\.test has lost its name/);
  assert.deepEqual(lost.certificates, []);
});
