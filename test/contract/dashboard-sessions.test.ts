/** A browser is signed in by a token, and may from then on what that may: no more, and no longer. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { buildApi } from '../../src/api/api.ts';
import { hours, minutes } from '../../src/kit/time.ts';
import { createToken, updateToken } from '../../src/store/tokens.ts';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { askAsPage, cookieOf, OWN_PAGE, signedIn } from '../support/browser-session.ts';
import { givenOwner, send } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let account: TestAccount;
before(async () => {
  api = await startApi(ends);
  account = await givenOwner(api, ['sessions.test']);
});
after(() => ends.disposeAsync());

/** A token of the account, with its id. */
async function givenToken(access: 'read' | 'write' = 'read'): Promise<{ id: string; secret: string }> {
  const token = { accountId: account.id, name: 'browser', access };
  const secret = await createToken(api.jobs.pool, token, api.jobs.clock.now());
  const { result } = await send(api.url, ['GET', '/user/tokens/verify'], secret);
  return { id: result.id, secret };
}

/** An answer but for the time. */
const told = (one: unknown) => JSON.stringify(one).replace(/"as_of":"[^"]+"/, '');

const zonesBy = async (cookie: string) => (await askAsPage(api.url, ['GET', '/zones'], { cookie })).status;

it('a browser that shows a token is given a cookie that no script sees, and is let in by it', async () => {
  const { secret, id } = await givenToken();
  const answer = await askAsPage(api.url, ['POST', '/user/session'], { body: { token: secret } });
  const set = answer.headers.get('set-cookie') ?? '';
  assert.match(
    set,
    /^certpacks=[\w-]{43}; Max-Age=43[12]\d\d; Path=\/client\/v4\/; HttpOnly; SameSite=Strict$/,
  );
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  const cookie = cookieOf(answer);
  assert.equal(await zonesBy(cookie), 200);
  const { result } = await askAsPage(api.url, ['GET', '/user/session'], { cookie });
  assert.equal(told(result), told(answer.result));
  assert.match(told(result), new RegExp(`"token":{"id":"${id}","name":"browser"}`));
  assert.equal(JSON.stringify(answer.result).includes(secret), false);
});

it('over TLS the cookie is sent over TLS alone, and nobody but this host can have written it', async () => {
  const http = { ...HTTP, trustedProxies: ['127.0.0.1'] };
  const app = await buildApi({ ...api.deps, http });
  ends.defer(() => app.close());
  const { secret } = await givenToken();
  const headers = { ...OWN_PAGE, 'x-forwarded-proto': 'https' };
  const answer = await app.inject({
    method: 'POST',
    url: '/client/v4/user/session',
    headers: { ...headers, host: 'certpacks.test' },
    payload: { token: secret },
    remoteAddress: '127.0.0.1',
  });
  const set = String(answer.headers['set-cookie']);
  assert.match(
    set,
    /^__Host-certpacks=[\w-]{43}; Max-Age=43[12]\d\d; Path=\/; Secure; HttpOnly; SameSite=Strict$/,
  );
  const [cookie = ''] = set.split(';');
  const ask = (shown: string) =>
    app.inject({
      url: '/client/v4/zones',
      headers: { ...headers, host: 'certpacks.test', cookie: shown },
      remoteAddress: '127.0.0.1',
    });
  assert.equal((await ask(cookie)).statusCode, 200);
  assert.equal((await ask(cookie.replace('__Host-', ''))).statusCode, 401);
});

const HTTP = {
  trustedProxies: [],
  bodyLimit: 65_536,
  headerLimit: 16_384,
  requestTimeout: 60,
  keepAlive: 72,
  isLogged: false,
  rateLimit: 0,
};

