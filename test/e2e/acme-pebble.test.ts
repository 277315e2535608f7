/** The ACME client against Pebble, which nobody here wrote. */
import assert from 'node:assert/strict';
import { type KeyObject, X509Certificate } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Account, type AccountAlgorithm, dnsTxtValue, newAccountKey } from '../../src/acme/account.ts';
import { REVOCATION_REASONS } from '../../src/acme/acme.ts';
import { AcmeClient } from '../../src/acme/client.ts';
import { Pace, poll } from '../../src/acme/poll.ts';
import { isProblem, problemOf } from '../../src/acme/problem.ts';
import { createCsr } from '../../src/ca/csr.ts';
import { KeyPool } from '../../src/key/key-pool.ts';
import { systemClock } from '../../src/kit/clock.ts';
import { DNS_ADDRESSES } from '../../src/simulator/simulator.ts';
import { type StartedSimulator, startSimulator } from '../../src/simulator/start.ts';
import { type Pebble, startPebble } from '../support/pebble.ts';
import { needs } from '../support/peers.ts';

const there = needs('pebble');
const signal = AbortSignal.timeout(120_000);
const clock = systemClock();
const ends = new AsyncDisposableStack();
let simulator: StartedSimulator;
let pebble: Pebble;
let client: AcmeClient;
const keys = new KeyPool({ size: 0, atOnce: 1 });

before(async () => {
  if (there.skip !== false) return;
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-pebble-'));
  chmodSync(dir, 0o711);
  ends.defer(() => rmSync(dir, { recursive: true, force: true }));
  ends.defer(() => keys.close());
  const nameServers = [{ name: 'ns1.certpacks.test', address: DNS_ADDRESSES.responder }];
  const world = { dir: join(dir, 'world'), aheadSeconds: 0, dnsPort: 0, nameServers, endsWithParent: true };
  simulator = await startSimulator(world);
  ends.defer(() => simulator.stop());
  const dns = `127.0.0.1:${simulator.dnsPort}`;
  pebble = await startPebble(ends, {
    dir,
    name: 'one',
    dns,
    hasEab: true,
    nonceReject: 30,
    reuse: 0,
    alternates: 2,
  });
  client = new AcmeClient({ directoryUrl: pebble.directoryUrl, tlsRoots: pebble.tlsRoots });
});
after(() => ends.disposeAsync());

async function newAccount(algorithm?: AccountAlgorithm): Promise<Account> {
  const key = newAccountKey(algorithm);
  const ask = { contact: [], hasAgreedToTerms: true, ...(pebble.eab && { eab: pebble.eab }) };
  return { key, url: await client.newAccount(key, ask, signal) };
}

/** Sets TXT records of the world; their zones are made with them. */
async function publish(name: string, values: readonly string[]): Promise<void> {
  const body = JSON.stringify({ name, type: 'TXT', values });
  const { status } = await fetch(`${simulator.control}/dns/records`, { method: 'PUT', body });
  assert.equal(status, 200);
}

/** Orders a certificate for names, whose control is shown by TXT records, and returns its URL and key. */
async function issue(account: Account, names: readonly string[]): Promise<{ url: string; key: KeyObject }> {
  const order = await client.newOrder(account, { names }, signal);
  const authorizations = await Promise.all(
    order.authorizations.map((url) => client.authorization(account, url, signal)),
  );
  const challenges = authorizations.flatMap(({ identifier, challenges: all }) =>
    all.flatMap((one) =>
      one.type === 'dns-01' ? [{ ...one, name: `_acme-challenge.${identifier.value}` }] : [],
    ),
  );
  for (const name of new Set(challenges.map((one) => one.name))) {
    const tokens = challenges.filter((one) => one.name === name);
    await publish(
      name,
      tokens.map(({ token }) => dnsTxtValue(token, account.key)),
    );
  }
  for (const { url } of challenges) await client.answer(account, url, signal);
  const seen = (isDone: (status: string) => boolean) =>
    poll(
      () => client.order(account, order.url, signal),
      ({ status }) => isDone(status),
      { pace: new Pace(), clock, within: 20 },
      signal,
    );
  assert.equal((await seen((status) => status !== 'pending'))?.status, 'ready');
  const key = await keys.take('ecdsa');
  await client.finalize(account, order, await createCsr(key, names), signal);
  const valid = await seen((status) => status !== 'processing' && status !== 'ready');
  assert(valid?.certificate);
  return { url: valid.certificate, key };
}

const certificatesOf = (pem: string): X509Certificate[] =>
  (pem.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n?/g) ?? []).map((one) => new X509Certificate(one));

test(
  'an account is bound to one outside, signs with ECDSA or RSA, and a third of its nonces may be refused',
  there,
  async () => {
    for (const algorithm of ['ES256', 'RS256'] as const) {
      const account = await newAccount(algorithm);
      const { url } = await issue(account, [
        `${algorithm.toLowerCase()}.test`,
        `*.${algorithm.toLowerCase()}.test`,
      ]);
      const [leaf] = certificatesOf(await client.download(account, url, signal));
      assert.match(leaf?.subjectAltName ?? '', /\*\./);
    }
  },
);

test(
  'an account goes on with a new key, of the other kind too, and no more with the old one',
  there,
  async () => {
    const account = await newAccount();
    const changed = await client.changeKey(account, newAccountKey('RS256'), signal);
    assert.equal(changed.url, account.url);
    await issue(changed, ['rolled.test']);
    await assert.rejects(client.newOrder(account, { names: ['rolled.test'] }, signal), (error) => {
      const problem = problemOf(error);
      return (
        problem !== undefined && (problem.status === 401 || problem.status === 403 || problem.status === 400)
      );
    });
  },
);

test(
  'a chain ends at the root that is wanted, and at the CA’s own where there is no such chain',
  there,
  async () => {
    const account = await newAccount();
    const { url } = await issue(account, ['chains.test']);
    const roots = [pebble.rootPem, ...pebble.alternateRootPems].map((pem) => new X509Certificate(pem));
    assert.equal(new Set(roots.map(({ subject }) => subject)).size, 3);
    for (const root of roots) {
      const name = root.subject.replace(/^CN=/, '');
      const chain = certificatesOf(await client.download(account, url, signal, name));
      const last = chain.at(-1);
      assert(last?.checkIssued(root) && last.verify(root.publicKey), name);
    }
    const own = await client.download(account, url, signal);
    assert.equal(await client.download(account, url, signal, 'no such root'), own);
  },
);

test('a certificate is revoked by its account, or by its own key, and once', there, async () => {
  const account = await newAccount();
  for (const who of ['account', 'key'] as const) {
    const { url, key } = await issue(account, [`revoked-by-${who}.test`]);
    const [certificate] = certificatesOf(await client.download(account, url, signal));
    assert(certificate);
    const revoke = () => {
      const ask = { certificate, reason: REVOCATION_REASONS.superseded };
      return client.revoke(who === 'account' ? account : key, ask, signal);
    };
    assert.equal(await pebble.statusOf(certificate.serialNumber), 'Valid');
    await revoke();
    assert.equal(await pebble.statusOf(certificate.serialNumber), 'Revoked');
    await assert.rejects(revoke(), (error) =>
      isProblem(problemOf(error) ?? { type: '', detail: '', subproblems: [] }, 'alreadyRevoked'),
    );
  }
});

test('a server that has no renewal information says nothing of renewal', there, async () => {
  assert.equal(await client.renewalInfo(new X509Certificate(pebble.tlsRoots), signal), undefined);
});
