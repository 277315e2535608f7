/** Who may list the packs of an account. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { transaction } from '../../src/store/store.ts';
import { createZone } from '../../src/store/zones.ts';
import { type Ask, askAccount, givenPacks } from '../support/account.ts';
import { givenAccount, startApi, type TestAccount, type TestApi, tokenFor } from '../support/api.ts';

let api: TestApi;
let account: TestAccount;
const ends = new AsyncDisposableStack();
before(async () => {
  api = await startApi(ends);
  account = await givenAccount(api.jobs, ['a.limited.test', 'b.limited.test']);
  for (const zone of account.zones) await givenPacks(api, zone, [{}]);
});
after(() => ends.disposeAsync());

const refusal = async (of: { id: string }, token: string, query?: Ask) => {
  const { status, result, errors } = await askAccount(api, { id: of.id, token }, query);
  assert.equal(result, null);
  return { status, code: errors[0]?.code, message: errors[0]?.message ?? '' };
};

it('the list of an account is refused to another account’s token, by the name of the permission', async () => {
  const stranger = await givenAccount(api.jobs, ['other.limited.test']);
  const { status, code, message } = await refusal(account, stranger.token);
  assert.deepEqual([status, code], [403, 9109]);
  assert.match(message, /'SSL and Certificates Read' for account/);
  const nobody = await refusal({ id: '0'.repeat(32) }, stranger.token);
  assert.deepEqual(
    [nobody.status, nobody.code],
    [403, 9109],
    'an account that is not there is no other case',
  );
});

it('the list of an account is refused for what is no id, and to an unknown token', async () => {
  assert.deepEqual((await refusal({ id: 'x' }, account.token)).code, 7003);
  assert.equal((await refusal(account, 'cp_unknown')).status, 401);
});

it('the list of an account demands zone_id of a token limited to zones, and one of these', async () => {
  const [mine, other] = account.zones;
  const token = await tokenFor(api.jobs, { accountId: account.id, zones: [mine?.id ?? ''] });
  const all = await refusal(account, token);
  assert.equal(all.status, 403);
  assert.match(all.message, /limited to certain zones: add zone_id/);
  assert.equal((await refusal(account, token, { zone_id: other?.id ?? '' })).status, 403);
  const { result } = await askAccount(api, { ...account, token }, { zone_id: mine?.id ?? '' });
  assert.equal(result?.length, 1);
});

it('the list of an account has no zone of another account', async () => {
  const stranger = await givenAccount(api.jobs, ['foreign.limited.test']);
  const { status, code } = await refusal(account, account.token, { zone_id: stranger.zones[0]?.id ?? '' });
  assert.deepEqual([status, code], [404, 9109]);
});

it('the list of an account has zones without packs', async () => {
  const { pool, clock } = api.jobs;
  const zone = { accountId: account.id, name: 'empty.limited.test', type: 'full' } as const;
  const id = await transaction(pool, (tx) => createZone(tx, zone, clock.now()));
  assert.deepEqual((await askAccount(api, account, { zone_id: id })).result, []);
});

it('the list of an account has no page numbers: whoever counts pages is told', async () => {
  const { status, message } = await refusal(account, account.token, { page: '2' });
  assert.equal(status, 400);
  assert.match(message, /walked by cursor/);
});
