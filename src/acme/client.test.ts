import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { directoryOf, refusing, type Script, scriptedServer } from '../../test/support/scripted-server.ts';
import { newAccountKey } from './account.ts';
import { AcmeClient } from './client.ts';

const signal = AbortSignal.timeout(60_000);
const key = newAccountKey();
const ASK = { contact: [], hasAgreedToTerms: true };

/** A client of a server with a directory and nonces, of which the rest is scripted. */
async function given(
  t: TestContext,
  script: Script,
  meta: Record<string, unknown> = {},
  options: { readonly ordersApart?: boolean } = {},
) {
  const server = await scriptedServer(t, (seen, response) => {
    if (seen.path === '/directory') return { body: directoryOf(server.url, meta) };
    return seen.path === '/nonce' ? {} : script(seen, response);
  });
  const client = new AcmeClient({ directoryUrl: `${server.url}/directory`, within: 1, ...options });
  return { client, server, account: { url: `${server.url}/account/1`, key } };
}

const orderOf = (url: string, status = 'pending') => ({
  status,
  identifiers: [{ type: 'dns', value: 'a.example' }],
  authorizations: [`${url}/authz/1`],
  finalize: `${url}/finalize/1`,
});

it('asks for a nonce only when no answer gave one, and reads the directory once', async (t) => {
  const { client, server, account } = await given(t, ({ path }) => {
    if (path === '/order')
      return { status: 201, headers: { location: '/order/1' }, body: orderOf(server.url) };
    return { body: orderOf(server.url) };
  });
  const order = await client.newOrder(account, { names: ['a.example'] }, signal);
  assert.equal(order.url, `${server.url}/order/1`);
  await client.order(account, order.url, signal);
  await client.order(account, order.url, signal);
  const expected = ['GET /directory', 'POST /order', 'POST /order/1', 'POST /order/1'];
  assert.deepEqual(server.requests, expected, 'the directory gave the first nonce');
});

it('sends what RFC 8555 says: names, notAfter in whole seconds, signed for the URL by the account', async (t) => {
  const { client, account, server } = await given(t, (seen) => {
    assert.equal(seen.headers['content-type'], 'application/jose+json');
    assert.deepEqual(seen.payload, {
      identifiers: [{ type: 'dns', value: '*.a.example' }],
      notAfter: '2026-12-07T10:00:00Z',
    });
    assert.deepEqual(
      { ...seen.header, nonce: undefined },
      { alg: 'ES256', kid: account.url, url: `${server.url}/order`, nonce: undefined },
    );
    return { status: 201, headers: { location: '/order/1' }, body: orderOf(server.url) };
  });
  const notAfter = new Date('2026-12-07T10:00:00.123Z');
  await client.newOrder(account, { names: ['*.a.example'], notAfter }, signal);
});

it('orders with a profile that the directory names, and asks nothing with another', async (t) => {
  const script: Script = ({ payload }) => {
    assert.equal(payload?.['profile'], 'shortlived');
    return { status: 201, headers: { location: '/order/1' }, body: orderOf(server.url) };
  };
  const profiles = { classic: 'https://ca.example/classic', shortlived: 'six days' };
  const { client, account, server } = await given(t, script, { profiles });
  await client.newOrder(account, { names: ['a.example'], profile: 'shortlived' }, signal);
  await assert.rejects(client.newOrder(account, { names: ['a.example'], profile: 'toString' }, signal), {
    fault: 'configuration',
    message: /has no profile 'toString'; it has: classic, shortlived$/,
  });
  assert.deepEqual(
    server.requests.filter((request) => request.startsWith('POST')),
    ['POST /order'],
  );
});

it('never has a new order and a look at an authorization under way together where they are kept apart', async (t) => {
  let together = 0;
  const underWay = { '/order': 0, '/authz/1': 0 };
  const script: Script = async ({ path }) => {
    if (path !== '/order' && path !== '/authz/1') return {};
    underWay[path] += 1;
    if (underWay['/order'] > 0 && underWay['/authz/1'] > 0) together += 1;
    await delay(10);
    underWay[path] -= 1;
    if (path === '/authz/1') return { body: AUTHORIZATION };
    return { status: 201, headers: { location: '/order/1' }, body: orderOf(server.url) };
  };
  const { client, account, server } = await given(t, script, {}, { ordersApart: true });
  const both = () => [
    client.newOrder(account, { names: ['a.example'] }, signal),
    client.authorization(account, `${server.url}/authz/1`, signal),
  ];
  await Promise.all(Array.from({ length: 8 }, both).flat());
  assert.equal(together, 0);
});

const AUTHORIZATION = {
  status: 'pending',
  identifier: { type: 'dns', value: 'a.example' },
  challenges: [
    { type: 'dns-01', url: 'https://ca.example/chall/1', status: 'pending', token: 'a'.repeat(43) },
  ],
};

it('sends the request again with the nonce of the answer that refused its nonce', async (t) => {
  let refused = '';
  const { client, account, server } = await given(t, ({ header }) => {
    if (server.requests.length === 6) {
      assert.equal(header['nonce'], refused);
      return { body: orderOf(server.url) };
    }
    refused = `nonce-${server.requests.length}`;
    return refusing(400, 'badNonce');
  });
  await client.order(account, `${server.url}/order/1`, signal);
  assert.deepEqual(server.requests, ['GET /directory', ...Array.from({ length: 5 }, () => 'POST /order/1')]);
});

