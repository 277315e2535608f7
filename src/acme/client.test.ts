import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  simulatedCa,
  type TestCa,
  type TestCaOptions,
  type TestRule,
} from '../../test/support/simulator/simulated-ca.ts';
import { newAccountKey } from './account.ts';
import { AcmeClient } from './client.ts';
import type { AcmeOptions } from './session.ts';

const signal = AbortSignal.timeout(60_000);
const key = newAccountKey();
const ASK = { contact: [], hasAgreedToTerms: true };
const names = ['a.example'];

/** A client of a simulated CA that goes wrong by `rules`, and an account there. */
async function given(t: TestContext, rules: readonly TestRule[] = [], options: TestCaOptions = {}) {
  const ca = await simulatedCa(t, options);
  ca.script(...rules);
  return { ca, client: clientOf(ca), account: ca.newAccount() };
}

const clientOf = ({ row }: TestCa, options: Partial<AcmeOptions> = {}) =>
  new AcmeClient({ directoryUrl: row.directoryUrl, tlsRoots: row.tlsRoots ?? '', within: 1, ...options });

/** The same, where an order was made by another client, and the requests since then. */
async function givenOrder(t: TestContext, rules: readonly TestRule[] = []) {
  const at = await given(t);
  const { url, authorizations } = await clientOf(at.ca).newOrder(at.account, { names }, signal);
  const before = at.ca.requests.length;
  at.ca.script(...rules);
  return { ...at, url, authorizations, requests: () => at.ca.requests.slice(before) };
}

const urlIn = ({ row }: TestCa, path: string): string => new URL(path, row.directoryUrl).href;

it('asks for a nonce only when no answer gave one, and reads the directory once', async (t) => {
  const generous: TestRule = {
    on: 'directory',
    step: async (exchange, next) => ({
      ...(await next(exchange)),
      headers: { 'replay-nonce': exchange.newNonce() },
    }),
  };
  const { client, ca, account } = await given(t, [generous]);
  const order = await client.newOrder(account, { names }, signal);
  await client.order(account, order.url, signal);
  await client.order(account, order.url, signal);
  const expected = ['GET directory', 'POST new-order', 'POST order', 'POST order'];
  assert.deepEqual(ca.requests, expected, 'the directory gave the first nonce');

  ca.script({ on: 'new-order', fault: 'patch', headers: { location: '/acme/order/1' } });
  const { url } = await clientOf(ca).newOrder(account, { names }, signal);
  assert.equal(url, urlIn(ca, '/acme/order/1'));
  assert.deepEqual(ca.requests.slice(4), ['GET directory', 'HEAD new-nonce', 'POST new-order']);
});

it('sends what RFC 8555 says: names, notAfter in whole seconds, signed for the URL by the account', async (t) => {
  const { client, ca, account } = await given(t);
  const end = new Date(Date.now() + 14 * 86_400_000).toISOString().slice(0, 19);
  await client.newOrder(account, { names: ['*.a.example'], notAfter: new Date(`${end}.123Z`) }, signal);
  const { headers, payload, header } = ca.seen.at(-1) ?? assert.fail();
  assert.equal(headers['content-type'], 'application/jose+json');
  assert.deepEqual(payload, { identifiers: [{ type: 'dns', value: '*.a.example' }], notAfter: `${end}Z` });
  assert.deepEqual(
    { ...header, nonce: undefined },
    { alg: 'ES256', kid: account.url, url: urlIn(ca, '/acme/new-order'), nonce: undefined },
  );
});

it('orders with a profile that the directory names, and asks nothing with another', async (t) => {
  const { client, ca, account } = await given(t);
  await client.newOrder(account, { names, profile: 'shortlived' }, signal);
  assert.equal(ca.seen.at(-1)?.payload?.['profile'], 'shortlived');
  await assert.rejects(client.newOrder(account, { names, profile: 'toString' }, signal), {
    fault: 'configuration',
    message: /has no profile 'toString'; it has: classic, shortlived$/,
  });
  assert.deepEqual(
    ca.requests.filter((request) => request.startsWith('POST')),
    ['POST new-order'],
  );
});

it('never has a new order and a look at an authorization under way together where they are kept apart', async (t) => {
  let together = 0;
  let orders = 0;
  let looks = 0;
  const { ca, account, authorizations } = await givenOrder(t, [
    {
      on: ['new-order', 'authorization'],
      step: async (exchange, next) => {
        const isOrder = exchange.kind === 'new-order';
        if (isOrder) orders += 1;
        else looks += 1;
        if (orders > 0 && looks > 0) together += 1;
        await delay(10);
        if (isOrder) orders -= 1;
        else looks -= 1;
        return next(exchange);
      },
    },
  ]);
  const client = clientOf(ca, { ordersApart: true });
  const both = () => [
    client.newOrder(account, { names }, signal),
    client.authorization(account, authorizations[0] ?? '', signal),
  ];
  await Promise.all(Array.from({ length: 8 }, both).flat());
  assert.equal(together, 0);
});

it('reads by plain GET what a server does not show to POST-as-GET', async (t) => {
  const { ca, client, account, url } = await givenOrder(t);
  ca.script({ on: 'order', fault: 'plain_reads' });
  assert.equal((await client.order(account, url, signal)).status, 'pending');
  assert.deepEqual(ca.requests.slice(-2), ['POST order', 'GET order']);
  ca.script({ on: 'order', fault: 'answer', status: 405, problem: 'malformed', detail: 'no' });
  await assert.rejects(client.order(account, url, signal), { fault: 'ca_refused', status: 405 });
});

