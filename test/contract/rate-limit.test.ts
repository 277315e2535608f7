import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { it, type TestContext } from 'node:test';
import Cloudflare from 'cloudflare';
import { buildApi } from '../../src/api/api.ts';
import { type HttpOptions } from '../../src/api/deps.ts';
import type { Pool } from '../../src/store/store.ts';
import { givenAccount, startApi, type TestAccount, tokenFor } from '../support/api.ts';
import { newClient } from '../support/client.ts';

const DOOR: HttpOptions = {
  trustedProxies: [],
  bodyLimit: 1_024,
  headerLimit: 16_384,
  requestTimeout: 60,
  keepAlive: 72,
  isLogged: false,
  rateLimit: 5,
};

interface Scene {
  readonly url: string;
  readonly account: TestAccount;
  readonly pool: Pool;
  /** Another token of the account. */
  readonly other: string;
  /** A token of another account. */
  readonly stranger: string;
}

/** An API that takes five requests of a caller. */
async function given(t: TestContext): Promise<Scene> {
  const ends = new AsyncDisposableStack();
  t.after(() => ends.disposeAsync());
  const { jobs, deps } = await startApi(ends);
  const account = await givenAccount(jobs, ['limited.test']);
  const other = await tokenFor(jobs, { accountId: account.id });
  const { token: stranger } = await givenAccount(jobs, []);
  const app = await buildApi({ ...deps, http: DOOR });
  ends.defer(() => app.close());
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return { url, account, other, stranger, pool: jobs.pool };
}

const ask = (url: string, path: string, token: string): Promise<Response> =>
  fetch(`${url}/client/v4${path}`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(10_000),
  });

it('who asks too often is refused with 429 and Retry-After; others are not, nor is health', async (t) => {
  const { url, account, stranger } = await given(t);
  const list = `/zones/${account.zones[0]?.id}/ssl/certificate_packs`;
  const statuses: number[] = [];
  // The first is counted by address: the token was not seen before.
  for (let i = 0; i < 7; i++) statuses.push((await ask(url, i % 2 ? list : '/zones', account.token)).status);
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 200, 429]);
  const refused = await ask(url, list, account.token);
  assert.equal(refused.headers.get('x-ratelimit-remaining'), '0');
  const wait = Number(refused.headers.get('retry-after'));
  assert(wait > 290 && wait <= 300, String(wait));
  assert.match(await refused.text(), /"code":971,"message":"more than 5 requests in five minutes/);
  const client = newClient({ apiToken: account.token, baseURL: `${url}/client/v4` });
  await assert.rejects(client.zones.list(), Cloudflare.RateLimitError);
  assert.equal((await ask(url, '/zones', stranger)).status, 200);
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
});

it('all tokens of an account are one caller, and those of another account another', async (t) => {
  const { url, account, other, stranger } = await given(t);
  // What was not seen before is counted by address.
  for (const token of [account.token, other, stranger]) await ask(url, '/zones', token);
  const statuses: number[] = [];
  for (let i = 0; i < 7; i++) statuses.push((await ask(url, '/zones', i % 2 ? account.token : other)).status);
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429]);
  assert.equal((await ask(url, '/zones', stranger)).status, 200);
});

it('a token that was taken away is counted by address again', async (t) => {
  const { url, account, pool } = await given(t);
  const list = `/zones/${account.zones[0]?.id}/ssl/certificate_packs`;
  await ask(url, '/zones', account.token);
  const before = await ask(url, list, account.token);
  assert.equal(before.headers.get('x-ratelimit-remaining'), '4', 'counted for itself');
  await pool.query('delete from tokens where account_id = $1', [account.id]);
  assert.equal((await ask(url, list, account.token)).status, 401);
  const after = await ask(url, list, 'cp_guess');
  const again = await ask(url, list, account.token);
  const left = [after, again].map(({ headers }) => headers.get('x-ratelimit-remaining'));
  assert.deepEqual(left, ['3', '2'], 'one count for the address');
});

it('each answer tells how many requests are left', async (t) => {
  const { url, account } = await given(t);
  const list = `/zones/${account.zones[0]?.id}/ssl/certificate_packs`;
  await ask(url, '/zones', account.token);
  for (const left of ['4', '3']) {
    const { headers } = await ask(url, list, account.token);
    assert.deepEqual([headers.get('x-ratelimit-limit'), headers.get('x-ratelimit-remaining')], ['5', left]);
  }
});

it('a token is one caller, however its header is spelt', async (t) => {
  const { url, account } = await given(t);
  await ask(url, '/zones', account.token);
  const statuses: number[] = [];
  for (let i = 0; i < 7; i++) {
    const authorization = `${i % 2 ? 'bearer' : 'BEARER'}${' '.repeat(i + 1)}${account.token}`;
    statuses.push((await fetch(`${url}/client/v4/zones`, { headers: { authorization } })).status);
  }
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429]);
});

it('a path that is written in another way is counted as well, and one that leads nowhere', async (t) => {
  const { url } = await given(t);
  const { host } = new URL(url);
  const statuses: number[] = [];
  for (const path of [
    '/clien%74/v4/zones',
    `http://${host}/client/v4/zones`,
    '/client/v4/nowhere',
    '/nowhere',
    '//',
  ]) {
    const sent = request({ ...target(url), path }).end();
    const [answer]: IncomingMessage[] = await once(sent, 'response');
    statuses.push(answer?.statusCode ?? 0);
  }
  assert.deepEqual(statuses, [401, 401, 404, 404, 404]);
  assert.equal((await ask(url, '/zones', 'cp_any')).status, 429);
});

const target = (url: string) => ({ host: '127.0.0.1', port: new URL(url).port });

it('who guesses tokens is counted by address, whatever the guess', async (t) => {
  const { url, account } = await given(t);
  await ask(url, '/zones', account.token);
  const statuses: number[] = [];
  for (let i = 0; i < 6; i++) statuses.push((await ask(url, '/zones', `cp_guess${i}`)).status);
  assert.deepEqual(statuses, [401, 401, 401, 401, 429, 429]);
  assert.equal((await ask(url, '/zones', account.token)).status, 200);
});
