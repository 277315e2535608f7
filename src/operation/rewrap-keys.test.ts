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
import { keyPurpose, pagerdutyPurpose, webhookSecretPurpose, webhookSigningPurpose } from '../key/purpose.ts';
import { type Seal, sealOf } from '../kit/seal.ts';
import { getPagerdutyKey } from '../store/alert-pagerduty.ts';
import { getAlertPolicy } from '../store/alert-policies.ts';
import { getSealedWebhook } from '../store/alert-webhooks.ts';
import { OPERATOR } from '../store/audit.ts';
import { listKeyPairs } from '../store/certificates.ts';
import { countSealed } from '../store/sealed.ts';
import { createAlertPagerduty } from './create-alert-pagerduty.ts';
import { createAlertPolicy } from './create-alert-policy.ts';
import { createAlertWebhook } from './create-alert-webhook.ts';
import { giveUpAlertSecrets } from './give-up-alert-secrets.ts';
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

/** A webhook with a secret, a service of PagerDuty, and a policy that names both. */
async function givenAlerts(deps: TestJobDeps) {
  const { accountId } = await givenZone(deps, 'alerts.test');
  const terms = { name: 'hook', url: 'https://alerts.example.com/', secret: 'the secret' };
  const { id: hook } = await createAlertWebhook(deps, { accountId, terms }, OPERATOR);
  const service = { name: 'on call', integrationKey: 'k'.repeat(32) };
  const { id: onCall } = await createAlertPagerduty(deps, { accountId, terms: service }, OPERATOR);
  const mechanisms = { webhooks: [{ id: hook }], pagerduty: [{ id: onCall }] };
  const said = { name: 'policy', description: '', isEnabled: true, filters: {}, alertInterval: undefined };
  const policy = { ...said, alertType: 'universal_ssl_event_type', mechanisms };
  const { id } = await createAlertPolicy(deps, { accountId, terms: policy }, OPERATOR);
  return { accountId, hook, onCall, policy: { accountId, id } };
}

test('what is secret of alerts is wrapped anew with all else, and opens under the new key alone', async (t) => {
  const deps = await depsWith(t);
  const { accountId, hook, onCall } = await givenAlerts(deps);
  assert.equal((await countSealed(deps.pool)).get(sealOf(OLD).id), 3);
  const both = sealOf(NEW, OLD);
  assert.equal(await rewrapKeys(deps.pool, both, () => undefined), 3);
  assert.deepEqual([...(await countSealed(deps.pool)).keys()], [both.id]);
  const seal = sealOf(NEW);
  const webhook = (await getSealedWebhook(deps.pool, { accountId, id: hook })) ?? assert.fail();
  const { secret = assert.fail(), signingKey } = webhook;
  assert.equal(seal.open(secret, webhookSecretPurpose(accountId, hook)).toString(), 'the secret');
  assert.match(seal.open(signingKey, webhookSigningPurpose(accountId, hook)).toString(), /^whsec_/);
  const key = (await getPagerdutyKey(deps.pool, { accountId, id: onCall })) ?? assert.fail();
  assert.equal(seal.open(key, pagerdutyPurpose(accountId, onCall)).toString(), 'k'.repeat(32));
});

test('when the key is lost webhooks go on without their secret under new signing keys, and services of PagerDuty go', async (t) => {
  const deps = await depsWith(t);
  const { accountId, hook, policy } = await givenAlerts(deps);
  const seal = sealOf(NEW);
  assert.equal(await giveUpAlertSecrets({ ...deps, seal }, [seal.id]), 2);
  assert.deepEqual([...(await countSealed(deps.pool)).keys()], [seal.id]);
  const webhook = (await getSealedWebhook(deps.pool, { accountId, id: hook })) ?? assert.fail();
  assert.equal(webhook.secret, undefined);
  assert.match(seal.open(webhook.signingKey, webhookSigningPurpose(accountId, hook)).toString(), /^whsec_/);
  const { mechanisms } = (await getAlertPolicy(deps.pool, policy)) ?? assert.fail();
  assert.deepEqual(mechanisms, { webhooks: [{ id: hook }], pagerduty: [] });
  assert.equal(await giveUpAlertSecrets({ ...deps, seal }, [seal.id]), 0);
});
