import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { AUTHORITATIVE_ANSWER } from 'dns-packet';
import { NAME, NS1, NS2, type Shop, startShop, VALUE } from '../../test/support/dns/shop.ts';
import {
  authoritative,
  type Line,
  refusing,
  type Scripted,
  upward,
} from '../../test/support/dns/small-dns.ts';

let shop: Shop;

before(async () => {
  shop = await startShop();
});
after(() => shop.world.close());
beforeEach(() => shop.reset());

/** A TXT and a CNAME at whatever is asked for. */
const both: Scripted = (question) => ({
  flags: AUTHORITATIVE_ANSWER,
  answers: [
    { name: question.name, type: 'CNAME', ttl: 1, data: 'val.shop.test' },
    { name: question.name, type: 'TXT', ttl: 1, data: [VALUE] },
  ],
});

const problems: [string, () => Promise<void>, RegExp][] = [
  [
    'a missing name is to be created',
    () => shop.everyNs([]),
    new RegExp(
      `^the name ${NAME} does not exist at ns1\\.shop\\.test .*; create TXT ${NAME} with value "${VALUE}"$`,
    ),
  ],
  [
    'a name with other records lacks a TXT',
    () => shop.everyNs([[NAME, 'A', '192.0.2.1']]),
    new RegExp(`^${NAME} has no TXT record at .*; create TXT`),
  ],
  [
    'other values are listed, made printable, and the missing one is named',
    () => shop.everyNs(['a', 'b', 'c', 'd', 'e'].map((n): Line => [NAME, 'TXT', `${n}\u001b[31m"`])),
    new RegExp(
      `has other values at .*: "a\\\\027\\[31m\\\\034".* and 2 more; add the missing value "${VALUE}"`,
    ),
  ],
  [
    'a server that lags is named',
    () => shop.world.set(NS2, authoritative({ 'shop.test': [] })),
    /has the value at ns1\.shop\.test .*, but not yet at ns2\.shop\.test \(127\.0\.70\.5\); wait until the zone/,
  ],
  [
    'one server that refuses is named',
    () => shop.world.set(NS2, refusing),
    /has the value at ns1\S* \S*, but ns2\.shop\.test \(127\.0\.70\.5\) refuses to answer; repair that, or take/,
  ],
  [
    'a lame delegation is told by its servers',
    async () => {
      await shop.world.set(NS1, refusing);
      await shop.world.set(NS2, upward);
    },
    /^no server of the zone shop\.test answers for it: ns1\.shop\.test \(.*\) refuses to answer, ns2\.shop\.test .*repair/,
  ],
  [
    'servers that know the zone and fail at the record are named',
    async () => {
      const zone = authoritative({ 'shop.test': [] });
      const failing: Scripted = (question, via, query) =>
        question.type === 'TXT' ? { flags: 2 } : zone(question, via, query);
      await shop.world.set(NS1, failing);
      await shop.world.set(NS2, failing);
    },
    /^at \S+, none of its name servers answers for it: ns1\.shop\.test \(127\.0\.70\.4\) fails with SERVFAIL, ns2.*; repair/,
  ],
  [
    'a CNAME to a name without the record names the target',
    () => shop.everyNs([[NAME, 'CNAME', 'val.shop.test']]),
    new RegExp(`^${NAME} leads by CNAME to val\\.shop\\.test, and the name val\\.shop\\.test does not exist`),
  ],
  [
    'a CNAME into our delegation zone makes it our move',
    () => shop.everyNs([[NAME, 'CNAME', 'www.shop.test.0123456789abcdef.dcv.net']]),
    /leads by CNAME to www\.shop\.test\.0123456789abcdef\.dcv\.net, and .*; this is ours to put right/,
  ],
  [
    'an unregistered domain is told by its parent',
    () => shop.serveTlds({ test: [] }),
    /^shop\.test does not exist in its parent, the zone test \(asked a\.nic\.test \(127\.0\.70\.3\)\); register/,
  ],
  [
    'CNAMEs in a circle are shown',
    () =>
      shop.everyNs([
        [NAME, 'CNAME', 'b.shop.test'],
        ['b.shop.test', 'CNAME', 'c.shop.test'],
        ['c.shop.test', 'CNAME', 'b.shop.test'],
      ]),
    new RegExp(
      `in a circle \\(${NAME} → b\\.shop\\.test → c\\.shop\\.test → b\\.shop\\.test\\); correct one`,
    ),
  ],
  [
    'a chain of CNAMEs ends after eight',
    () =>
      shop.everyNs([
        [NAME, 'CNAME', 'n1.shop.test'],
        ...Array.from(
          { length: 12 },
          (_, n): Line => [`n${n + 1}.shop.test`, 'CNAME', `n${n + 2}.shop.test`],
        ),
      ]),
    /^more than 8 CNAMEs follow one another from \S+; let the first lead to the last name$/,
  ],
  [
    'a CNAME to no host name is not followed',
    () => shop.everyNs([[NAME, 'CNAME', 'a b\u0007.shop.test']]),
    /leads to "a b\\007\.shop\.test", which is no host name/,
  ],
  [
    'TXT beside a CNAME is told, even with the value',
    async () => {
      const zone = authoritative({ 'shop.test': [['val.shop.test', 'TXT', VALUE]] });
      const mixed: Scripted = (question, via, query) =>
        (question.name === NAME && question.type === 'TXT' ? both : zone)(question, via, query);
      await shop.world.set(NS1, mixed);
      await shop.world.set(NS2, mixed);
    },
    new RegExp(
      `^${NAME} has TXT "${VALUE}" beside a CNAME to val\\.shop\\.test at ns1\\S+ \\S+ ns2\\S+ \\S+, which DNS forbids; remove`,
    ),
  ],
  [
    'name servers without addresses are named',
    () => shop.serveTlds({ test: [['shop.test', 'NS', 'gone.test']] }),
    /^the delegation of the zone shop\.test names gone\.test, and none of them has an address to ask/,
  ],
];

for (const [name, arrange, words] of problems) {
  test(`not visible: ${name}`, async () => {
    await arrange();
    const seen = await shop.look();
    assert.equal(seen.isVisible, false);
    assert.match(seen.problem ?? '', words);
  });
}