it('gives up on a server that refuses every nonce', async (t) => {
  const { client, account, server } = await given(t, () => refusing(400, 'badNonce'));
  await assert.rejects(client.order(account, `${server.url}/order/1`, signal), { fault: 'ca_refused' });
  assert.equal(server.requests.filter((request) => request === 'POST /order/1').length, 10);
});

it('makes no account without agreement to the terms, or without a binding where one is demanded', async (t) => {
  const meta = { termsOfService: 'https://ca.example/terms', externalAccountRequired: true };
  const { client, server } = await given(
    t,
    () => ({ status: 201, headers: { location: '/account/1' }, body: {} }),
    meta,
  );
  const disagreed = client.newAccount(key, { ...ASK, hasAgreedToTerms: false }, signal);
  await assert.rejects(disagreed, { fault: 'configuration', message: /https:\/\/ca.example\/terms/ });
  await assert.rejects(client.newAccount(key, ASK, signal), {
    fault: 'configuration',
    message: /external account/,
  });
  assert.deepEqual(server.requests, ['GET /directory']);
});

it('makes an account with contact, agreement and binding', async (t) => {
  const { client, server } = await given(t, ({ payload, header }) => {
    assert.deepEqual(Object.keys(payload ?? {}), [
      'contact',
      'termsOfServiceAgreed',
      'externalAccountBinding',
    ]);
    assert.ok('jwk' in header && !('kid' in header));
    return { status: 201, headers: { location: '/account/7' }, body: {} };
  });
  const eab = { kid: 'kid-1', hmacKey: Buffer.alloc(32).toString('base64url') };
  const ask = { ...ASK, contact: ['mailto:a@a.example'], eab };
  assert.equal(await client.newAccount(key, ask, signal), `${server.url}/account/7`);
});

it('tells a problem document with its subproblems and how long to wait', async (t) => {
  const { client, account, server } = await given(t, () => {
    const said = refusing(429, 'rateLimited', 'too many orders');
    return { ...said, headers: { ...said.headers, 'retry-after': '60' } };
  });
  const asked = client.order(account, `${server.url}/order/1`, signal);
  await assert.rejects(asked, { fault: 'ca_refused', problem: { ...PROBLEM, status: 429, retryAfter: 60 } });
});

const PROBLEM = {
  type: 'urn:ietf:params:acme:error:rateLimited',
  detail: 'too many orders',
  subproblems: [],
};

it('runs at most 16 requests at once', { timeout: 20_000 }, async (t) => {
  let running = 0;
  let most = 0;
  const sixteen = Promise.withResolvers<void>();
  const { client, account, server } = await given(t, async () => {
    running += 1;
    most = Math.max(most, running);
    if (running === 16) sixteen.resolve();
    // no answer before sixteen are there at once, however slow this machine is; then time for a seventeenth
    await sixteen.promise;
    await new Promise((resolve) => setTimeout(resolve, 20));
    running -= 1;
    return { body: orderOf(server.url) };
  });
  const urls = Array.from({ length: 40 }, (_, i) => `${server.url}/order/${i}`);
  await Promise.all(urls.map((url) => client.order(account, url, signal)));
  assert.equal(most, 16);
});

it('uses its connections again, and takes one that the server closed for a new one', async (t) => {
  let isClosing = false;
  const { client, account, server } = await given(t, (_seen, response) => {
    if (isClosing) {
      isClosing = false;
      response.destroy();
      return undefined;
    }
    return { body: orderOf(server.url) };
  });
  await client.order(account, `${server.url}/order/1`, signal);
  isClosing = true;
  const { status } = await client.order(account, `${server.url}/order/1`, signal);
  assert.equal(status, 'pending');
});

it('reads the directory again after one of its URLs was gone', async (t) => {
  let isMoved = true;
  const { client, account, server } = await given(t, () => {
    if (isMoved) return { status: 404 };
    return { status: 201, headers: { location: '/order/1' }, body: orderOf(server.url) };
  });
  await assert.rejects(client.newOrder(account, { names: ['a.example'] }, signal), { fault: 'ca_refused' });
  isMoved = false;
  await client.newOrder(account, { names: ['a.example'] }, signal);
  assert.equal(server.requests.filter((request) => request === 'GET /directory').length, 2);
});

it('does not take a missing directory for a missing order', async (t) => {
  const server = await scriptedServer(t, () => ({ status: 404 }));
  const client = new AcmeClient({ directoryUrl: `${server.url}/directory` });
  const asked = client.order({ url: `${server.url}/account/1`, key }, `${server.url}/order/1`, signal);
  await assert.rejects(asked, { fault: 'ca_wrong_answer', message: /instead of a directory/ });
});

it('rejects with the reason of the abort, and leaves nothing running', async (t) => {
  const { client, account, server } = await given(t, () => undefined);
  const leaving = new AbortController();
  const asked = client.order(account, `${server.url}/order/1`, leaving.signal);
  setTimeout(() => leaving.abort(new Error('stop')), 30);
  await assert.rejects(asked, { message: 'stop' });
});

it('says that nobody answers where nobody listens', async () => {
  const client = new AcmeClient({ directoryUrl: 'http://127.0.0.1:9/directory' });
  await assert.rejects(client.directory(signal), { fault: 'ca_unreachable', message: /ECONNREFUSED/ });
});