it('makes no account without agreement to the terms, or without a binding where one is demanded', async (t) => {
  const { client, ca } = await given(t, [], { name: 'google' });
  const disagreed = client.newAccount(key, { ...ASK, hasAgreedToTerms: false }, signal);
  await assert.rejects(disagreed, { fault: 'configuration', message: /https:\/\/127\.0\.0\.1:\d+\/terms/ });
  await assert.rejects(client.newAccount(key, ASK, signal), {
    fault: 'configuration',
    message: /external account/,
  });
  assert.deepEqual(ca.requests, ['GET directory']);
});

it('makes an account with contact, agreement and binding', async (t) => {
  const relative: TestRule = { on: 'new-account', fault: 'patch', headers: { location: '/acme/account/7' } };
  const { client, ca } = await given(t, [relative], { name: 'google' });
  const { eab = assert.fail() } = ca.row;
  const ask = { ...ASK, contact: ['mailto:a@a.example'], eab };
  assert.equal(await client.newAccount(key, ask, signal), urlIn(ca, '/acme/account/7'));
  const { payload, header } = ca.seen.at(-1) ?? assert.fail();
  assert.deepEqual(Object.keys(payload ?? {}), ['contact', 'termsOfServiceAgreed', 'externalAccountBinding']);
  assert.ok('jwk' in header && !('kid' in header));
  const [, { contact } = assert.fail()] = ca.server.ledger.accounts.values();
  assert.deepEqual(contact, ask.contact, 'the CA found the binding to be of its key');
});

it('tells a problem document with its subproblems and how long to wait', async (t) => {
  const problem = { problem: 'rateLimited', detail: 'too many orders' } as const;
  const limit: TestRule = { on: 'order', fault: 'answer', ...problem, headers: { 'Retry-After': '60' } };
  const { client, account, url } = await givenOrder(t, [limit]);
  const asked = client.order(account, url, signal);
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
  const { ca, account, url } = await givenOrder(t, [
    {
      on: 'order',
      step: async (exchange, next) => {
        running += 1;
        most = Math.max(most, running);
        if (running === 16) sixteen.resolve();
        // no answer before sixteen are there at once, however slow this machine is; then time for a seventeenth
        await sixteen.promise;
        await delay(20);
        running -= 1;
        return next(exchange);
      },
    },
  ]);
  const client = clientOf(ca, { within: 15 });
  await Promise.all(Array.from({ length: 40 }, () => client.order(account, url, signal)));
  assert.equal(most, 16);
});

it('uses its connections again, and takes one that the server closed for a new one', async (t) => {
  const { client, account, url, requests } = await givenOrder(t, [{ on: 'order', at: 2, fault: 'cut' }]);
  await client.order(account, url, signal);
  const { status } = await client.order(account, url, signal);
  assert.equal(status, 'pending');
  assert.deepEqual(requests().slice(-3), ['POST order', 'POST order', 'POST order']);
});

it('takes a new order whose answer cannot be read from where it is', async (t) => {
  for (const [body, type] of [
    ['', 'application/json'],
    ['<html>', 'text/html'],
    ['{"status"', 'application/json'],
  ] as const) {
    const odd: TestRule = {
      on: 'new-order',
      step: async (exchange, next) => {
        const { status, headers = {} } = await next(exchange);
        return { status, headers: { ...headers, 'content-type': type }, content: body };
      },
    };
    const { client, ca, account } = await given(t, [odd]);
    assert.equal((await client.newOrder(account, { names }, signal)).status, 'pending');
    assert.equal(ca.server.ledger.orders.size, 1);
  }
});

it('finds the account of a key, and no account of another', async (t) => {
  const { client } = await given(t);
  assert.equal(await client.findAccount(key, signal), undefined);
  const url = await client.newAccount(key, ASK, signal);
  assert.equal(await client.findAccount(key, signal), url);
});

it('reads the directory again after one of its URLs was gone', async (t) => {
  const gone: TestRule = { on: 'new-order', at: 1, fault: 'answer', status: 404 };
  const { client, ca, account } = await given(t, [gone]);
  await assert.rejects(client.newOrder(account, { names }, signal), { fault: 'ca_refused' });
  await client.newOrder(account, { names }, signal);
  assert.equal(ca.requests.filter((request) => request === 'GET directory').length, 2);
});

it('does not take a missing directory for a missing order', async (t) => {
  const gone: TestRule = { on: 'directory', fault: 'answer', status: 404 };
  const { client, account, url } = await givenOrder(t, [gone]);
  const asked = client.order(account, url, signal);
  await assert.rejects(asked, { fault: 'ca_wrong_answer', message: /instead of a directory/ });
});

it('rejects with the reason of the abort, and leaves nothing running', async (t) => {
  const { client, account, url } = await givenOrder(t, [{ on: 'order', fault: 'silence' }]);
  const leaving = new AbortController();
  const asked = client.order(account, url, leaving.signal);
  setTimeout(() => leaving.abort(new Error('stop')), 30);
  await assert.rejects(asked, { message: 'stop' });
});

it('says that nobody answers where nobody listens', async () => {
  const client = new AcmeClient({ directoryUrl: 'http://127.0.0.1:9/directory' });
  await assert.rejects(client.directory(signal), { fault: 'ca_unreachable', message: /ECONNREFUSED/ });
});
