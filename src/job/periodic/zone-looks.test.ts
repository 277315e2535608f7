import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
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
import type { Seen } from '../../dns/dns.ts';
import { days, hours, minutes } from '../../kit/time.ts';
import { changeZone } from '../../operation/change-zone.ts';
import { createZone } from '../../operation/create-zone.ts';
import { deactivateZone } from '../../operation/deactivate-zone.ts';
import { deleteZone } from '../../operation/delete-zone.ts';
import { NO_QUOTAS } from '../../operation/quotas.ts';
import type { ZoneType } from '../../pack/pack.ts';
import type { ZonePolicy } from '../../pack/zone-life.ts';
import { createAccount } from '../../store/accounts.ts';
import { OPERATOR } from '../../store/audit.ts';
import { wantLook } from '../../store/zone-life.ts';
import type { Zone } from '../../store/zone-row.ts';
import { getZone } from '../../store/zones.ts';
import { lookAtZones } from './zone-looks.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
/** What the world's DNS has: keys of TXT records by name, and delegations. */
let texts: Map<string, string[]>;
let delegations: Map<string, string[]>;
/** Names of which nobody can tell anything. */
let silent: Set<string>;
before(async () => {
  deps = await startJobDeps(ends);
});
beforeEach(async () => {
  await clear(deps);
  await deps.pool.query('truncate name_servers_used');
  [texts, delegations, silent] = [new Map(), new Map(), new Set()];
});
after(() => ends.disposeAsync());

const { signal } = new AbortController();
const CHECK: ZonePolicy = { activation: 'check', nameServers: [], perZone: 2 };
const SERVERS = ['ns1.x.test', 'ns2.x.test', 'ns3.x.test', 'ns4.x.test'];

const at = (zonePolicy: ZonePolicy = CHECK, other: Partial<TestJobDeps> = {}): TestJobDeps => ({
  ...deps,
  zonePolicy,
  precheckTxt: async ({ txtName, txtValue }) => {
    const values = texts.get(txtName) ?? [];
    const answer: Seen['answer'] = silent.has(txtName) ? 'unreachable' : 'values';
    const isVisible = answer === 'values' && values.includes(txtValue);
    return { txtName, txtValue, isVisible, seen: [{ server: 's', name: txtName, answer, values }] };
  },
  lookAtDelegation: async (zone, wanted) => {
    const nameServers = delegations.get(zone) ?? [];
    if (silent.has(zone)) return { nameServers: [], outcome: 'unknown' };
    const isExact = nameServers.toSorted().join() === wanted.toSorted().join();
    return { nameServers, outcome: isExact && wanted.length > 0 ? 'exact' : 'other' };
  },
  ...other,
});

async function account(): Promise<string> {
  return (await createAccount(deps.pool, `a${Math.random()}`, deps.clock.now())).id;
}

async function given(
  accountId: string,
  name: string,
  type: ZoneType = 'partial',
  policy: ZonePolicy = CHECK,
): Promise<Zone> {
  const by = { ...at(policy), quotas: NO_QUOTAS };
  const id = await createZone(by, { accountId, name, type }, OPERATOR);
  return now({ id, accountId });
}

/** The zone as it is now. */
async function now({ id, accountId }: Pick<Zone, 'id' | 'accountId'>): Promise<Zone> {
  return (await getZone(deps.pool, accountId, id)) ?? assert.fail('the zone is there');
}
const statusOf = async (zone: Zone) => (await now(zone)).status;
const show = (...zones: readonly Zone[]) =>
  texts.set(
    `cloudflare-verify.${zones[0]?.name}`,
    zones.map(({ verificationKey }) => verificationKey),
  );
const look = (policy: ZonePolicy = CHECK) => lookAtZones(at(policy), () => undefined, signal);
/** Lets time pass, and looks whenever something is due. */
async function pass(seconds: number, policy: ZonePolicy = CHECK): Promise<void> {
  const step = Math.min(seconds, minutes(10));
  for (let passed = 0; passed < seconds; passed += step) {
    deps.clock.advance(step);
    await look(policy);
  }
}

test('a partial zone is initializing, then pending, and active once its TXT record was seen', async () => {
  const zone = await given(await account(), 'shop.test');
  assert.deepEqual([zone.status, zone.hasName, zone.activatedOn], ['initializing', false, undefined]);
  await look();
  assert.equal(await statusOf(zone), 'pending');
  texts.set('cloudflare-verify.shop.test', ['another key']);
  await pass(minutes(10));
  assert.equal(await statusOf(zone), 'pending');
  show(zone);
  await pass(minutes(10));
  const active = await now(zone);
  assert.deepEqual([active.status, active.hasName], ['active', true]);
  assert(active.activatedOn && active.activatedOn > active.createdOn);
});

