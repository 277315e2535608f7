/** The key-encryption key is lost while packs are anywhere on their way: what comes of each opens with the new one. */
import assert from 'node:assert/strict';
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import {
  allVisible,
  carryAll,
  clear,
  edgeNamed,
  givenCertificates,
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../test/support/job-deps.ts';
import { givenActive, pass, wishful } from '../../test/support/renewing.ts';
import { withCa } from '../../test/support/simulator/with-ca.ts';
import { keyPurpose } from '../key/purpose.ts';
import { VirtualClock } from '../kit/clock.ts';
import { sealOf } from '../kit/seal.ts';
import { days } from '../kit/time.ts';
import { PACK_STATUSES } from '../pack/pack.ts';
import { getCaAccount, putCaAccount } from '../store/ca-accounts.ts';
import { listKeyPairs } from '../store/certificates.ts';
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
const seal = sealOf(NEW);

/** What jobs are given, sealing with the old key, with one edge that shows what it is wished to. */
async function given(t: TestContext): Promise<TestJobDeps> {
  const own = { ...plain, clock: new VirtualClock(), seal: sealOf(OLD) };
  const deps = { ...own, precheckTxt: allVisible, edges: [edgeNamed('edge-a')], showLeaf: wishful(own) };
  return (await withCa(t, deps)).at;
}

const recover = (deps: TestJobDeps) => recoverFromLostKey(deps, [seal.id]);

/** Fails unless the pack is served with certificates whose keys open with the new key. */
async function assertServed(deps: TestJobDeps, id: string): Promise<void> {
  const pack = await packOf(deps, id);
  assert.equal(pack.status, 'active', pack.validationErrors.join());
  assert.equal(pack.renewal?.run, undefined);
  const pairs = await listKeyPairs(deps.pool, pack);
  assert.equal(pairs.length, 2);
  for (const { algorithm, chain, sealedKey } of pairs) {
    const leaf = new X509Certificate(chain);
    assert(leaf.checkPrivateKey(createPrivateKey(seal.open(sealedKey, keyPurpose(id, algorithm)))));
    const told = pack.certificates.find((one) => one.algorithm === algorithm);
    assert.equal(told?.fingerprint, leaf.fingerprint256.replaceAll(':', '').toLowerCase());
  }
}

/** A served pack whose present keys the new key opens, and whose renewal waits for edges with keys of the old one. */
async function givenRenewing(deps: TestJobDeps): Promise<string> {
  const id = await givenActive(deps);
  await rewrapKeys(deps.pool, sealOf(NEW, OLD), () => undefined);
  await pass({ ...deps, showLeaf: async () => undefined }, days(70));
  assert.equal((await packOf(deps, id)).renewal?.run?.status, 'pending_deployment');
  return id;
}

test('a renewal whose certificates cannot be opened begins anew, though the present ones can', async (t) => {
  const deps = await given(t);
  const id = await givenRenewing(deps);
  assert.equal(await recover(deps), 1);
  await carryAll({ ...deps, seal });
  await assertServed(deps, id);
  assert.equal(await recover(deps), 0);
});

test('a renewal that goes on with keys of the new key is not begun a second time', async (t) => {
  const deps = await given(t);
  const id = await givenActive(deps);
  assert.equal(await recover(deps), 1);
  const slow = { ...deps, seal, showLeaf: async () => undefined };
  await carryAll(slow);
  const { renewal } = await packOf(deps, id);
  assert.equal(renewal?.run?.status, 'pending_deployment');
  assert.equal(await recover(deps), 0);
  assert.deepEqual((await packOf(deps, id)).renewal, renewal);
});

/** Served until they are renewed, on their way off the edges, or at their end. */
const KEPT: readonly string[] = [
  'active',
  'staging_active',
  'pending_expiration',
  'deactivating',
  'expired',
  'pending_deletion',
  'deletion_timed_out',
  'pending_cleanup',
  'deleted',
];

for (const status of PACK_STATUSES) {
  test(`a pack in ${status} ${KEPT.includes(status) ? 'keeps certificates whose keys are lost, for as long as they are shown' : 'gives up certificates whose keys are lost'}`, async (t) => {
    const deps = await given(t);
    const id = await givenPack(deps, await givenZone(deps, 'one.test'), { status });
    await givenCertificates(deps, id, ['ecdsa']);
    await recover(deps);
    const pack = await packOf(deps, id);
    const isKept = pack.certificates.length > 0;
    assert.equal(isKept, KEPT.includes(status), status);
  });
}

test('what was ordered by an account that is lost is ordered again, with records of the new account', async (t) => {
  const deps = { ...(await given(t)), precheckTxt: plain.precheckTxt };
  const place = { ca: 'lets_encrypt', directoryUrl: 'https://ca.test/directory' };
  await putCaAccount(deps.pool, place, { url: 'https://ca.test/1', sealedKey: Buffer.alloc(40) }, new Date());
  const id = await givenPack(deps, await givenZone(deps, 'one.test', 'partial'));
  await carryAll(deps);
  const { validationRecords: old } = await packOf(deps, id);
  assert.equal(old.length, 1);
  assert.equal(await recover(deps), 1);
  assert.deepEqual((await packOf(deps, id)).validationRecords, []);
  assert.equal(await getCaAccount(deps.pool, place), undefined);
  await carryAll(deps);
  const { validationRecords, status } = await packOf(deps, id);
  assert.deepEqual([status, validationRecords.length], ['pending_validation', 1]);
  assert.notDeepEqual(validationRecords, old);
});
