import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import {
  NAME,
  NS1,
  NS2,
  OURS,
  RECORD,
  ROOT,
  type Shop,
  startShop,
  TLD,
  tld,
  VALUE,
  withTxt,
} from '../../test/support/dns/shop.ts';
import { silent } from '../../test/support/dns/small-dns.ts';
import { startResponder } from '../dns/server/responder.ts';
import { newLog } from '../kit/log.ts';
import { hours } from '../kit/time.ts';
import { createTxtPrecheck } from './txt.ts';

let shop: Shop;

before(async () => {
  shop = await startShop();
});
after(() => shop.world.close());
beforeEach(() => shop.reset());

test('a record that every authoritative server has is visible', async () => {
  const seen = await shop.look();
  assert.equal(seen.problem, undefined);
  assert.equal(seen.isVisible, true);
  assert.deepEqual(
    seen.seen.map(({ server, answer, values }) => ({ server, answer, values })),
    [
      { server: `ns1.shop.test (${NS1})`, answer: 'values', values: [VALUE] },
      { server: `ns2.shop.test (${NS2})`, answer: 'values', values: [VALUE] },
    ],
  );
  assert.equal(
    shop.world.asked.length,
    8,
    'root, TLD, one server for the apex, then TXT and the parent at both, and the TLD for DS',
  );
});

test('the value counts beside other ones, and its letters are compared exactly', async () => {
  await shop.everyNs([[NAME, 'TXT', 'stale'], ...withTxt]);
  assert.equal((await shop.look()).isVisible, true);
  await shop.everyNs([[NAME, 'TXT', VALUE.toLowerCase()]]);
  assert.equal((await shop.look()).isVisible, false);
});

test('servers that do not answer are named, and a record at the others is not enough', async () => {
  await shop.world.set(NS2, silent);
  const seen = await shop.look();
  assert.equal(seen.isVisible, false);
  assert.match(
    seen.problem ?? '',
    /has the value at ns1.*, but ns2\.shop\.test \(127\.0\.70\.5\) does not answer; repair/,
  );
  assert.equal(seen.seen[1]?.answer, 'unreachable');
});

test('no packet goes to an address that the policy forbids, and the subscriber is told', async () => {
  const seen = await shop.look({ allow: [`${ROOT}/32`, `${TLD}/32`, `${NS1}/32`] });
  assert.match(
    seen.problem ?? '',
    /but ns2\.shop\.test \(127\.0\.70\.5\) was not asked, its address is refused by policy/,
  );
  assert.equal(seen.seen[1]?.server, `ns2.shop.test (${NS2}), refused by policy`);
  assert.equal(shop.world.asked.filter((line) => line.startsWith(`${NS2} `)).length, 0);
});

test('a zone with nothing but forbidden addresses gets no packet at all', async () => {
  const seen = await shop.look({ allow: [`${TLD}/32`] });
  assert.match(seen.problem ?? '', /no server of the zone shop\.test answers for it: ns1.*refused by policy/);
  assert.equal(shop.world.asked.filter((line) => /^127\.0\.70\.[45] /.test(line)).length, 0);
});

test('a CNAME is followed across zones to our own responder', async () => {
  const target = 'www.shop.test.0123456789abcdef.dcv.net';
  await shop.everyNs([[NAME, 'CNAME', target]]);
  await shop.serveTlds({
    net: [
      ['dcv.net', 'NS', 'ns.dcv.net'],
      ['ns.dcv.net', 'A', OURS],
    ],
  });
  const responder = await startResponder({
    listen: [{ host: OURS, port: shop.world.port }],
    source: {
      lookUp: async (name) =>
        name.endsWith('dcv.net')
          ? { zone: 'dcv.net', txt: name === target ? ['old', VALUE] : [], hasBelow: name !== target }
          : undefined,
    },
    nameServers: [{ name: 'ns.dcv.net', addresses: [OURS] }],
    log: newLog('silent'),
  });
  try {
    const seen = await shop.look();
    assert.equal(seen.problem, undefined);
    assert.deepEqual(seen.seen, [
      { server: `ns.dcv.net (${OURS})`, name: target, answer: 'values', values: ['old', VALUE] },
    ]);
  } finally {
    await responder.close();
  }
});

test('referrals of registries are kept for an hour, those of registrants and answers never', async () => {
  const lookAt = createTxtPrecheck(shop.options());
  const ask = async () => {
    shop.world.asked.length = 0;
    const seen = await lookAt(RECORD, AbortSignal.timeout(20_000));
    return { isVisible: seen.isVisible, servers: shop.world.asked.map((line) => line.split(' ')[0]) };
  };
  assert.deepEqual((await ask()).servers, [ROOT, TLD, NS1, NS1, NS2, NS1, NS2, TLD]);
  await shop.everyNs([]);
  assert.deepEqual(await ask(), { isVisible: false, servers: [TLD, NS1, NS1, NS2] });
  shop.clock().advance(hours(1) + 1);
  assert.deepEqual((await ask()).servers, [ROOT, TLD, NS1, NS1, NS2]);
});

test('IPv6 servers are asked only when the option says so', async () => {
  await shop.serveTlds({ test: [...tld, ['ns2.shop.test', 'AAAA', '::1']] });
  assert.equal((await shop.look()).isVisible, true);
  const seen = await shop.look({ ipv6: true, allow: ['127.0.0.0/8', '::1/128'] });
  assert.match(seen.problem ?? '', /but ns2\.shop\.test \((::1|0:0:0:0:0:0:0:1)\) does not listen/);
});

test('an aborted signal rejects with its own reason', async () => {
  await shop.world.set(NS1, silent);
  await shop.world.set(NS2, silent);
  const reason = new Error('enough');
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 200);
  await assert.rejects(createTxtPrecheck(shop.options())(RECORD, controller.signal), reason);
});

test('a name that is too long for DNS is told so, and nobody is asked', async () => {
  const txtName = `_acme-challenge.${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.shop.test`;
  const seen = await createTxtPrecheck(shop.options())(
    { txtName, txtValue: VALUE },
    AbortSignal.timeout(5_000),
  );
  assert.match(seen.problem ?? '', /is no name that DNS can hold; leave the host out of the pack$/);
  assert.equal(shop.world.asked.length, 0);
});
