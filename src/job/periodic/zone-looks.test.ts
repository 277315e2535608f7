import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { clear, startJobDeps, type TestJobDeps } from '../../../test/support/job-deps.ts';
import { CHECK, ZoneScene } from '../../../test/support/zone-scene.ts';
import { days, hours, minutes } from '../../kit/time.ts';
import { deleteZone } from '../../operation/delete-zone.ts';
import type { ZonePolicy } from '../../pack/zone-life.ts';
import { OPERATOR } from '../../store/audit.ts';
import { wantLook } from '../../store/zone-life.ts';

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

const SERVERS = ['ns1.x.test', 'ns2.x.test', 'ns3.x.test', 'ns4.x.test'];

test('a partial zone is initializing, then pending, and active once its TXT record was seen', async () => {
  const zone = await scene.zone(await scene.account(), 'shop.test');
  assert.deepEqual([zone.status, zone.hasName, zone.activatedOn], ['initializing', false, undefined]);
  await scene.look();
  assert.deepEqual(await scene.statuses(zone), ['pending']);
  scene.texts.set('cloudflare-verify.shop.test', ['another key']);
  await scene.pass(minutes(10));
  assert.deepEqual(await scene.statuses(zone), ['pending']);
  scene.show(zone);
  await scene.pass(minutes(10));
  const active = await scene.now(zone);
  assert.deepEqual([active.status, active.hasName], ['active', true]);
  assert(active.activatedOn && active.activatedOn > active.createdOn);
});

test('of accounts that claim a name who shows control first has it, also where they are looked at at once', async () => {
  const zones = await Promise.all(
    Array.from({ length: 6 }, async (_, i) =>
      scene.zone(await scene.account(), 'shop.test', { type: i % 2 ? 'partial' : 'full' }),
    ),
  );
  scene.show(...zones);
  await Promise.all([scene.look(), scene.look(), scene.look()]);
  await scene.pass(minutes(30));
  const statuses = await scene.statuses(...zones);
  assert.equal(statuses.filter((status) => status === 'active').length, 1, statuses.join());
  assert.deepEqual(new Set(statuses), new Set(['active', 'pending']));
  const { rows } = await deps.pool.query('select from zone_names where is_holder');
  assert.equal(rows.length, 1);
});

test('another takes a name over once it alone has shown control for an hour, and what was there stays where it is', async () => {
  const first = await scene.zone(await scene.account(), 'shop.test');
  scene.show(first);
  await scene.look();
  const second = await scene.zone(await scene.account(), 'shop.test');
  scene.show(first, second);
  await scene.pass(days(2));
  assert.deepEqual(await scene.statuses(first, second), ['active', 'pending'], 'both show it');
  scene.show(second);
  await scene.pass(minutes(50));
  assert.deepEqual(await scene.statuses(first), ['active'], 'not yet');
  await scene.pass(hours(1));
  assert.deepEqual(await scene.statuses(first, second), ['moved', 'active']);
  assert.deepEqual([(await scene.now(first)).hasName, (await scene.now(second)).hasName], [false, true]);
  scene.show(first, second);
  await scene.pass(days(1));
  assert.deepEqual(await scene.statuses(first, second), ['moved', 'active'], 'it has it now');
});

test('who cannot be told to have lost control is not taken for it, and a rest ends a challenge', async () => {
  const first = await scene.zone(await scene.account(), 'shop.test');
  scene.show(first);
  await scene.look();
  scene.silent.add('cloudflare-verify.shop.test');
  await scene.pass(days(13));
  assert.deepEqual(await scene.statuses(first), ['active']);
  scene.silent.clear();
  await scene.pass(days(1));
  assert.deepEqual(await scene.statuses(first), ['active']);
  scene.texts.clear();
  await scene.pass(days(3));
  assert.deepEqual(await scene.statuses(first), ['active'], 'looks fail for less than three days');
  await scene.pass(days(1) + hours(2));
  assert.deepEqual(await scene.statuses(first), ['moved']);
  scene.show(first);
  await scene.pass(hours(5));
  assert.deepEqual(await scene.statuses(first), ['active'], 'it comes back by itself');
});

