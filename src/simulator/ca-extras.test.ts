/** The simulated CAs beyond the way to a certificate: revocation, another key, renewal information, profiles. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { givenWorld } from '../../test/support/simulator/world.ts';
import { type Account, dnsTxtValue, newAccountKey } from '../acme/account.ts';
import { REVOCATION_REASONS } from '../acme/acme.ts';
import { AcmeClient, type NewOrder } from '../acme/client.ts';
import { problemOf } from '../acme/problem.ts';
import { renewalIdOf } from '../acme/renewal-id.ts';
import { createCsr } from '../ca/csr.ts';
import { KeyPool } from '../key/key-pool.ts';
import { days, hours } from '../kit/time.ts';
import type { World } from './world.ts';

const signal = AbortSignal.timeout(60_000);
const keys = new KeyPool({ size: 0, atOnce: 1 });

/** A client of ours with an account at the simulated Let's Encrypt. */
async function given(world: World) {
  const { directory, rootPem } = world.ready.cas.lets_encrypt;
  const client = new AcmeClient({ directoryUrl: directory, tlsRoots: rootPem });
  const newAccount = async (): Promise<Account> => {
    const key = newAccountKey();
    return { key, url: await client.newAccount(key, { contact: [], hasAgreedToTerms: true }, signal) };
  };
  return { client, newAccount, account: await newAccount() };
}

type Given = Awaited<ReturnType<typeof given>>;

async function issue(
  world: World,
  { client, account }: Pick<Given, 'client' | 'account'>,
  ask: Partial<NewOrder> = {},
) {
  const names = ['shop.test'];
  const order = await client.newOrder(account, { names, ...ask }, signal);
  for (const url of order.authorizations) {
    const { challenges, status } = await client.authorization(account, url, signal);
    const challenge = challenges.find(({ type }) => type === 'dns-01');
    if (status === 'valid' || !challenge) continue;
    await fetch(`${world.ready.control}/dns/records`, {
      method: 'PUT',
      body: JSON.stringify({
        name: '_acme-challenge.shop.test',
        type: 'TXT',
        values: [dnsTxtValue(challenge.token, account.key)],
      }),
    });
    await client.answer(account, challenge.url, signal);
  }
  const reach = async (status: string) => {
    for (;;) {
      const now = await client.order(account, order.url, signal);
      if (now.status === status) return now;
      assert.notEqual(now.status, 'invalid');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  await reach('ready');
  const key = await keys.take('ecdsa');
  await client.finalize(account, order, await createCsr(key, names), signal);
  const { certificate = '' } = await reach('valid');
  return { key, leaf: new X509Certificate(await client.download(account, certificate, signal)) };
}

const refusal = (type: string) => (error: unknown) =>
  problemOf(error)?.type === `urn:ietf:params:acme:error:${type}`;

test('a certificate is revoked by the account that ordered it or by its own key, once, and by nobody else', async (t) => {
  const world = await givenWorld(t);
  const at = await given(world);
  const one = await issue(world, at);
  const ask = { certificate: one.leaf, reason: REVOCATION_REASONS.superseded };
  await assert.rejects(at.client.revoke(await at.newAccount(), ask, signal), refusal('unauthorized'));
  await assert.rejects(at.client.revoke(newAccountKey(), ask, signal), refusal('unauthorized'));
  await at.client.revoke(at.account, ask, signal);
  await assert.rejects(at.client.revoke(one.key, ask, signal), refusal('alreadyRevoked'));
  const other = await issue(world, at);
  await at.client.revoke(other.key, { certificate: other.leaf }, signal);
  const told = await fetch(`${world.ready.control}/ca/lets_encrypt`);
  const { certificates }: { certificates: { revoked: boolean }[] } = JSON.parse(await told.text());
  assert.deepEqual(
    certificates.map(({ revoked }) => revoked),
    [true, true],
  );
});

test('an account goes on with another key, and the old one is nobody’s', async (t) => {
  const world = await givenWorld(t);
  const at = await given(world);
  const changed = await at.client.changeKey(at.account, newAccountKey(), signal);
  assert.equal(changed.url, at.account.url);
  await issue(world, { client: at.client, account: changed });
  await assert.rejects(
    at.client.newOrder(at.account, { names: ['shop.test'] }, signal),
    refusal('malformed'),
  );
  const other = await at.newAccount();
  const taken = at.client.changeKey(other, changed.key, signal);
  await assert.rejects(taken, (error) => problemOf(error)?.status === 409);
});

test('renewal is wanted at a third of life left, and at once for what is revoked', async (t) => {
  const world = await givenWorld(t);
  const at = await given(world);
  const { leaf } = await issue(world, at);
  const info = await at.client.renewalInfo(leaf, signal);
  const life = leaf.validToDate.getTime() - leaf.validFromDate.getTime();
  const start = info?.suggestedWindow.start.getTime() ?? 0;
  assert.ok(Math.abs(leaf.validToDate.getTime() - life / 3 - start) < 2_000);
  assert.equal(info?.retryAfter, hours(6));
  await at.client.revoke(at.account, { certificate: leaf }, signal);
  const after = await at.client.renewalInfo(leaf, signal);
  assert.ok((after?.suggestedWindow.end.getTime() ?? 0) < leaf.validFromDate.getTime() + life / 10);
});

test('an order says what it replaces, which one order alone may', async (t) => {
  const world = await givenWorld(t);
  const at = await given(world);
  const { leaf } = await issue(world, at);
  assert.ok(renewalIdOf(leaf));
  await issue(world, at, { replaces: leaf });
  const again = at.client.newOrder(at.account, { names: ['shop.test'], replaces: leaf }, signal);
  await assert.rejects(again, refusal('alreadyReplaced'));
  const account = await at.newAccount();
  const foreign = at.client.newOrder(account, { names: ['shop.test'], replaces: leaf }, signal);
  await assert.rejects(foreign, refusal('unauthorized'));
});

test('a profile decides how long a certificate lasts', async (t) => {
  const world = await givenWorld(t);
  const at = await given(world);
  const { profiles = {} } = (await at.client.directory(signal)).meta;
  assert.deepEqual(Object.keys(profiles), ['classic', 'shortlived']);
  for (const [profile, validity] of [
    ['classic', days(90)],
    ['shortlived', hours(160)],
  ] as const) {
    const { leaf } = await issue(world, at, { profile });
    assert.equal(leaf.validToDate.getTime() - leaf.validFromDate.getTime(), (validity - 1) * 1_000);
  }
});