it('the cookie alone is worth nothing: no other page can have a browser act by it', async () => {
  const { secret } = await givenToken('write');
  const cookie = await signedIn(api.url, secret);
  for (const headers of [
    {},
    { origin: 'https://elsewhere.test' },
    { ...OWN_PAGE, 'sec-fetch-site': 'cross-site' },
    { ...OWN_PAGE, 'sec-fetch-site': 'same-site' },
  ]) {
    for (const [method, path] of [
      ['GET', '/zones'],
      ['GET', `/zones/${account.zones[0]?.id}/ssl/verification?retry=true`],
      ['DELETE', `/zones/${account.zones[0]?.id}`],
      ['DELETE', '/user/session'],
    ] as const)
      assert.equal((await askAsPage(api.url, [method, path], { cookie, headers })).status, 401, method);
    const asked = await askAsPage(api.url, ['GET', '/user/session'], { cookie, headers });
    assert.deepEqual([asked.result, asked.headers.get('set-cookie')], [null, null]);
    const begun = await askAsPage(api.url, ['POST', '/user/session'], { headers, body: { token: secret } });
    assert.equal(begun.status, 401);
  }
  // What a page elsewhere would have to ask for first is not granted.
  const preflight = await fetch(`${api.url}/zones`, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://elsewhere.test',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-certpacks-dashboard',
    },
  });
  assert.equal(preflight.headers.get('access-control-allow-origin'), null);
  assert.equal(await zonesBy(cookie), 200, 'and it is still good for a page of ours');
});

it('a session may what its token may, and nothing beyond', async () => {
  const reads = await signedIn(api.url, (await givenToken('read')).secret);
  const refused = await askAsPage(api.url, ['POST', '/zones'], { cookie: reads, body: { name: 'x.test' } });
  assert.deepEqual(
    [refused.status, refused.message],
    [403, "this token has no 'Zone Write' for all of its account"],
  );
  const writes = await signedIn(api.url, (await givenToken('write')).secret);
  assert.equal(
    (await askAsPage(api.url, ['POST', '/zones'], { cookie: writes, body: { name: 'made.test' } })).status,
    200,
  );
  const foreign = await givenOwner(api, ['foreign.test']);
  const zone = await askAsPage(api.url, ['GET', `/zones/${foreign.zones[0]?.id}`], { cookie: writes });
  assert.equal(zone.status, 404);
  const packs = `/accounts/${foreign.id}/ssl/certificate_packs`;
  assert.equal((await askAsPage(api.url, ['GET', packs], { cookie: writes })).status, 403);
});

type Token = Awaited<ReturnType<typeof givenToken>>;
const ENDS: Readonly<Record<string, (token: Token) => Promise<unknown>>> = {
  rolled: ({ id }) => send(api.url, ['PUT', `/user/tokens/${id}/value`], account.token, { body: {} }),
  deleted: ({ id }) => send(api.url, ['DELETE', `/user/tokens/${id}`], account.token),
  disabled: async ({ id }) => {
    const { result } = await send(api.url, ['GET', `/user/tokens/${id}`], account.token);
    const body = { name: 'browser', policies: result.policies, status: 'disabled' };
    return send(api.url, ['PUT', `/user/tokens/${id}`], account.token, { body });
  },
  over: async ({ id }) => {
    const { pool, clock } = api.jobs;
    const policies = [{ id: 'x', permissions: ['Zone Read'], isOfAccount: true, zones: 'all' }] as const;
    const token = { id, accountId: account.id, name: 'browser', policies, expiresOn: clock.now() };
    await updateToken(pool, token, clock.now());
  },
};
for (const [what, end] of Object.entries(ENDS)) {
  it(`a session ends at once with its token, when that is ${what}`, async () => {
    const token = await givenToken();
    const cookie = await signedIn(api.url, token.secret);
    assert.equal(await zonesBy(cookie), 200);
    const packs = `/accounts/${account.id}/ssl/certificate_packs`;
    await end(token);
    assert.equal(await zonesBy(cookie), 401);
    assert.equal((await askAsPage(api.url, ['GET', packs], { cookie })).status, 401, 'lists as well');
    assert.equal((await askAsPage(api.url, ['GET', '/user/session'], { cookie })).result, null);
  });
}

it('a session is over after twelve hours, and whoever signs out ends that one alone', async () => {
  const { secret } = await givenToken();
  const [one, other] = [await signedIn(api.url, secret), await signedIn(api.url, secret)];
  const out = await askAsPage(api.url, ['DELETE', '/user/session'], { cookie: one });
  assert.match(out.headers.get('set-cookie') ?? '', /^certpacks=; Max-Age=0;/);
  assert.deepEqual([await zonesBy(one), await zonesBy(other)], [401, 200]);
  api.jobs.clock.advance(hours(12) - 60);
  assert.equal(await zonesBy(other), 200);
  api.jobs.clock.advance(60);
  assert.equal(await zonesBy(other), 401);
});

