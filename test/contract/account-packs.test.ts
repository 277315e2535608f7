/** The packs of a whole account, by filters, walked by cursor. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Cloudflare from 'cloudflare';
import { CursorPagination } from 'cloudflare/core/pagination';
import type { Pack } from '../../src/pack/pack.ts';
import { createZone, hideZone } from '../../src/store/zones.ts';
import {
  endingOn,
  givenAccount,
  givenCopies,
  startApi,
  type TestAccount,
  type TestApi,
  tokenFor,
} from '../support/api.ts';
import { givenPack, packOf } from '../support/desk.ts';

let api: TestApi;
const ends = new AsyncDisposableStack();
before(async () => {
  api = await startApi(ends);
});
after(() => ends.disposeAsync());

interface Answer {
  readonly result: readonly { readonly id: string }[] | null;
  readonly result_info: { readonly count: number; readonly per_page: number; readonly cursor?: string };
  readonly errors: readonly { readonly code: number; readonly message: string; readonly source?: object }[];
}

const pathOf = (account: { id: string }, query: Readonly<Record<string, string>> = {}): string =>
  `/accounts/${account.id}/ssl/certificate_packs?${String(new URLSearchParams(query))}`;

async function ask(
  account: TestAccount,
  query?: Readonly<Record<string, string>>,
  token = account.token,
): Promise<Answer & { status: number }> {
  const response = await api.get(pathOf(account, query), token);
  const answer: Answer = JSON.parse(await response.text());
  return { ...answer, status: response.status };
}

/** Ids of all pages. */
async function walk(account: TestAccount, query: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const { result, result_info: info } = await ask(account, { ...query, ...(cursor && { cursor }) });
    ids.push(...(result ?? []).map(({ id }) => id));
    ({ cursor } = info);
  } while (cursor !== undefined);
  return ids;
}

const givenPacks = async (zone: Pack['zone'] | undefined, changes: readonly Partial<Pack>[]) => {
  assert.ok(zone);
  const ids: string[] = [];
  for (const change of changes) ids.push(await givenPack(api.desk, zone, change));
  return ids;
};

