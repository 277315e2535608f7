/** The address policy holds for name servers, however their addresses are told: no packet leaves for a barred one. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import {
  NAME,
  NS1,
  NS2,
  OTHER,
  type Shop,
  startShop,
  TLD,
  VALUE,
  withTxt,
} from '../../test/support/dns/shop.ts';
import { authoritative, type Line } from '../../test/support/dns/small-dns.ts';

let shop: Shop;

before(async () => {
  shop = await startShop();
});
after(() => shop.world.close());
beforeEach(async () => {
  await shop.reset();
  await shop.world.set(
    OTHER,
    authoritative({ 'shop.test': withTxt, 'host.net': [['ns.host.net', 'A', NS1]] }),
  );
});

/** Everything but OTHER may be asked. */
const allow = [TLD, NS1, NS2].map((address) => `${address}/32`);

const host = (address: string, type: 'A' | 'AAAA' = 'A'): Line[] => [
  ['host.net', 'NS', 'a.nic.test'],
  ['ns.host.net', type, address],
];

const ways: readonly (readonly [name: string, arrange: () => Promise<void>, words: RegExp])[] = [
  [
    'glue',
    () =>
      shop.serveTlds({
        test: [
          ['shop.test', 'NS', 'ns.shop.test'],
          ['ns.shop.test', 'A', OTHER],
        ],
      }),
    /^no server of the zone shop\.test answers for it: ns\.shop\.test \(127\.0\.70\.7\) was not asked, its address is refused by policy \(it is not public\); repair/,
  ],
  [
    'the address of a name server elsewhere',
    async () => {
      await shop.serveTlds({ test: [['shop.test', 'NS', 'ns.host.net']], 'host.net': host(OTHER) });
    },
    /ns\.host\.net \(127\.0\.70\.7\) was not asked/,
  ],
  [
    'an IPv4 address in an IPv6 one',
    async () => {
      const delegation: Line[] = [['shop.test', 'NS', 'ns.host.net']];
      await shop.serveTlds({ test: delegation, 'host.net': host(`::ffff:${OTHER}`, 'AAAA') });
    },
    /ns\.host\.net \(::ffff:\S+\) was not asked, its address is refused by policy/,
  ],
  [
    'the servers of the zone that holds a name server',
    () =>
      shop.serveTlds({
        test: [['shop.test', 'NS', 'ns.host.net']],
        net: [
          ['host.net', 'NS', 'b.host.net'],
          ['b.host.net', 'A', OTHER],
        ],
      }),
    /ns\.host\.net has an address that could not be looked up/,
  ],
  [
    'a child zone that its parent’s server names',
    async () => {
      const parent: Line[] = [
        ['www.shop.test', 'NS', 'ns.www.shop.test'],
        ['ns.www.shop.test', 'A', OTHER],
      ];
      await shop.everyNs(parent);
    },
    /no server of the zone www\.shop\.test answers for it: ns\.www\.shop\.test \(127\.0\.70\.7\) was not asked/,
  ],
  [
    'the zone that a CNAME leads to',
    async () => {
      await shop.everyNs([[NAME, 'CNAME', `_acme-challenge.dcv.net`]]);
    },
    /leads by CNAME to _acme-challenge\.dcv\.net, and no server of the zone dcv\.net .* was not asked/,
  ],
];

for (const [way, arrange, words] of ways) {
  test(`no packet goes to an address that is not public, told by ${way}`, async () => {
    await arrange();
    const seen = await shop.look({ allow, ipv6: true });
    assert.match(seen.problem ?? '', words);
    assert.ok(!shop.world.asked.some((line) => line.startsWith(`${OTHER} `)));
  });

  test(`the list of allowed ranges opens an address told by ${way}`, async () => {
    await arrange();
    await shop.look({ allow: [...allow, `${OTHER}/32`], ipv6: true });
    assert.ok(shop.world.asked.some((line) => line.startsWith(`${OTHER} `)));
  });
}

test('a public server beside a barred one is still asked, and its value alone is not enough', async () => {
  await shop.serveTlds({
    test: [
      ['shop.test', 'NS', 'ns1.shop.test'],
      ['ns1.shop.test', 'A', NS1],
      ['ns1.shop.test', 'A', OTHER],
    ],
  });
  const seen = await shop.look({ allow });
  assert.equal(seen.isVisible, false);
  assert.deepEqual(
    seen.seen.map(({ values }) => values),
    [[VALUE], []],
  );
});