async function codeBy(token: string): Promise<string> {
  const { result } = await send(api.url, ['POST', '/user/sign_in_codes'], token, { body: {} });
  return 'code' in result && typeof result.code === 'string' ? result.code : assert.fail();
}
const signInBy = (code: string) => askAsPage(api.url, ['POST', '/user/session'], { body: { code } });

it('the code of a link signs in once, for the token that made it, within ten minutes', async () => {
  const { secret } = await givenToken();
  const code = await codeBy(secret);
  const [first, second] = await Promise.all([signInBy(code), signInBy(code)]);
  assert.equal(first.status + second.status, 200 + 401);
  const late = await codeBy(secret);
  api.jobs.clock.advance(minutes(10));
  const refused = await signInBy(late);
  assert.deepEqual(
    [refused.status, refused.message],
    [401, 'this sign-in link is not good any more: it works once, for ten minutes'],
  );
  const rolled = await givenToken();
  const lost = await codeBy(rolled.secret);
  await ENDS['rolled']?.(rolled);
  assert.equal((await signInBy(lost)).status, 401);
});

it('a session cannot be prolonged by a code of its own', async () => {
  const cookie = await signedIn(api.url, (await givenToken('write')).secret);
  assert.equal((await askAsPage(api.url, ['POST', '/user/sign_in_codes'], { cookie, body: {} })).status, 403);
});

it('nothing that is stored lets anybody in: neither the session’s secret nor the code’s is', async () => {
  const { secret } = await givenToken();
  const [code, cookie] = [await codeBy(secret), await signedIn(api.url, secret)];
  const { rows } = await api.jobs.pool.query('select sessions.*::text as row from sessions');
  const stored = JSON.stringify(rows);
  assert(rows.length >= 2);
  for (const one of [code, cookie.split('=')[1] ?? assert.fail(), secret])
    for (const form of [one, Buffer.from(one).toString('hex')]) assert.equal(stored.includes(form), false);
});

it('what cannot be a token, a code or a cookie is refused, and nothing worse', async () => {
  for (const body of [
    {},
    { token: '' },
    { token: 'cp_nobody' },
    { code: 'x'.repeat(43) },
    { token: 'a', code: 'b' },
    { token: 1 },
    { token: 'x'.repeat(201) },
    { token: '\0' },
  ]) {
    const { status, headers } = await askAsPage(api.url, ['POST', '/user/session'], { body });
    assert([400, 401].includes(status), JSON.stringify(body));
    assert.equal(headers.get('set-cookie'), null);
  }
  for (const cookie of [
    'certpacks=',
    'certpacks=x',
    `certpacks=${'x'.repeat(43)}`,
    'certpacks',
    '=;=;',
    'a=b',
  ])
    assert.equal(await zonesBy(cookie), 401, cookie);
});

it('that somebody signed in is in the audit log, with the address', async () => {
  const { secret, id } = await givenToken();
  await signedIn(api.url, secret);
  const log = await api.get(`/accounts/${account.id}/logs/audit?resource_id=${id}`, account.token);
  const { result }: { result: { action: { description: string }; actor: object }[] } = JSON.parse(
    await log.text(),
  );
  const found = result.find(({ action }) => action.description === 'sign_in');
  assert.match(JSON.stringify(found?.actor), /"ip_address":"127.0.0.1"/);
});

it('where the dashboard is switched off nobody is signed in, by whatever cookie', async () => {
  const cookie = await signedIn(api.url, (await givenToken()).secret);
  const { browserClock: _, ...deps } = api.deps;
  const app = await buildApi(deps);
  ends.defer(() => app.close());
  const headers = { ...OWN_PAGE, cookie };
  assert.equal((await app.inject({ url: '/client/v4/zones', headers })).statusCode, 401);
  assert.equal((await app.inject({ url: '/client/v4/user/session', headers })).statusCode, 404);
  assert.equal((await app.inject({ url: '/dashboard/' })).statusCode, 404);
});