describe('the list of an account', () => {
  it('is walked by the vendor’s client, oldest first, over all zones', async () => {
    const account = await givenAccount(api.desk, ['one.test', 'two.test']);
    const ids: string[] = [];
    for (let i = 0; i < 12; i += 1) ids.push(...(await givenPacks(account.zones[i % 2], [{}])));
    const client = new Cloudflare({ apiToken: account.token, baseURL: api.url, maxRetries: 0 });
    const seen: string[] = [];
    const list = client.getAPIList<{ id: string }, CursorPagination<{ id: string }>>(
      `/accounts/${account.id}/ssl/certificate_packs`,
      CursorPagination,
      { query: { per_page: 5 } },
    );
    for await (const pack of list) seen.push(pack.id);
    assert.deepEqual(seen, ids);
    const { result_info: info } = await ask(account, { per_page: '12' });
    assert.deepEqual(info, { count: 12, per_page: 12 }, 'no cursor at the end');
  });

  it('shows packs as their zone shows them, also those that an older version rendered', async () => {
    const account = await givenAccount(api.desk, ['old.test']);
    const [id = ''] = await givenPacks(account.zones[0], [{ status: 'active' }]);
    await api.desk.pool.query(`update packs set wire = '{}', wire_version = 0 where id = $1`, [id]);
    const { result } = await ask(account);
    const one = await api.get(`/zones/${account.zones[0]?.id}/ssl/certificate_packs/${id}`, account.token);
    const { result: pack }: { result: object } = JSON.parse(await one.text());
    assert.deepEqual(result, [pack]);
  });

  it('knows each filter alone', async () => {
    const account = await givenAccount(api.desk, ['f.test', 'g.test']);
    const [first, second] = account.zones;
    const end = new Date('2027-01-31T12:00:00Z');
    const [plain, active, google, keyless, staging, late] = await givenPacks(first, [
      {},
      { status: 'active' },
      { certificateAuthority: 'google' },
      { type: 'keyless' },
      { environment: 'staging' },
      { certificates: endingOn(end), hosts: ['late.f.test'] },
    ]);
    const [other] = await givenPacks(second, [{}]);
    const all = [plain, active, google, keyless, staging, late, other];
    const without = (...ids: (string | undefined)[]) => all.filter((id) => !ids.includes(id));
    assert.deepEqual(await walk(account), all);
    assert.deepEqual(await walk(account, { status: 'all' }), all);
    assert.deepEqual(await walk(account, { status: 'active' }), [active]);
    assert.deepEqual(await walk(account, { certificate_authority: 'google' }), [google]);
    assert.deepEqual(await walk(account, { type: 'keyless' }), [keyless]);
    assert.deepEqual(await walk(account, { deploy: 'staging' }), [staging]);
    assert.deepEqual(await walk(account, { deploy: 'production' }), without(staging));
    assert.deepEqual(await walk(account, { zone_id: second?.id ?? '' }), [other]);
    assert.deepEqual(await walk(account, { host: 'late.f.test' }), [late]);
    assert.deepEqual(await walk(account, { 'host.suffix': 'g.test' }), [other]);
    assert.deepEqual(await walk(account, { expires_before: '2027-02-01' }), [late]);
    assert.deepEqual(await walk(account, { expires_before: '2027-01-31' }), []);
    assert.deepEqual(await walk(account, { expires_before: '2027-01-31T12:00:00.001Z' }), [late]);
    assert.deepEqual(
      await walk(account, { expires_before: '2027-01-31T14:00:00+02:00' }),
      [],
      'it is exclusive',
    );
  });

  it('shows a pack with five matching hosts once, at the first of them', async () => {
    const account = await givenAccount(api.desk, ['five.test']);
    const many = ['five.test', '*.five.test', 'a.five.test', 'b.a.five.test', 'z.five.test'];
    const [five, z] = await givenPacks(account.zones[0], [{ hosts: many }, { hosts: ['z.five.test'] }]);
    assert.deepEqual(await walk(account, { 'host.suffix': 'five.test', per_page: '5' }), [five, z]);
    assert.deepEqual(await walk(account, { 'host.suffix': 'a.five.test' }), [five]);
    assert.deepEqual(await walk(account, { host: '*.five.test' }), [five], 'a wildcard stands for itself');
    assert.deepEqual(await walk(account, { host: 'q.five.test' }), [], 'and for no other name');
  });

  it('takes a suffix by whole labels', async () => {
    const account = await givenAccount(api.desk, ['example.com']);
    const [, below, apex] = await givenPacks(account.zones[0], [
      { hosts: ['badexample.com', 'example.com.evil.test', 'example.com-x.test', 'x.com'] },
      { hosts: ['www.example.com'] },
      { hosts: ['example.com'] },
    ]);
    assert.deepEqual(await walk(account, { 'host.suffix': 'example.com' }), [apex, below]);
    assert.equal((await walk(account, { 'host.suffix': 'com' })).length, 3, 'a suffix need be no host');
  });

  it('compares names in A-labels', async () => {
    const account = await givenAccount(api.desk, ['xn--bcher-kva.test']);
    const [id] = await givenPacks(account.zones[0], [{ hosts: ['WWW.Bücher.test'] }]);
    for (const host of ['www.bücher.test', 'WWW.BÜCHER.test', 'www.xn--bcher-kva.test']) {
      assert.deepEqual(await walk(account, { host }), [id]);
    }
    assert.deepEqual(await walk(account, { 'host.suffix': 'BÜCHER.test' }), [id]);
  });

  it('looks at a bounded number of packs a request, and goes on where it stopped', async () => {
    const account = await givenAccount(api.desk, ['sparse.test']);
    const [first = ''] = await givenPacks(account.zones[0], [{}]);
    await givenCopies(api.desk, await packOf(api.desk, first), 5_000);
    const [rare] = await givenPacks(account.zones[0], [{ certificateAuthority: 'ssl_com' }]);
    const query = { certificate_authority: 'ssl_com', zone_id: account.zones[0]?.id ?? '' };
    const page = await ask(account, query);
    assert.deepEqual(page.result, []);
    assert.ok(page.result_info.cursor, 'there may be more');
    assert.deepEqual(await walk(account, query), [rare]);
    assert.deepEqual(await walk(account, { certificate_authority: 'ssl_com' }), [rare]);
  });

  it('leaves out the packs of a zone that was deleted, and shows those behind them on the same page', async () => {
    const account = await givenAccount(api.desk, ['gone.test', 'here.test']);
    const [gone, here] = account.zones;
    const before = await givenPacks(here, [{}]);
    const [hidden = ''] = await givenPacks(gone, [{}]);
    await givenCopies(api.desk, await packOf(api.desk, hidden), 200);
    const behind = await givenPacks(here, [{}]);
    await hideZone(api.desk.pool, account.id, gone?.id ?? '', api.desk.clock.now());
    const { result, result_info: info } = await ask(account, { per_page: '5' });
    assert.deepEqual(
      result?.map(({ id }) => id),
      [...before, ...behind],
    );
    assert.equal(info.cursor, undefined);
    assert.equal((await ask(account, { zone_id: gone?.id ?? '' })).status, 404);
  });
});

