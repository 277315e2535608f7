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
  startJobDeps,
  type TestJobDeps,
} from '../../test/support/job-deps.ts';
import { wishful } from '../../test/support/renewing.ts';
import { withCa } from '../../test/support/simulator/with-ca.ts';
import { keyPurpose } from '../key/purpose.ts';
import { type Seal, sealOf } from '../kit/seal.ts';
import { listKeyPairs } from '../store/certificates.ts';
import { countSealed } from '../store/sealed.ts';
import { recoverFromLostKey } from './recover-from-lost-key.ts';
import { rewrapKeys } from './rewrap-keys.ts';

const ends = new AsyncDisposableStack();
let plain: TestJobDeps;
before(async () => {
  plain = await startJobDeps(ends);
});
beforeEach(() => clear(plain));
after(() => ends.disposeAsync());

const [OLD, NEW] = [randomBytes(32), randomBytes(32)];

/** What jobs are given, sealing with the old key, with one edge that shows what it is wished to. */
async function depsWith(t: TestContext): Promise<TestJobDeps> {
  const deps = { ...plain, precheckTxt: allVisible, edges: [edgeNamed('edge-a')], seal: sealOf(OLD) };
  return (await withCa(t, { ...deps, showLeaf: wishful(plain) })).at;
}

async function givenActive(deps: TestJobDeps, name: string): Promise<string> {
  const id = await givenPack(deps, await givenZone(deps, name));
  await carryAll(deps);
  assert.equal((await packOf(deps, id)).status, 'active');
  return id;
}

/** Fails unless both keys of the pack open with that seal, and are those of its certificates. */
async function assertOpens(deps: TestJobDeps, id: string, seal: Seal): Promise<void> {
  const pairs = await listKeyPairs(deps.pool, await packOf(deps, id));
  assert.equal(pairs.length, 2);
  for (const { algorithm, chain, sealedKey } of pairs) {
    const key = createPrivateKey(seal.open(sealedKey, keyPurpose(id, algorithm)));
    assert(new X509Certificate(chain).checkPrivateKey(key));
  }
}

test('everything is wrapped anew under a new key, also when that is interrupted, and the old one is of no use then', async (t) => {
  const deps = await depsWith(t);
  const ids = [await givenActive(deps, 'one.test'), await givenActive(deps, 'two.test')];
  const both = sealOf(NEW, OLD);
  const stopped = rewrapKeys(deps.pool, both, () => {
    throw new Error('killed');
  });
  await assert.rejects(stopped, /killed/);
  await rewrapKeys(deps.pool, both, () => undefined);
  assert.deepEqual([...(await countSealed(deps.pool)).keys()], [both.id]);
  for (const id of ids) await assertOpens(deps, id, sealOf(NEW));
  await assert.rejects(assertOpens(deps, ids[0] ?? '', sealOf(OLD)), { fault: 'key_sealed_elsewhere' });
});

test('what no key opens is not wrapped, and said', async (t) => {
  const deps = await depsWith(t);
  await givenActive(deps, 'one.test');
  await assert.rejects(
    rewrapKeys(deps.pool, sealOf(NEW), () => undefined),
    { fault: 'key_sealed_elsewhere' },
  );
});

test('when the key is lost packs are ordered anew: those that are served stay active, those under way begin again', async (t) => {
  const deps = await depsWith(t);
  const served = await givenActive(deps, 'one.test');
  const onItsWay = await givenPack(deps, await givenZone(deps, 'two.test'));
  await carryAll({ ...deps, showLeaf: async () => undefined });
  assert.equal((await packOf(deps, onItsWay)).status, 'pending_deployment');

  const seal = sealOf(NEW);
  assert.equal(await recoverFromLostKey(deps, [seal.id]), 2);
  assert.equal((await packOf(deps, served)).status, 'active');
  assert.equal((await packOf(deps, onItsWay)).status, 'initializing');
  await carryAll({ ...deps, seal });
  for (const id of [served, onItsWay]) {
    assert.equal((await packOf(deps, id)).status, 'active');
    await assertOpens(deps, id, seal);
  }
  assert.equal(await recoverFromLostKey(deps, [seal.id]), 0);
});
