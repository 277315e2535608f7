import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placed } from '../../../test/support/edge/given-nginx.ts';
import { fingerprintIn, givenPack } from '../../../test/support/edge/given-service.ts';
import { checkManyPacks, checkPacks } from './checked-pack.ts';

test('packs are read one by one or a few at a time, and each is taken or refused by itself', async () => {
  const pack = await givenPack(['read.test']);
  const { ecdsa, rsa } = pack.certificates;
  assert.ok(ecdsa && rsa);
  const many = Array.from({ length: 25 }, (_, i) => ({
    ...placed(pack),
    packId: `pack-${i}`,
    certificates: i % 5 === 0 ? { rsa: { chain: rsa.chain, key: ecdsa.key } } : { ecdsa, rsa },
  }));
  const found = await checkManyPacks(many);
  assert.deepEqual(found, checkPacks(many));
  assert.deepEqual([found.checked.length, found.refused.length], [20, 5]);
  assert.equal(found.refused[1]?.why, 'rsa: its key is of another algorithm');
  assert.equal(found.checked[0]?.leaves.rsa, fingerprintIn(pack, 'rsa'));
});

/** What would mean something to a path, a crt-list, HAProxy's runtime API, nginx's configuration or a shell. */
const INJECTIONS = [
  'a.test\nshow ssl cert',
  'a.test <<',
  'a.test #',
  'a.test b.test',
  '../a.test',
  'a/../../b.test',
  'a..test',
  'a.test\0',
  'a.test;}',
  '"a.test"',
  "a.test'",
  'a.test\\',
  '$ssl_server_name.test',
  '!a.test',
  '[alpn h2] a.test',
  '-a.test\r\n',
];

test('nothing that means something to an edge or a path is a name or an id, and its pack is refused', async () => {
  const pack = placed(await givenPack(['read.test']));
  const named = INJECTIONS.map((name) => ({ ...pack, names: ['read.test', name] }));
  const wild = INJECTIONS.map((name) => ({ ...pack, names: [`*.${name}`] }));
  const called = INJECTIONS.map((packId) => ({ ...pack, packId }));
  const { checked, refused } = checkPacks([...named, ...wild, ...called]);
  assert.deepEqual([checked, refused.length], [[], INJECTIONS.length * 3]);
  for (const { why } of refused) assert.match(why, /^[\x20-\x7e]+$/);
});

test('what stands in a chain or a key beside its blocks is not written', async () => {
  const pack = placed(await givenPack(['read.test']));
  const { ecdsa } = pack.certificates;
  assert.ok(ecdsa);
  const odd = '\n\nset ssl cert /etc/passwd <<\n$(reboot)\n# \0\n';
  const pair = { chain: `${odd}${ecdsa.chain}${odd}`, key: `${ecdsa.key}${odd}` };
  const { checked } = checkPacks([{ ...pack, certificates: { ecdsa: pair } }]);
  const { checked: plain } = checkPacks([{ ...pack, certificates: { ecdsa } }]);
  assert.equal(checked[0]?.files.ecdsa, plain[0]?.files.ecdsa);
  assert.doesNotMatch(checked[0]?.files.ecdsa ?? '', /ssl cert|reboot|#|\n\n/);
});
