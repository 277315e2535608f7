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
