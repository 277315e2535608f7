/** Accounts, first tokens and users, made on the database's own machine. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { after, before, it } from 'node:test';
import { buildApi } from '../../src/api/api.ts';
import { type AccountRecord, getAccount } from '../../src/store/accounts.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { MAIN, plainEnvironment } from '../support/commands.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let env: NodeJS.ProcessEnv;
before(async () => {
  api = await startApi(ends);
  const { host = '', port = 0, user = '', password, database = '' } = api.jobs.pool.options;
  const place = `host=${encodeURIComponent(host)}&port=${port}&sslmode=disable`;
  const url = `postgres://${user}:${encodeURIComponent(String(password))}@localhost/${database}?${place}`;
  env = { ...plainEnvironment(), CERTPACKS_DATABASE_URL: url };
});
after(() => ends.disposeAsync());

const certpacks = (...args: string[]): string =>
  execFileSync(process.execPath, [MAIN, ...args], { env, encoding: 'utf8', timeout: 60_000 }).trim();

function refusal(...args: string[]): string {
  const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], { env, encoding: 'utf8' });
  assert.equal(status, 1, stderr);
  return stderr;
}

const accountOf = async (headers: Record<string, string>): Promise<string> => {
  const answer = await fetch(`${api.url}/accounts`, { headers });
  const { result }: { result: { id: string }[] } = JSON.parse(await answer.text());
  assert.equal(result.length, 1);
  return result[0]?.id ?? '';
};
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

it('an account is made once by its name, and listed', async () => {
  const made: AccountRecord = JSON.parse(certpacks('account', 'create', 'Shop Ltd', '--json'));
  assert.equal((await getAccount(api.jobs.pool, made.id))?.name, 'Shop Ltd');
  assert.match(refusal('account', 'create', 'Shop Ltd'), /there is an account "Shop Ltd" already/);
  for (const name of ['', ' ', 'a\u202eb', 'x'.repeat(121), 'f'.repeat(32)])
    assert.match(refusal('account', 'create', name), /the name of an account/);
  const listed: AccountRecord[] = JSON.parse(certpacks('account', 'list', '--json'));
  assert(listed.some(({ id, name }) => id === made.id && name === 'Shop Ltd'));
  assert.match(certpacks('account', 'list'), /^ID +NAME +CREATED_ON\n/);
});

it('each account has a first token of its own, once, and users of its own', async () => {
  const [one, two]: AccountRecord[] = ['one', 'two'].map((name) =>
    JSON.parse(certpacks('account', 'create', name, '--json')),
  );
  assert(one && two);
  const ofOne = certpacks('token', 'create', '--first', '--account', 'one');
  const ofTwo = certpacks('token', 'create', '--first', '--account', two.id);
  assert.deepEqual([await accountOf(bearer(ofOne)), await accountOf(bearer(ofTwo))], [one.id, two.id]);
  assert.match(refusal('token', 'create', '--first', '--account', 'one'), /there is a token already/);
  assert.match(refusal('token', 'create', '--first'), /there is a token already/);
  assert.match(refusal('token', 'create', '--first', '--account', 'three'), /no account three/);
  const email = 'ops@example.net';
  const keys = ['one', 'two'].map((name) => certpacks('user', 'create', email, '--account', name));
  for (const [i, account] of [one, two].entries())
    assert.equal(await accountOf({ 'x-auth-email': email, 'x-auth-key': keys[i] ?? '' }), account.id);
});

it('a user who gets another key keeps the tokens that he made', async () => {
  certpacks('account', 'create', 'keeper');
  const email = 'keeper@example.net';
  const first = certpacks('user', 'create', email, '--account', 'keeper');
  const made = await fetch(`${api.url}/user/tokens`, {
    method: 'POST',
    headers: { 'x-auth-email': email, 'x-auth-key': first, 'content-type': 'application/json' },
    body: JSON.stringify({
      name: 'ci',
      policies: [
        {
          effect: 'allow',
          resources: { 'com.cloudflare.api.account.zone.*': '*' },
          permission_groups: [{ id: 'c8fed203ed3043cba015a93ad1616f1f' }],
        },
      ],
    }),
  });
  const { result }: { result: { value: string } } = JSON.parse(await made.text());
  const second = certpacks('user', 'create', email, '--account', 'keeper');
  const status = async (headers: Record<string, string>) =>
    (await fetch(`${api.url}/zones`, { headers })).status;
  assert.equal(await status({ 'x-auth-email': email, 'x-auth-key': first }), 403);
  assert.equal(await status({ 'x-auth-email': email, 'x-auth-key': second }), 200);
  assert.equal(await status(bearer(result.value)), 200);
});

it('what the operator made is in the record of the account', async () => {
  const account: AccountRecord = JSON.parse(certpacks('account', 'create', 'recorded', '--json'));
  const token = certpacks('token', 'create', '--first', '--account', 'recorded');
  const app = await buildApi(api.deps);
  ends.defer(() => app.close());
  const answer = await app.inject({
    url: `/client/v4/accounts/${account.id}/logs/audit?direction=asc`,
    headers: { ...bearer(token), host: 'x' },
  });
  const { result }: { result: { resource: { type: string }; actor: { id: string } }[] } = JSON.parse(
    answer.body,
  );
  assert.deepEqual(
    result.map(({ resource, actor }) => [resource.type, actor.id]),
    [
      ['account', 'operator'],
      ['api_token', 'operator'],
    ],
  );
});
