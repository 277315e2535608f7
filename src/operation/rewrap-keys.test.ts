/** The key-encryption key is changed, or lost, while packs are served. */
import assert from 'node:assert/strict';
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import {
  allVisible,
  carryAll,
  clear,
  edgeNamed,
  givenPack,
  givenZone,
  packOf,
  shown,
  startDesk,
  type TestDesk,
} from '../../test/support/desk.ts';
import { scriptedCa } from '../../test/support/scripted-ca.ts';
import { keyPurpose } from '../key/purpose.ts';
import { type Seal, sealOf } from '../kit/seal.ts';
import { listKeyPairs } from '../store/certificates.ts';
import { countSealed } from '../store/sealed.ts';
import { abandonLost } from './recover-from-lost-key.ts';
import { rewrapAll } from './rewrap-keys.ts';

const ends = new AsyncDisposableStack();
let plain: TestDesk;
before(async () => {
  plain = await startDesk(ends);
});
beforeEach(() => clear(plain));
after(() => ends.disposeAsync());

const [OLD, NEW] = [randomBytes(32), randomBytes(32)];

/** A desk that seals with the old key, with one edge that shows what it is wished to. */
function deskWith(t: TestContext): TestDesk {
  const { pool } = plain;
  const showLeaf: TestDesk['showLeaf'] = async (_edge, { name, algorithm }) => {
    const { rows } = await pool.query<{ leaf: string }>(
      `select case $2 when 'ecdsa' then desired_ecdsa else desired_rsa end as leaf
         from deployments join served_hosts using (pack_id) where host = $1`,
      [name, algorithm],
    );
    return rows[0] && shown(rows[0].leaf);
  };
  const edges = [edgeNamed('edge-a')];
  return { ...plain, lookAtTxt: allVisible, edges, showLeaf, seal: sealOf(OLD), cas: scriptedCa(t).cas };
}

async function givenActive(desk: TestDesk, name: string): Promise<string> {
  const id = await givenPack(desk, await givenZone(desk, name));
  await carryAll(desk);
  assert.equal((await packOf(desk, id)).status, 'active');
  return id;
}

/** Fails unless both keys of the pack open with that seal, and are those of its certificates. */
async function assertOpens(desk: TestDesk, id: string, seal: Seal): Promise<void> {
  const pairs = await listKeyPairs(desk.pool, id);
  assert.equal(pairs.length, 2);
  for (const { algorithm, chain, sealedKey } of pairs) {
    const key = createPrivateKey(seal.open(sealedKey, keyPurpose(id, algorithm)));
    assert(new X509Certificate(chain).checkPrivateKey(key));
  }
}

test('everything is wrapped anew under a new key, also when that is interrupted, and the old one is of no use then', async (t) => {
  const desk = deskWith(t);
  const ids = [await givenActive(desk, 'one.test'), await givenActive(desk, 'two.test')];
  const both = sealOf(NEW, OLD);
  const stopped = rewrapAll(desk.pool, both, () => {
    throw new Error('killed');
  });
  await assert.rejects(stopped, /killed/);
  await rewrapAll(desk.pool, both, () => undefined);
  assert.deepEqual([...(await countSealed(desk.pool)).keys()], [both.id]);
  for (const id of ids) await assertOpens(desk, id, sealOf(NEW));
  await assert.rejects(assertOpens(desk, ids[0] ?? '', sealOf(OLD)), { fault: 'key_sealed_elsewhere' });
});

test('what no key opens is not wrapped, and said', async (t) => {
  const desk = deskWith(t);
  await givenActive(desk, 'one.test');
  await assert.rejects(
    rewrapAll(desk.pool, sealOf(NEW), () => undefined),
    { fault: 'key_sealed_elsewhere' },
  );
});

test('when the key is lost packs are ordered anew: those that are served stay active, those under way begin again', async (t) => {
  const desk = deskWith(t);
  const served = await givenActive(desk, 'one.test');
  const onItsWay = await givenPack(desk, await givenZone(desk, 'two.test'));
  await carryAll({ ...desk, showLeaf: async () => undefined });
  assert.equal((await packOf(desk, onItsWay)).status, 'pending_deployment');

  const seal = sealOf(NEW);
  assert.equal(await abandonLost(desk, [seal.id]), 2);
  assert.equal((await packOf(desk, served)).status, 'active');
  assert.equal((await packOf(desk, onItsWay)).status, 'initializing');
  await carryAll({ ...desk, seal });
  for (const id of [served, onItsWay]) {
    assert.equal((await packOf(desk, id)).status, 'active');
    await assertOpens(desk, id, seal);
  }
  assert.equal(await abandonLost(desk, [seal.id]), 0);
});
