import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import { AcmeClient, said, type Tampering } from '../../../test/support/simulator/acme-client.ts';
import { givenWorld } from '../../../test/support/simulator/world.ts';

const world = await givenWorld({ after });
const { lets_encrypt: open, ssl_com: other } = world.ready.cas;

async function account(ca = open): Promise<AcmeClient> {
  const client = await AcmeClient.register(ca);
  after(() => client.close());
  return client;
}

async function stranger(ca = open): Promise<AcmeClient> {
  const client = await AcmeClient.connect(ca);
  after(() => client.close());
  return client;
}

const others = { jwk: undefined, kid: 'https://127.0.0.1/acme/account/none' };
const cases: readonly (readonly [what: string, tampering: Tampering, answer: string])[] = [
  ['an unknown nonce', { nonce: 'AAAAAAAAAAAAAAAAAAAAAA' }, '400 badNonce'],
  ['no nonce', { header: { nonce: undefined } }, '400 badNonce'],
  ['another url', { header: { url: 'https://127.0.0.1/acme/new-order' } }, '403 unauthorized'],
  ['an unknown kid', { header: others }, '400 accountDoesNotExist'],
  ['both jwk and kid', { header: { jwk: {} } }, '400 malformed'],
  ['neither jwk nor kid', { header: { kid: undefined } }, '400 malformed'],
  ['alg none', { header: { alg: 'none' } }, '400 badSignatureAlgorithm'],
  ['alg HS256', { header: { alg: 'HS256' } }, '400 badSignatureAlgorithm'],
  ['a critical extension', { header: { crit: ['b64'] } }, '400 malformed'],
  ['a signature of something else', { jws: { signature: 'AAAA' } }, '400 malformed'],
  ['a signature with padding', { jws: { signature: 'AAAA====' } }, '400 malformed'],
  ['an unprotected header', { jws: { header: {} } }, '400 malformed'],
  ['another content type', { contentType: 'application/json' }, '415 malformed'],
];
for (const [what, tampering, answer] of cases) {
  it(`a simulated CA refuses a request with ${what}`, async () => {
    const client = await account();
    const reply = await client.post(client.directory.newOrder ?? '', {}, tampering);
    assert.equal(said(reply), answer);
    assert.match(String(reply.headers['content-type']), /^application\/problem\+json/);
    assert.ok(reply.headers['replay-nonce'], 'a refusal has a fresh nonce');
  });
}

it('a simulated CA takes a nonce only once', async () => {
  const client = await account();
  const nonce = await client.freshNonce();
  assert.equal((await client.post(client.kid ?? '', undefined, { nonce })).status, 200);
  assert.equal(said(await client.post(client.kid ?? '', undefined, { nonce })), '400 badNonce');
});

it('a simulated CA shows an account only what is its own', async () => {
  const [one, two] = [await account(), await account()];
  const order = await one.order(['own.example.com']);
  const urls = [one.kid ?? '', String(order.headers['location']), ...(order.body.authorizations ?? [])];
  for (const url of urls) assert.equal(said(await two.post(url)), '403 unauthorized');
  assert.equal(said(await one.post(`${urls[1]}0`)), '404 malformed');
});

it('a simulated CA does not know the accounts of another', async () => {
  const [here, there] = [await account(), await stranger(other)];
  there.kid = here.kid;
  assert.equal(said(await there.order(['own.example.com'])), '400 accountDoesNotExist');
});

it('a simulated CA answers hostile paths, methods and bodies', async () => {
  const client = await account();
  const base = open.directory.replace('/directory', '');
  assert.equal((await client.send('GET', `${base}/nothing`)).status, 404);
  assert.equal((await client.send('GET', `${base}/acme/new-order`)).status, 405);
  assert.equal((await client.send('DELETE', `${base}/directory`)).status, 405);
  assert.equal((await client.post(`${base}/acme/toString`)).status, 404);
  const contentType = 'application/jose+json';
  assert.equal((await client.send('POST', `${base}/acme/new-order`, { body: '[', contentType })).status, 400);
  const body = 'x'.repeat(200_000);
  assert.equal((await client.send('POST', `${base}/acme/new-order`, { body, contentType })).status, 413);
});
