import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { needs } from '../../test/support/peers.ts';
import { AcmeClient, challengeOf } from '../../test/support/simulator/acme-client.ts';
import { newCsr } from '../../test/support/simulator/new-csr.ts';
import { control, givenWorld } from '../../test/support/simulator/world.ts';
import type { CertificateAuthority } from '../pack/pack.ts';

const OPENSSL = needs('openssl');

const world = await givenWorld({ after });
const { cas } = world.ready;

const publish = (name: string, values: readonly string[]) =>
  control(world.ready.control, 'PUT /dns/records', { name, type: 'TXT', values });

async function account(name: CertificateAuthority, type: 'ec' | 'rsa' = 'ec'): Promise<AcmeClient> {
  const client = await AcmeClient.register(cas[name], type);
  after(() => client.close());
  return client;
}

async function issued(client: AcmeClient, names: readonly string[], more = {}): Promise<string> {
  const { body } = await client.order(names, more);
  await client.prove(body, publish);
  return client.certificate(body, names);
}

/** What `openssl verify` says of a chain. */
function verified(chain: string, rootPem: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-verify-'));
  try {
    writeFileSync(join(dir, 'root.pem'), rootPem);
    writeFileSync(join(dir, 'chain.pem'), chain);
    const [root, leaf] = [join(dir, 'root.pem'), join(dir, 'chain.pem')];
    return execFileSync('openssl', ['verify', '-x509_strict', '-CAfile', root, '-untrusted', leaf, leaf], {
      encoding: 'utf8',
    });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

for (const name of ['lets_encrypt', 'google', 'ssl_com'] as const) {
  it(
    `a simulated CA issues at ${name} for an apex, its wildcard and another name, in a chain that openssl verifies`,
    OPENSSL,
    async () => {
      const names = [
        `${name.replace('_', '')}.test`,
        `*.${name.replace('_', '')}.test`,
        `www.${name.replace('_', '')}.test`,
      ];
      const chain = await issued(await account(name, name === 'google' ? 'rsa' : 'ec'), names);
      assert.match(verified(chain, cas[name].rootPem), /OK/);
      const leaf = new X509Certificate(chain);
      assert.equal(leaf.subjectAltName, names.map((one) => `DNS:${one}`).join(', '));
      assert.equal(chain.match(/BEGIN CERTIFICATE/g)?.length, 2);
      const shown = await control(world.ready.control, `GET /ca/${name}`);
      const kept = shown.body.certificates?.find(({ serial }) => serial === leaf.serialNumber.toLowerCase());
      assert.deepEqual(kept?.['hosts'], names);
      assert.equal(kept?.['not_after'], new Date(leaf.validTo).toISOString());
    },
  );
}

it('a simulated CA issues for an RSA key and for one on P-384', async () => {
  const client = await account('lets_encrypt');
  for (const type of ['rsa', 'p384'] as const) {
    const { body } = await client.order([`${type}.example.com`]);
    await client.prove(body, publish);
    const leaf = new X509Certificate(await client.certificate(body, [`${type}.example.com`], type));
    assert.equal(leaf.publicKey.asymmetricKeyType, type === 'rsa' ? 'rsa' : 'ec');
  }
});

it('a simulated CA issues with the notAfter of the order, and for 90 days without one', async () => {
  const client = await account('lets_encrypt');
  const notAfter = new Date(Math.floor(Date.now() / 1_000) * 1_000 + 14 * 86_400_000);
  const short = new X509Certificate(
    await issued(client, ['short.example.com'], { notAfter: notAfter.toISOString() }),
  );
  assert.equal(new Date(short.validTo).getTime(), notAfter.getTime());
  const usual = new X509Certificate(await issued(client, ['usual.example.com']));
  const days = (Date.parse(usual.validTo) + 1_000 - Date.parse(usual.validFrom)) / 86_400_000;
  assert.equal(days, 90);
});

it('a name without a record is refused: challenge, authorization and order are invalid', async () => {
  const client = await account('lets_encrypt');
  const { body, headers } = await client.order(['absent.example.com']);
  const [authorization] = await client.prove(body, async () => undefined);
  assert.equal(authorization?.status, 'invalid');
  const { status, error } = challengeOf(authorization);
  assert.equal(status, 'invalid');
  assert.equal(error?.type, 'urn:ietf:params:acme:error:dns');
  assert.match(error.detail ?? '', /NXDOMAIN.*_acme-challenge\.absent\.example\.com/);
  assert.equal((await client.post(String(headers['location']))).body.status, 'invalid');
  const finalized = await client.post(body.finalize ?? '', { csr: await newCsr(['absent.example.com']) });
  assert.equal(finalized.status, 403);
  assert.match(finalized.body.type ?? '', /:orderNotReady$/);
});

it('a wrong record is refused, and what was found is named', async () => {
  const client = await account('lets_encrypt');
  const { body } = await client.order(['wrong.example.com']);
  const [authorization] = await client.prove(body, (name) => publish(name, ['not it']));
  const error = authorization?.challenges?.[0]?.error;
  assert.match(error?.type ?? '', /:unauthorized$/);
  assert.match(error?.detail ?? '', /"not it"/);
});

it('a record is found through an alias into another zone', async () => {
  const client = await account('lets_encrypt');
  const { body } = await client.order(['aliased.example.com']);
  const alias = {
    name: '_acme-challenge.aliased.example.com',
    type: 'CNAME',
    values: ['aliased.records.test'],
  };
  await control(world.ready.control, 'PUT /dns/records', alias);
  const [authorization] = await client.prove(body, (_, values) => publish('aliased.records.test', values));
  assert.equal(authorization?.status, 'valid');
});

it('authorizations serve the next order at lets_encrypt and google, and not at ssl_com', async () => {
  for (const name of ['lets_encrypt', 'google', 'ssl_com'] as const) {
    const client = await account(name);
    const first = (await client.order(['again.example.com'])).body;
    await client.prove(first, publish);
    const second = (await client.order(['again.example.com'])).body;
    assert.equal(second.status, name === 'ssl_com' ? 'pending' : 'ready', name);
    const isSame = second.authorizations?.[0] === first.authorizations?.[0];
    assert.equal(isSame, name !== 'ssl_com', name);
  }
});

it('an authorization that was deactivated serves no order, and takes its own with it', async () => {
  const client = await account('lets_encrypt');
  const order = await client.order(['dropped.example.com']);
  await client.prove(order.body, publish);
  const [url = ''] = order.body.authorizations ?? [];
  assert.equal((await client.post(url, { status: 'deactivated' })).body.status, 'deactivated');
  assert.equal((await client.post(String(order.headers['location']))).body.status, 'invalid');
  assert.equal((await client.order(['dropped.example.com'])).body.status, 'pending');
});
