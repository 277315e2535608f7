/** What is said where CAA records cannot be told, at the host or above it: in time for the order that waits. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { NS1, NS2, OTHER, type Shop, startShop } from '../../test/support/dns/shop.ts';
import { authoritative, type Line, type Scripted } from '../../test/support/dns/small-dns.ts';
import { createCaaPrecheck } from './caa.ts';

let shop: Shop;
before(async () => {
  shop = await startShop();
});
after(() => shop.world.close());
beforeEach(() => shop.reset());

const look = (...hosts: string[]) =>
  createCaaPrecheck(shop.options())(
    { hosts, identities: ['ca.test'], method: 'dns-01' },
    // As long as an order waits for it.
    AbortSignal.timeout(4_000),
  );

const FAILURES: readonly (readonly [how: string, fail: ReturnType<Scripted>, words: string])[] = [
  ['do not answer', undefined, 'does not answer'],
  ['fail', { flags: 2 }, 'fails with SERVFAIL'],
  ['refuse', { flags: 5 }, 'refuses to answer'],
  ['do not know the type', { flags: 4 }, 'fails with NOTIMP'],
  ['answer without authority', {}, 'answers without authority for the zone'],
];

const own: Line[] = [
  ['sub.shop.test', 'NS', 'ns.host.net'],
  ['www.shop.test', 'A', '192.0.2.1'],
];

for (const [how, fail, words] of FAILURES) {
  test(`a host whose parent's servers ${how} when they are asked for CAA is told so, with the server and what to do`, async () => {
    const zone = authoritative({ 'shop.test': own, 'host.net': [['ns.host.net', 'A', OTHER]] });
    const failing: Scripted = (question, via, query) =>
      question.type === 'CAA' && question.name === 'shop.test' ? fail : zone(question, via, query);
    await shop.world.set(NS1, failing);
    await shop.world.set(NS2, failing);
    await shop.world.set(OTHER, authoritative({ 'sub.shop.test': [] }));
    const started = performance.now();
    const { refusal, doubts } = await look('a.sub.shop.test', 'www.shop.test');
    assert.equal(refusal, undefined);
    assert.equal(doubts.length, 1);
    const [one, other] = [1, 2].map((n) => `ns${n}\\.shop\\.test \\(127\\.0\\.70\\.${n + 3}\\) ${words}`);
    assert.match(
      doubts[0] ?? '',
      new RegExp(
        `^a\\.sub\\.shop\\.test, www\\.shop\\.test: CAA shop\\.test cannot be told: (?=.*${one})(?=.*${other}).*; repair these servers, or the CA may refuse to issue`,
      ),
    );
    assert.ok(performance.now() - started < 3_900);
  });
}

test('what was found by the end of the time is told, and the rest as doubt', async () => {
  const zone = authoritative({ 'shop.test': own });
  // Each answer comes late, so that the way up takes longer than there is time.
  const slow: Scripted = (question, via, query) =>
    question.type === 'CAA' ? undefined : zone(question, via, query);
  await shop.world.set(NS1, slow);
  await shop.world.set(NS2, slow);
  const hosts = Array.from({ length: 20 }, (_, n) => `h${n}.shop.test`);
  const { refusal, doubts } = await look(...hosts);
  assert.equal(refusal, undefined);
  assert.ok(doubts.length > 0);
  for (const doubt of doubts)
    assert.match(doubt, /ns1\.shop\.test \(127\.0\.70\.4\) does not answer|ended early/);
});

test('a hundred hosts of a zone that answers slowly are looked at in time', async () => {
  const zone = authoritative({ 'shop.test': own });
  await shop.world.set(NS1, zone);
  await shop.world.set(NS2, zone);
  const hosts = Array.from({ length: 100 }, (_, n) => `h${n}.shop.test`);
  assert.deepEqual(await look(...hosts), { doubts: [] });
});