describe('a cursor', () => {
  const filters: Readonly<Record<string, string>>[] = [
    {},
    { status: 'initializing' },
    { deploy: 'production' },
    { type: 'advanced' },
    { certificate_authority: 'lets_encrypt' },
    { expires_before: '2030-01-01' },
    { expires_before: '2030-01-02' },
    { 'host.suffix': 'cursor.test' },
    { host: 'cursor.test' },
  ];
  let account: TestAccount;
  before(async () => {
    account = await givenAccount(api.desk, ['cursor.test', 'second.test']);
    const certificates = endingOn(new Date('2027-01-01T00:00:00Z'));
    for (const zone of account.zones) {
      await givenPacks(zone, Array<Partial<Pack>>(7).fill({ certificates, hosts: ['cursor.test'] }));
    }
  });

  it('is good for its own filter and refused with every other', async () => {
    const all = [...filters, ...account.zones.map(({ id }) => ({ zone_id: id }))];
    for (const own of all) {
      const { cursor = '' } = (await ask(account, { ...own, per_page: '5' })).result_info;
      assert.notEqual(cursor, '', JSON.stringify(own));
      for (const other of all) {
        const { status, errors } = await ask(account, { ...other, cursor });
        assert.equal(status, other === own ? 200 : 400, JSON.stringify({ own, other }));
        if (other !== own) assert.deepEqual(errors[0]?.source, { pointer: '/cursor' });
      }
    }
  });

  it('may be used with another per_page', async () => {
    const { result_info: info } = await ask(account, { per_page: '5' });
    const { result } = await ask(account, { per_page: '50', cursor: info.cursor ?? '' });
    assert.equal(result?.length, 9);
  });

  it('is refused in another account, and when a character of it is another', async () => {
    const { cursor = '' } = (await ask(account, { per_page: '5' })).result_info;
    const stranger = await givenAccount(api.desk, ['stranger.test']);
    assert.equal((await ask(stranger, { cursor })).status, 400);
    for (let i = 0; i < cursor.length; i += 1) {
      const broken = cursor.slice(0, i) + (cursor[i] === 'A' ? 'B' : 'A') + cursor.slice(i + 1);
      const { status, errors } = await ask(account, { cursor: broken });
      assert.deepEqual([status, errors[0]?.source], [400, { pointer: '/cursor' }], broken);
    }
  });
});

describe('the list of an account, by its callers,', () => {
  let account: TestAccount;
  before(async () => {
    account = await givenAccount(api.desk, ['a.limited.test', 'b.limited.test']);
    for (const zone of account.zones) await givenPacks(zone, [{}]);
  });
  const refusal = async (of: { id: string }, token: string, query = {}) => {
    const response = await api.get(pathOf(of, query), token);
    const { errors, result }: Answer = JSON.parse(await response.text());
    assert.equal(result, null);
    return { status: response.status, code: errors[0]?.code, message: errors[0]?.message ?? '' };
  };

  it('is refused to another account’s token, by the name of the permission', async () => {
    const stranger = await givenAccount(api.desk, ['other.limited.test']);
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

  it('is refused for what is no id, and to an unknown token', async () => {
    assert.deepEqual((await refusal({ id: 'x' }, account.token)).code, 7003);
    assert.equal((await refusal(account, 'cp_unknown')).status, 401);
  });

  it('demands zone_id of a token limited to zones, and one of these', async () => {
    const [mine, other] = account.zones;
    const token = await tokenFor(api.desk, { accountId: account.id, zones: [mine?.id ?? ''] });
    const all = await refusal(account, token);
    assert.equal(all.status, 403);
    assert.match(all.message, /limited to certain zones: add zone_id/);
    assert.equal((await refusal(account, token, { zone_id: other?.id ?? '' })).status, 403);
    const { result } = await ask(account, { zone_id: mine?.id ?? '' }, token);
    assert.equal(result?.length, 1);
  });

  it('has no zone of another account', async () => {
    const stranger = await givenAccount(api.desk, ['foreign.limited.test']);
    const { status, code } = await refusal(account, account.token, { zone_id: stranger.zones[0]?.id ?? '' });
    assert.deepEqual([status, code], [404, 9109]);
  });

  it('has zones without packs', async () => {
    const id = await createZone(
      api.desk.pool,
      { accountId: account.id, name: 'empty.limited.test', type: 'full' },
      api.desk.clock.now(),
    );
    assert.deepEqual((await ask(account, { zone_id: id })).result, []);
  });

  it('has no page numbers: whoever counts pages is told', async () => {
    const { status, message } = await refusal(account, account.token, { page: '2' });
    assert.equal(status, 400);
    assert.match(message, /walked by cursor/);
  });
});
