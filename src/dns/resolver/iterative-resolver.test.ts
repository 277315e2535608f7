import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { AUTHORITATIVE_ANSWER, type Packet } from 'dns-packet';
import {
  NAME,
  NS1,
  NS2,
  net,
  OTHER,
  ROOT,
  type Shop,
  startShop,
  TLD,
  tld,
  VALUE,
  withTxt,
} from '../../../test/support/dns/shop.ts';
import { authoritative, type Line, type Scripted } from '../../../test/support/dns/small-dns.ts';
import { createTxtPrecheck } from '../../validation/txt.ts';

let shop: Shop;

before(async () => {
  shop = await startShop();
});
after(() => shop.world.close());
beforeEach(() => shop.reset());

test('name servers without glue are found by the same walk', async () => {
  await shop.serveTlds({
    test: [
      ['shop.test', 'NS', 'a.host.net'],
      ['shop.test', 'NS', 'b.host.net'],
    ],
  });
  const host: Line[] = [
    ['a.host.net', 'A', NS1],
    ['b.host.net', 'A', NS2],
  ];
  await shop.world.set(NS1, authoritative({ 'host.net': host, 'shop.test': withTxt }));
  const seen = await shop.look();
  assert.equal(seen.problem, undefined);
  assert.deepEqual(
    seen.seen.map(({ server }) => server),
    [`a.host.net (${NS1})`, `b.host.net (${NS2})`],
  );
});

test('name servers that need each other are given up, not walked in circles', async () => {
  await shop.serveTlds({
    test: [['shop.test', 'NS', 'ns.twin.example']],
    example: [['twin.example', 'NS', 'ns.shop.test']],
  });
  const seen = await shop.look();
  assert.match(seen.problem ?? '', /ns\.twin\.example has an address that could not be looked up/);
  assert.ok(shop.world.asked.length < 20, `${shop.world.asked.length} questions`);
});

test('a child zone on its parent’s servers is asked at its own servers', async () => {
  const child: Line[] = [
    ['www.shop.test', 'NS', 'ns1.shop.test'],
    ['www.shop.test', 'NS', 'ns3.shop.test'],
    ...withTxt,
  ];
  const parent: Line[] = [
    ['ns1.shop.test', 'A', NS1],
    ['ns3.shop.test', 'A', OTHER],
  ];
  await shop.world.set(NS1, authoritative({ 'shop.test': parent, 'www.shop.test': child }));
  await shop.world.set(NS2, authoritative({ 'shop.test': parent }));
  await shop.world.set(OTHER, authoritative({ 'www.shop.test': child }));
  const seen = await shop.look();
  assert.equal(seen.problem, undefined);
  assert.deepEqual(
    seen.seen.map(({ server }) => server),
    [`ns1.shop.test (${NS1})`, `ns3.shop.test (${OTHER})`],
  );
});

test('a look sends at most 50 messages, whatever the servers say', async () => {
  let n = 0;
  const everNew: Scripted = ({ name, type }) => {
    n += 1;
    const soa = type === 'SOA' ? [] : [{ name, type: 'CNAME' as const, ttl: 1, data: `n${n}.shop.test` }];
    return { flags: AUTHORITATIVE_ANSWER, answers: soa };
  };
  await shop.world.set(NS1, everNew);
  await shop.world.set(NS2, everNew);
  const seen = await shop.look();
  assert.equal(shop.world.asked.length, 50);
  assert.match(seen.problem ?? '', /the look ended early/);
});

test('referrals aside, up, or to the zone itself lead nowhere', async () => {
  for (const owner of ['other.test', 'other.shop.test', 'test', 'shop.test', '']) {
    const referral: Scripted = () => ({
      authorities: [{ name: owner || '.', type: 'NS', ttl: 1, data: 'ns.other.test' }],
      additionals: [{ name: 'ns.other.test', type: 'A', ttl: 1, data: OTHER }],
    });
    await shop.world.set(NS1, referral);
    await shop.world.set(NS2, referral);
    shop.world.asked.length = 0;
    assert.match((await shop.look()).problem ?? '', /^no server of the zone shop\.test answers for it/);
    assert.ok(!shop.world.asked.some((line) => line.startsWith(OTHER)), owner);
  }
});

test('glue for a name that its sender does not answer for is not believed', async () => {
  await shop.world.set(TLD, (question, via, query) => {
    if (question.name.endsWith('shop.test')) {
      return {
        authorities: [{ name: 'shop.test', type: 'NS', ttl: 1, data: 'ns.host.net' }],
        additionals: [{ name: 'ns.host.net', type: 'A', ttl: 1, data: OTHER }],
      };
    }
    return authoritative({ net })(question, via, query);
  });
  const host: Line[] = [['ns.host.net', 'A', NS1]];
  await shop.world.set(NS1, authoritative({ 'host.net': host, 'shop.test': withTxt }));
  const seen = await shop.look();
  assert.deepEqual(
    seen.seen.map(({ server }) => server),
    [`ns.host.net (${NS1})`],
  );
  assert.ok(!shop.world.asked.some((line) => line.startsWith(OTHER)));
});

test('a dead root server costs less than a second', async () => {
  const started = performance.now();
  const seen = await shop.look({ roots: ['127.0.70.1', ROOT] });
  assert.equal(seen.isVisible, true);
  assert.ok(performance.now() - started < 1_000);
});

/** How servers refuse EDNS all along a way. */
const REFUSALS: readonly (readonly [how: string, refuse: (query: Packet) => ReturnType<Scripted>])[] = [
  ['SERVFAIL', () => ({ flags: 2 })],
  ['REFUSED', () => ({ flags: 5 })],
  ['a bare header', ({ id = 0 }) => Buffer.from([id >> 8, id & 255, 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0])],
];
for (const [how, refuse] of REFUSALS) {
  test(`servers that refuse EDNS by ${how} cost a look no time, and few messages more`, async () => {
    const zone = authoritative({ 'shop.test': withTxt });
    const old: Scripted = (question, via, query) =>
      query.additionals?.length ? refuse(query) : zone(question, via, query);
    await shop.world.set(NS1, old);
    await shop.world.set(NS2, old);
    const started = performance.now();
    const seen = await shop.look();
    assert.equal(seen.problem, undefined);
    assert.equal(seen.isVisible, true);
    assert.ok(performance.now() - started < 500);
    assert.equal(shop.world.asked.length, 10, 'one more for each server');
  });
}

test('dead servers cost the first look three seconds, those after it half a second, and other zones nothing', async () => {
  await shop.serveTlds({
    test: [...tld, ['dead.test', 'NS', 'ns.dead.test'], ['ns.dead.test', 'A', '127.0.70.1']],
  });
  const lookAt = createTxtPrecheck(shop.options());
  const look = async (txtName: string) => {
    const started = performance.now();
    const { isVisible } = await lookAt({ txtName, txtValue: VALUE }, AbortSignal.timeout(20_000));
    return { isVisible, ms: performance.now() - started };
  };
  const dead = Array.from({ length: 100 }, (_, n) => look(`_acme-challenge.n${n}.dead.test`));
  const alive = await look(NAME);
  assert.ok(alive.isVisible && alive.ms < 1_500, `${alive.ms} ms`);
  for (const { isVisible, ms } of await Promise.all(dead)) assert.ok(!isVisible && ms < 6_000, `${ms} ms`);
  const { ms } = await look('_acme-challenge.later.dead.test');
  assert.ok(ms < 700, `${ms} ms`);
});