test('of accounts that claim a name who shows control first has it, also where they are looked at at once', async () => {
  const zones = await Promise.all(
    Array.from({ length: 6 }, async (_, i) =>
      given(await account(), 'shop.test', i % 2 ? 'partial' : 'full'),
    ),
  );
  show(...zones);
  await Promise.all([look(), look(), look()]);
  await pass(minutes(30));
  const statuses = await Promise.all(zones.map(statusOf));
  assert.equal(statuses.filter((status) => status === 'active').length, 1, statuses.join());
  assert.deepEqual(new Set(statuses), new Set(['active', 'pending']));
  const { rows } = await deps.pool.query('select from zone_names where is_holder');
  assert.equal(rows.length, 1);
});

test('another takes a name over once it alone has shown control for an hour, and what was there stays where it is', async () => {
  const first = await given(await account(), 'shop.test');
  show(first);
  await look();
  const second = await given(await account(), 'shop.test');
  show(first, second);
  await pass(days(2));
  assert.deepEqual([await statusOf(first), await statusOf(second)], ['active', 'pending'], 'both show it');
  show(second);
  await pass(minutes(50));
  assert.equal(await statusOf(first), 'active', 'not yet');
  await pass(hours(1));
  assert.deepEqual([await statusOf(first), await statusOf(second)], ['moved', 'active']);
  assert.deepEqual([(await now(first)).hasName, (await now(second)).hasName], [false, true]);
  show(first, second);
  await pass(days(1));
  assert.deepEqual([await statusOf(first), await statusOf(second)], ['moved', 'active'], 'it has it now');
});

test('who cannot be told to have lost control is not taken for it, and a rest ends a challenge', async () => {
  const first = await given(await account(), 'shop.test');
  show(first);
  await look();
  silent.add('cloudflare-verify.shop.test');
  await pass(days(13));
  assert.equal(await statusOf(first), 'active');
  silent.clear();
  await pass(days(1));
  assert.equal(await statusOf(first), 'active');
  texts.clear();
  await pass(days(3));
  assert.equal(await statusOf(first), 'active', 'looks fail for less than three days');
  await pass(days(1) + hours(2));
  assert.equal(await statusOf(first), 'moved');
  show(first);
  await pass(hours(5));
  assert.equal(await statusOf(first), 'active', 'it comes back by itself');
});

test('a zone that is active on trust stays so, unless another account shows control of its name', async () => {
  const trust: ZonePolicy = { ...CHECK, activation: 'trust' };
  const old = await given(await account(), 'shop.test', 'partial', trust);
  assert.equal(old.status, 'active');
  await pass(days(20));
  await wantLook(deps.pool, old.id, deps.clock.now());
  await pass(days(5));
  assert.equal(await statusOf(old), 'active');
  const owner = await given(await account(), 'shop.test');
  await pass(days(2));
  assert.equal(await statusOf(owner), 'pending');
  show(owner);
  await pass(days(1));
  assert.deepEqual([await statusOf(old), await statusOf(owner)], ['moved', 'active']);
});

test('where accounts are trusted, what was claimed before becomes active, if nobody has it', async () => {
  const one = await given(await account(), 'shop.test');
  const other = await given(await account(), 'shop.test');
  await look({ ...CHECK, activation: 'trust' });
  const statuses = [await statusOf(one), await statusOf(other)].toSorted();
  assert.deepEqual(statuses, ['active', 'initializing']);
});

test('zones of one name have different name servers, the same ones for an account each time', async () => {
  const policy = { ...CHECK, nameServers: SERVERS };
  const [a, b] = [await account(), await account()];
  const one = await given(a, 'shop.test', 'full', policy);
  const other = await given(b, 'shop.test', 'full', policy);
  assert.equal(one.nameServers?.length, 2);
  assert.notDeepEqual(one.nameServers, other.nameServers);
  delegations.set('shop.test', [...(other.nameServers ?? [])]);
  await look(policy);
  assert.deepEqual([await statusOf(one), await statusOf(other)], ['pending', 'active']);
  assert.deepEqual((await now(one)).originalNameServers, other.nameServers?.toSorted());
  await deleteZone(deps, other, OPERATOR);
  for (let i = 0; i < 4; i++) {
    const next = await given(await account(), 'shop.test', 'full', policy);
    assert.notDeepEqual(next.nameServers, other.nameServers, 'the delegation is still there');
  }
  const again = await given(b, 'shop.test', 'full', policy);
  assert.deepEqual([again.nameServers, again.wantsText], [other.nameServers, false]);
  await look(policy);
  assert.equal(await statusOf(again), 'active', 'who gave it up by mistake has it back');
});