test('a zone that is active on trust stays so, unless another account shows control of its name', async () => {
  const trust: ZonePolicy = { ...CHECK, activation: 'trust' };
  const old = await scene.zone(await scene.account(), 'shop.test', { policy: trust });
  assert.equal(old.status, 'active');
  await scene.pass(days(20));
  await wantLook(deps.pool, old.id, deps.clock.now());
  await scene.pass(days(5));
  assert.deepEqual(await scene.statuses(old), ['active']);
  const owner = await scene.zone(await scene.account(), 'shop.test');
  await scene.pass(days(2));
  assert.deepEqual(await scene.statuses(owner), ['pending']);
  scene.show(owner);
  await scene.pass(days(1));
  assert.deepEqual(await scene.statuses(old, owner), ['moved', 'active']);
});

test('where accounts are trusted, what was claimed before becomes active, if nobody has it', async () => {
  const one = await scene.zone(await scene.account(), 'shop.test');
  const other = await scene.zone(await scene.account(), 'shop.test');
  await scene.look({ ...CHECK, activation: 'trust' });
  const statuses = (await scene.statuses(one, other)).toSorted();
  assert.deepEqual(statuses, ['active', 'initializing']);
});

test('zones of one name have different name servers, the same ones for an account each time', async () => {
  const policy = { ...CHECK, nameServers: SERVERS };
  const [a, b] = [await scene.account(), await scene.account()];
  const one = await scene.zone(a, 'shop.test', { type: 'full', policy });
  const other = await scene.zone(b, 'shop.test', { type: 'full', policy });
  assert.equal(one.nameServers?.length, 2);
  assert.notDeepEqual(one.nameServers, other.nameServers);
  scene.delegations.set('shop.test', [...(other.nameServers ?? [])]);
  await scene.look(policy);
  assert.deepEqual(await scene.statuses(one, other), ['pending', 'active']);
  assert.deepEqual((await scene.now(one)).originalNameServers, other.nameServers?.toSorted());
  await deleteZone(deps, other, OPERATOR);
  for (let i = 0; i < 4; i++) {
    const next = await scene.zone(await scene.account(), 'shop.test', { type: 'full', policy });
    assert.notDeepEqual(next.nameServers, other.nameServers, 'the delegation is still there');
  }
  const again = await scene.zone(b, 'shop.test', { type: 'full', policy });
  assert.deepEqual([again.nameServers, again.wantsText], [other.nameServers, false]);
  await scene.look(policy);
  assert.deepEqual(await scene.statuses(again), ['active'], 'who gave it up by mistake has it back');
});

test('with fixed name servers a zone shows its TXT record too, before it is delegated', async () => {
  const policy = { ...CHECK, nameServers: SERVERS.slice(0, 2) };
  const zone = await scene.zone(await scene.account(), 'shop.test', { type: 'full', policy });
  scene.delegations.set('shop.test', SERVERS.slice(0, 2));
  await scene.pass(minutes(30), policy);
  assert.deepEqual(await scene.statuses(zone), ['pending']);
  scene.show(zone);
  await scene.pass(minutes(30), policy);
  assert.deepEqual(await scene.statuses(zone), ['active']);
  scene.texts.clear();
  await scene.pass(days(5), policy);
  assert.deepEqual(await scene.statuses(zone), ['active'], 'the record goes from sight with the delegation');
});

test('a zone below one of another account of ours is delegated by that one’s records', async () => {
  const policy = { ...CHECK, nameServers: SERVERS };
  const above = await scene.zone(await scene.account(), 'shop.test', { type: 'full', policy });
  scene.delegations.set('shop.test', [...(above.nameServers ?? [])]);
  await scene.look(policy);
  const below = await scene.zone(await scene.account(), 'a.shop.test', { type: 'full', policy });
  scene.delegations.set('a.shop.test', [...(below.nameServers ?? [])]);
  await scene.pass(hours(1), policy);
  assert.deepEqual(
    await scene.statuses(below),
    ['pending'],
    'what our own servers answer for it shows nothing',
  );
  const own = await scene.zone(above.accountId, 'b.shop.test', { type: 'full', policy });
  await scene.look(policy);
  assert.deepEqual(await scene.statuses(own), ['active'], 'its owner has shown control of the one above');
});
