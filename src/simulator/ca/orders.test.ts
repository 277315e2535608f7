import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { after, it } from 'node:test';
import { AcmeClient, said } from '../../../test/support/simulator/acme-client.ts';
import { newCsr } from '../../../test/support/simulator/new-csr.ts';
import { control, givenWorld } from '../../../test/support/simulator/world.ts';

const world = await givenWorld({ after });
const { lets_encrypt: open } = world.ready.cas;

async function account(ca = open): Promise<AcmeClient> {
  const client = await AcmeClient.register(ca);
  after(() => client.close());
  return client;
}

it('orders are refused for names that no CA certifies, with a subproblem for each', async () => {
  const client = await account();
  const cases = [
    [['127.0.0.1'], '400 rejectedIdentifier'],
    [['localhost'], '400 rejectedIdentifier'],
    [['co.uk'], '400 rejectedIdentifier'],
    [['*.com'], '400 rejectedIdentifier'],
    [['a.*.example.com'], '400 malformed'],
    [['-a.example.com'], '400 malformed'],
    [['grün.example.com'], '400 malformed'],
    [['example.com.'], '400 malformed'],
    [[`${'a'.repeat(64)}.example.com`], '400 malformed'],
    [['good.example.com', '127.0.0.1', 'a..b'], '400 malformed'],
    [[], '400 malformed'],
    [Array.from({ length: 101 }, (_, i) => `n${i}.example.com`), '400 malformed'],
  ] as const;
  for (const [names, answer] of cases) assert.equal(said(await client.order(names)), answer, names.join());
  const { body } = await client.order(['good.example.com', '127.0.0.1', 'a..b']);
  assert.deepEqual(
    body.subproblems?.map(({ identifier }) => identifier?.value),
    ['127.0.0.1', 'a..b'],
  );
  const ip = await client.post(client.directory.newOrder ?? '', {
    identifiers: [{ type: 'ip', value: '127.0.0.1' }],
  });
  assert.equal(said(ip), '400 unsupportedIdentifier');
});

it('an order takes 100 names, and a wildcard beside its apex', async () => {
  const client = await account();
  const names = Array.from({ length: 100 }, (_, i) => `n${i}.example.com`);
  assert.equal((await client.order(names)).body.authorizations?.length, 100);
  const { body } = await client.order(['example.org', '*.EXAMPLE.org', 'example.org']);
  const both = await Promise.all((body.authorizations ?? []).map((url) => client.post(url)));
  assert.deepEqual(
    both.map((one) => [one.body.identifier?.value, one.body.wildcard]),
    [
      ['example.org', undefined],
      ['example.org', true],
    ],
  );
  const list = await client.post(`${client.kid}/orders`);
  assert.equal(list.body.orders?.length, 2);
});

const at = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

it('orders are refused for a validity that is over, upside down, too long or unreadable', async () => {
  const client = await account();
  for (const period of [
    { notAfter: at(-1) },
    { notAfter: at(500) },
    { notAfter: 'tomorrow' },
    { notBefore: at(3), notAfter: at(2) },
    { notBefore: at(-2), notAfter: at(2) },
  ]) {
    assert.equal(
      said(await client.order(['time.example.com'], period)),
      '400 malformed',
      JSON.stringify(period),
    );
  }
});

it('orders are not finalized before they are ready, nor by a CSR that is not exactly theirs', async () => {
  const client = await account();
  const names = ['csr.example.com', '*.csr.example.com'];
  const { body } = await client.order(names);
  const finalize = async (csr: string) => said(await client.post(body.finalize ?? '', { csr }));
  assert.equal(await finalize(await newCsr(names)), '403 orderNotReady');
  await client.prove(body, (name, values) =>
    control(world.ready.control, 'PUT /dns/records', { name, type: 'TXT', values }),
  );
  const good = Buffer.from(await newCsr(names), 'base64url');
  const forged = Buffer.from(good);
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
  const cases: readonly (readonly [what: string, csr: string])[] = [
    ['a name less', await newCsr(['csr.example.com'])],
    ['a name more', await newCsr([...names, 'more.example.com'])],
    ['an IP address', await newCsr(names, { ip: '127.0.0.1' })],
    ['a short RSA key', await newCsr(names, { type: 'rsa1024' })],
    ['a key on P-521', await newCsr(names, { type: 'p521' })],
    ['the key of the account', await newCsr(names, { keys: await webKeys(client) })],
    ['a forged signature', forged.toString('base64url')],
    ['half of it', good.subarray(0, 100).toString('base64url')],
    ['nothing', ''],
  ];
  for (const [what, csr] of cases) assert.equal(await finalize(csr), '400 badCSR', what);
  assert.equal(await finalize('+'), '400 malformed');
  assert.equal(await finalize(good.toString('base64url')), '200 ');
  assert.equal(await finalize(good.toString('base64url')), '403 orderNotReady');
});

async function webKeys(client: AcmeClient): Promise<webcrypto.CryptoKeyPair> {
  const kind = { name: 'ECDSA', namedCurve: 'P-256' };
  const der = client.key.export({ type: 'pkcs8', format: 'der' });
  const privateKey = await webcrypto.subtle.importKey('pkcs8', der, kind, true, ['sign']);
  const publicKey = await webcrypto.subtle.importKey('jwk', { ...client.publicJwk }, kind, true, ['verify']);
  return { privateKey, publicKey };
}
