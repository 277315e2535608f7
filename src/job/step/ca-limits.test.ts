import assert from 'node:assert/strict';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import {
  carryAll,
  clear,
  givenPack as givenId,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../../test/support/job-deps.ts';
import { givenCertificate } from '../../../test/support/pack.ts';
import { withCa } from '../../../test/support/simulator/with-ca.ts';
import type { Ca, CaLimits } from '../../ca/ca.ts';
import { Fault } from '../../kit/fault.ts';
import { days, hours } from '../../kit/time.ts';
import { lifeWork } from '../../operation/work.ts';
import type { Pack, PackZone } from '../../pack/pack.ts';
import { take } from '../../store/ca-limits.ts';
import { getPack } from '../../store/packs.ts';
import { transaction } from '../../store/store.ts';
import { checkFailures, rememberPatience, spendFailures, spendOrder } from './ca-limits.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

async function givenPack(on: TestJobDeps, zone: PackZone, change: Partial<Pack> = {}): Promise<Pack> {
  const pack = await getPack(on.pool, zone.id, await givenId(on, zone, change));
  assert(pack);
  return pack;
}

/** A CA with these limits. */
async function given(t: TestContext, limits: CaLimits): Promise<Ca> {
  const ca = (await withCa(t, deps)).at.cas.get('lets_encrypt');
  assert(ca);
  return { ...ca, row: { ...ca.row, limits } };
}

/** What an order of that pack uses up. */
const spend = (at: TestJobDeps, pack: Pack, ca: Ca) => spendOrder(at, lifeWork(pack), ca);

const seconds = (error: unknown): number => (error instanceof Fault ? (error.retryAfter ?? 0) : 0);

test('orders of a CA are sent as its limit allows, one after the other again as time goes on', async (t) => {
  const ca = await given(t, { orders: { most: 3, within: hours(3) } });
  const pack = await givenPack(deps, await givenZone(deps, 'a.test'));
  for (let i = 0; i < 3; i++) await spend(deps, pack, ca);
  await assert.rejects(spend(deps, pack, ca), (error: unknown) => {
    assert(error instanceof Fault && error.fault === 'ca_limited');
    assert.match(
      error.message,
      /^lets_encrypt takes 3 new orders in 3 hours, .* goes on by itself at .* UTC$/,
    );
    assert.equal(seconds(error), hours(1));
    return true;
  });
  deps.clock.advance(hours(1));
  await spend(deps, pack, ca);
  await assert.rejects(spend(deps, pack, ca));
  deps.clock.advance(hours(30));
  for (let i = 0; i < 3; i++) await spend(deps, pack, ca);
  await assert.rejects(spend(deps, pack, ca));
});

test('certificates are limited by registered domain and by set of hosts, whatever pack they are of', async (t) => {
  const ca = await given(t, {
    domain: { most: 4, within: days(7) },
    duplicates: { most: 2, within: days(7) },
  });
  const zone = await givenZone(deps, 'shop.test');
  const same = await givenPack(deps, zone, { hosts: ['a.shop.test', '*.a.shop.test'] });
  const turned = await givenPack(deps, zone, { hosts: ['*.a.shop.test', 'A.shop.test'] });
  const other = await givenPack(deps, zone, { hosts: ['b.shop.test'] });
  await spend(deps, same, ca);
  await spend(deps, turned, ca);
  await assert.rejects(spend(deps, same, ca), /2 certificates for just these hosts/);
  await spend(deps, other, ca);
  await spend(deps, await givenPack(deps, zone, { hosts: ['c.shop.test'] }), ca);
  await assert.rejects(
    spend(deps, await givenPack(deps, zone, { hosts: ['d.shop.test'] }), ca),
    /4 certificates for shop\.test and names below it/,
  );
  await spend(deps, await givenPack(deps, await givenZone(deps, 'else.test'), { hosts: ['else.test'] }), ca);
});

test('what one bucket refuses is taken from no other', async (t) => {
  const ca = await given(t, {
    orders: { most: 2, within: hours(1) },
    duplicates: { most: 1, within: days(7) },
  });
  const zone = await givenZone(deps, 'a.test');
  const pack = await givenPack(deps, zone, { hosts: ['a.test'] });
  await spend(deps, pack, ca);
  for (let i = 0; i < 5; i++) await assert.rejects(spend(deps, pack, ca), /just these hosts/);
  await spend(deps, await givenPack(deps, zone, { hosts: ['b.a.test'] }), ca);
});

test('processes that ask at the same time take no more than there is', async () => {
  const bucket = { kind: 'orders', subject: '', limit: { most: 10, within: hours(1) } };
  const now = deps.clock.now();
  const tries = Array.from({ length: 40 }, () =>
    transaction(deps.pool, (tx) =>
      take(tx, 'google', [bucket, { ...bucket, kind: 'domain', subject: 'a.test' }], now),
    ),
  );
  const refused = (await Promise.all(tries)).filter((empty) => empty !== undefined);
  assert.equal(refused.length, 30);
});

test('a host that failed too often is not shown to the CA again before its time', async (t) => {
  const ca = await given(t, { failures: { most: 2, within: hours(1) } });
  await spendFailures(deps, ca, ['a.test']);
  await checkFailures(deps, ca, ['a.test', 'b.test']);
  await spendFailures(deps, ca, ['a.test']);
  await assert.rejects(
    checkFailures(deps, ca, ['b.test', 'a.test']),
    /2 failed validations of a\.test in 1 hours/,
  );
  await checkFailures(deps, ca, ['b.test']);
  deps.clock.advance(hours(0.5));
  await checkFailures(deps, ca, ['a.test']);
});

test('a CA that asks for patience is not asked for other packs of the same domain either, also without limits', async (t) => {
  const ca = await given(t, {});
  const zone = await givenZone(deps, 'shop.test');
  const pack = await givenPack(deps, zone, { hosts: ['a.shop.test'] });
  await rememberPatience(
    deps,
    lifeWork(pack),
    ca,
    new Fault('ca_refused', 'rateLimited', { retryAfter: 500 }),
  );
  const other = await givenPack(deps, zone, { hosts: ['b.shop.test'] });
  await assert.rejects(spend(deps, other, ca), (error) => seconds(error) === 500);
  await spend(deps, await givenPack(deps, await givenZone(deps, 'else.test'), { hosts: ['else.test'] }), ca);
  deps.clock.advance(501);
  await spend(deps, other, ca);
});

/** What is got for a branded pack. */
const BRANDED = { isBranded: true, brandedAs: 'sni-x.brand.example.net' } as const;

test('a branded name counts for its domain, whosever the pack: the others wait, and are told for what', async (t) => {
  const ca = await given(t, { domain: { most: 4, within: days(7) } });
  const one = await givenPack(deps, await givenZone(deps, 'one.test'), BRANDED);
  const other = await givenPack(deps, await givenZone(deps, 'other.test'), BRANDED);
  const plain = await givenPack(deps, other.zone);
  let spent = 0;
  await assert.rejects(
    async () => {
      for (; spent < 5; spent++) await spend(deps, one, ca);
    },
    (error: unknown) => {
      assert(error instanceof Fault && error.fault === 'ca_limited');
      return true;
    },
  );
  assert(spent >= 3, 'what one account leaves is little');
  await spend(deps, other, ca);
  await assert.rejects(
    spend(deps, other, ca),
    /takes 4 certificates for example\.net and names below it, one of which cloudflare_branding adds \(an order without/,
  );
  await spend(deps, plain, ca);
});

test('a renewal counts for the branding domain where its certificates had no name there before', async (t) => {
  const ca = await given(t, { domain: { most: 1, within: days(7) } });
  const zone = await givenZone(deps, 'one.test');
  const pack = await givenPack(deps, zone, BRANDED);
  const hosts = ['one.test', BRANDED.brandedAs];
  const renewed = (had: readonly string[]) => {
    const certificates = [givenCertificate({ hosts: had })];
    const work = lifeWork({ ...pack, certificates });
    return spendOrder(deps, { ...work, run: { ...work.run, kind: 'renewal' } }, ca);
  };
  for (let i = 0; i < 3; i++) await renewed(hosts);
  await renewed(['one.test']);
  await assert.rejects(renewed(['one.test']), /certificates for (?:one\.test|example\.net)/);
  await renewed(hosts);
});

/** What a CA says of a branded order that it does not take now. */
const refusedFor = (detail: string): Fault =>
  new Fault('ca_refused', `lets_encrypt refused one.test, sni-x.brand.example.net: ${detail}; wait`, {
    retryAfter: 500,
  });

test('a CA that asks for patience with one branded pack is asked for the others, unless it speaks of the domain', async (t) => {
  const ca = await given(t, {});
  const one = await givenPack(deps, await givenZone(deps, 'one.test'), BRANDED);
  const other = await givenPack(deps, await givenZone(deps, 'other.test'), BRANDED);
  await rememberPatience(deps, lifeWork(one), ca, refusedFor('too many certificates for one.test'));
  await assert.rejects(spend(deps, one, ca), { fault: 'ca_limited' });
  await spend(deps, other, ca);
  await rememberPatience(deps, lifeWork(one), ca, refusedFor('too many certificates for example.net'));
  await assert.rejects(spend(deps, other, ca), /for other\.test, example\.net/);
});

test('without limits nothing is counted', async (t) => {
  const ca = await given(t, {});
  const pack = await givenPack(deps, await givenZone(deps, 'a.test'));
  for (let i = 0; i < 50; i++) await spend(deps, pack, ca);
  assert.equal((await deps.pool.query('select from ca_limits')).rowCount, 0);
});

test('a pack whose CA would refuse by a limit waits, says until when, and goes on then; nothing is asked', async (t) => {
  const limits = { orders: { most: 1, within: days(2) } };
  const { at, ca } = await withCa(t, deps, { row: { limits } });
  const { orders } = ca.server.ledger;
  const zone = await givenZone(deps, 'a.test');
  await givenId(deps, zone);
  await carryAll(at);
  const id = await givenId(deps, zone);
  await carryAll(at);
  assert.equal(orders.size, 1);
  const waiting = await packOf(deps, id);
  assert.equal(waiting.status, 'initializing');
  assert.match(waiting.validationErrors[0] ?? '', /^a.test: lets_encrypt takes 1 new orders in 48 hours/);
  for (let day = 0; day < 2; day++) {
    deps.clock.advance(days(1) + 60);
    await carryAll(at);
  }
  assert.equal(orders.size, 2);
  assert.equal((await packOf(deps, id)).status, 'pending_validation');
});
