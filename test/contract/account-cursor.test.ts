/** A cursor of an account's list belongs to its account and its filter. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { type Ask, askAccount, givenPacks } from '../support/account.ts';
import { endingOn, givenAccount, startApi, type TestAccount, type TestApi } from '../support/api.ts';

let api: TestApi;
let account: TestAccount;
const ends = new AsyncDisposableStack();
before(async () => {
  api = await startApi(ends);
  account = await givenAccount(api.jobs, ['cursor.test', 'second.test']);
  const certificates = endingOn(new Date('2027-01-01T00:00:00Z'));
  for (const zone of account.zones) {
    await givenPacks(
      api,
      zone,
      Array.from({ length: 7 }, () => ({ certificates, hosts: ['cursor.test'] })),
    );
  }
});
after(() => ends.disposeAsync());

const FILTERS: readonly Ask[] = [
  {},
  { status: 'initializing' },
  { deploy: 'production' },
  { type: 'advanced' },
  { certificate_authority: 'lets_encrypt' },
  { expires_before: '2030-01-01' },
  { expires_before: '2030-01-02' },
  { expires_after: '2026-01-02' },
  { order: 'expires_on' },
  { direction: 'desc' },
  { direction: 'desc', order: 'expires_on' },
  { 'host.suffix': 'cursor.test' },
  { host: 'cursor.test' },
];

it('a cursor is good for its own filter and refused with every other', async () => {
  const all = [...FILTERS, ...account.zones.map(({ id }) => ({ zone_id: id }))];
  for (const own of all) {
    const { cursor = '' } = (await askAccount(api, account, { ...own, per_page: '5' })).result_info;
    assert.notEqual(cursor, '', JSON.stringify(own));
    for (const other of all) {
      const { status, errors } = await askAccount(api, account, { ...other, cursor });
      assert.equal(status, other === own ? 200 : 400, JSON.stringify({ own, other }));
      if (other !== own) assert.deepEqual(errors[0]?.source, { pointer: '/cursor' });
    }
  }
});

it('a cursor may be used with another per_page', async () => {
  const { result_info: info } = await askAccount(api, account, { per_page: '5' });
  const { result } = await askAccount(api, account, { per_page: '50', cursor: info.cursor ?? '' });
  assert.equal(result?.length, 9);
});

it('a cursor is refused in another account, and when a character of it is another', async () => {
  const { cursor = '' } = (await askAccount(api, account, { per_page: '5' })).result_info;
  const stranger = await givenAccount(api.jobs, ['stranger.test']);
  assert.equal((await askAccount(api, stranger, { cursor })).status, 400);
  for (let i = 0; i < cursor.length; i += 1) {
    const broken = cursor.slice(0, i) + (cursor[i] === 'A' ? 'B' : 'A') + cursor.slice(i + 1);
    const { status, errors } = await askAccount(api, account, { cursor: broken });
    assert.deepEqual([status, errors[0]?.source], [400, { pointer: '/cursor' }], broken);
  }
});
