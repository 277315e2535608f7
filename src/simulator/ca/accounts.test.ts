import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import { AcmeClient, said } from '../../../test/support/simulator/acme-client.ts';
import { givenWorld } from '../../../test/support/simulator/world.ts';

const world = await givenWorld({ after });
const { lets_encrypt: open, google: bound, ssl_com: other } = world.ready.cas;

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

it('there is one account for each key, found again by it', async () => {
  const client = await account();
  const { kid } = client;
  client.kid = undefined;
  assert.equal((await client.newAccount({ onlyReturnExisting: true })).status, 200);
  assert.equal(client.kid, kid);
  assert.equal(
    said(await (await stranger()).newAccount({ onlyReturnExisting: true })),
    '400 accountDoesNotExist',
  );
});

it('accounts need agreement to the terms, and contacts that are e-mail addresses', async () => {
  const client = await stranger();
  const refused = await client.newAccount({ termsOfServiceAgreed: false });
  assert.equal(said(refused), '403 userActionRequired');
  assert.equal(said(await client.newAccount({ contact: ['tel:1'] })), '400 unsupportedContact');
  assert.equal(
    said(await client.newAccount({ contact: ['mailto:a@b.test,c@d.test'] })),
    '400 invalidContact',
  );
  assert.equal((await client.newAccount({ contact: ['mailto:a@example.com'] })).status, 201);
  const changed = await client.post(client.kid ?? '', { contact: ['mailto:b@example.com'] });
  assert.deepEqual(changed.body.contact, ['mailto:b@example.com']);
  assert.deepEqual((await client.post(client.kid ?? '')).body.contact, ['mailto:b@example.com']);
});

it('an account does nothing more once it is deactivated', async () => {
  const client = await account();
  assert.equal((await client.post(client.kid ?? '', { status: 'deactivated' })).body.status, 'deactivated');
  assert.equal(said(await client.order(['own.example.com'])), '401 unauthorized');
});

it('accounts are bound to an account with the CA where it demands that, and only by its own key', async () => {
  const { eab = { kid: '', hmacKey: '' } } = bound;
  assert.equal((await stranger(bound)).directory.meta?.['externalAccountRequired'], true);
  assert.equal(said(await (await stranger(bound)).newAccount({})), '403 externalAccountRequired');
  const cases = [
    [{ ...eab, hmacKey: `AAAA${eab.hmacKey.slice(4)}` }, undefined, '403 unauthorized'],
    [{ ...eab, kid: 'none' }, undefined, '403 unauthorized'],
    [other.eab ?? eab, undefined, '403 unauthorized'],
    [eab, 'https://127.0.0.1/elsewhere', '400 malformed'],
  ] as const;
  for (const [key, url, answer] of cases) {
    const client = await stranger(bound);
    const externalAccountBinding = client.binding(key, url ?? client.directory.newAccount);
    assert.equal(said(await client.newAccount({ externalAccountBinding })), answer);
  }
  const [client, thief] = [await stranger(bound), await stranger(bound)];
  const externalAccountBinding = client.binding(eab);
  assert.equal(said(await thief.newAccount({ externalAccountBinding })), '400 malformed');
  assert.equal((await client.newAccount({ externalAccountBinding })).status, 201);
});