test('with fixed name servers a zone shows its TXT record too, before it is delegated', async () => {
  const policy = { ...CHECK, nameServers: SERVERS.slice(0, 2) };
  const zone = await given(await account(), 'shop.test', 'full', policy);
  delegations.set('shop.test', SERVERS.slice(0, 2));
  await pass(minutes(30), policy);
  assert.equal(await statusOf(zone), 'pending');
  show(zone);
  await pass(minutes(30), policy);
  assert.equal(await statusOf(zone), 'active');
  texts.clear();
  await pass(days(5), policy);
  assert.equal(await statusOf(zone), 'active', 'the record goes from sight with the delegation');
});

test('a zone below one of another account of ours is delegated by that one’s records', async () => {
  const policy = { ...CHECK, nameServers: SERVERS };
  const above = await given(await account(), 'shop.test', 'full', policy);
  delegations.set('shop.test', [...(above.nameServers ?? [])]);
  await look(policy);
  const below = await given(await account(), 'a.shop.test', 'full', policy);
  delegations.set('a.shop.test', [...(below.nameServers ?? [])]);
  await pass(hours(1), policy);
  assert.equal(await statusOf(below), 'pending', 'what our own servers answer for it shows nothing');
  const own = await given(above.accountId, 'b.shop.test', 'full', policy);
  await look(policy);
  assert.equal(await statusOf(own), 'active', 'its owner has shown control of the one above');
});

/** A zone that is active, with a CA and an edge; how its pack goes on. */
async function givenOrder(t: Parameters<typeof withCa>[0]) {
  const { at: on } = await withCa(t, {
    ...deps,
    precheckTxt: allVisible,
    edges: [edgeNamed('one')],
    showLeaf: truthful(deps),
    zonePolicy: CHECK,
  });
  const zone = await given(await account(), 'one.test');
  show(zone);
  await look();
  return { on, zone, carry: () => carryAll(on) };
}

test('an order under way when its zone is paused is held when it is issued, and goes on by itself', async (t) => {
  const { on, zone, carry } = await givenOrder(t);
  const id = await givenPack(deps, await now(zone));
  await changeZone(on, zone, { isPaused: true }, OPERATOR);
  await carry();
  const held = await packOf(deps, id);
  assert.equal(held.status, 'holding_deployment');
  assert.match(held.validationErrors[0] ?? '', /^the zone one\.test is paused: what was issued comes/);
  await changeZone(on, zone, { isPaused: false }, OPERATOR);
  await carry();
  const served = await packOf(deps, id);
  assert.deepEqual([served.status, served.validationErrors], ['active', []]);
});

test('what is served of a zone that is moved or paused stays served; a renewal waits until it is active again', async (t) => {
  const { on, zone, carry } = await givenOrder(t);
  const id = await givenPack(deps, await now(zone));
  await carry();
  assert.equal((await packOf(deps, id)).status, 'active');
  await deactivateZone(on, zone.id, { isDeactivated: true, by: OPERATOR });
  assert.equal(await statusOf(zone), 'moved');
  deps.clock.advance(days(62));
  await carry();
  const { status, renewal } = await packOf(deps, id);
  assert.deepEqual([status, renewal?.run], ['active', undefined]);
  await deactivateZone(on, zone.id, { isDeactivated: false, by: OPERATOR });
  await look();
  assert.equal(await statusOf(zone), 'active');
  await changeZone(on, zone, { isPaused: true }, OPERATOR);
  deps.clock.advance(hours(1));
  await carry();
  const renewed = await packOf(deps, id);
  assert.equal(renewed.status, 'active');
  assert.equal(renewed.renewal?.run?.certificates.length, 2, 'the edges are given new certificates');
});

test('a zone whose name went to another gets no certificate any more', async (t) => {
  const { zone, carry } = await givenOrder(t);
  const owner = await given(await account(), 'one.test');
  show(owner);
  await pass(hours(3));
  assert.equal(await statusOf(owner), 'active');
  const id = await givenPack(deps, await now(zone));
  await carry();
  const lost = await packOf(deps, id);
  assert.match(lost.validationErrors[0] ?? '', /the zone one\.test has lost its name/);
  assert.deepEqual(lost.certificates, []);
});
