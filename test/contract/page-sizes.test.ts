/** Pages of any size from 1 to 1,000, in every list. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { seed } from '../../bench/seed/seed.ts';
import { createZone } from '../../src/operation/create-zone.ts';
import { OPERATOR } from '../../src/store/audit.ts';
import { createToken } from '../../src/store/tokens.ts';

import { startApi, type TestApi } from '../support/api.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let accountId: string;
let token: string;
let zoneId: string;
before(async () => {
  api = await startApi(ends);
  const { host = '', port = 0, user = '', password, database = '' } = api.jobs.pool.options;
  const url = `postgres://${user}:${encodeURIComponent(String(password))}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`;
  await seed({ url, packs: 4_000, zones: 40, largest: 2_500, isMixed: true }, () => undefined);
  const { rows } = await api.jobs.pool.query<{ id: string; account_id: string }>(
    'select zones.id, account_id from zones join accounts on accounts.id = account_id where accounts.name = $1 order by next_ord desc limit 1',
    ['bench'],
  );
  const [largest] = rows;
  assert.ok(largest);
  [zoneId, accountId] = [largest.id, largest.account_id];
  token = await createToken(
    api.jobs.pool,
    { accountId, name: 'first', access: 'read' },
    api.jobs.clock.now(),
  );
});
after(() => ends.disposeAsync());

interface Page {
  readonly status: number;
  readonly result: readonly { readonly id: string }[] | null;
  readonly result_info: {
    readonly page: number;
    readonly per_page: number;
    readonly count: number;
    readonly total_count: number;
    readonly total_pages: number;
    readonly cursor?: string;
  };
  readonly errors: readonly { readonly source?: { readonly pointer: string } }[];
}

async function ask(path: string): Promise<Page> {
  const answer = await api.get(path, token);
  const page: Omit<Page, 'status'> = JSON.parse(await answer.text());
  return { ...page, status: answer.status };
}

/** Ids of every page, as a script goes that stops at a page that is shorter than it asked for. */
async function walk(path: string, perPage: number): Promise<string[]> {
  const ids: string[] = [];
  for (let page = 1; ; page++) {
    const { status, result, result_info: info } = await ask(`${path}&per_page=${perPage}&page=${page}`);
    assert.equal(status, 200);
    assert.deepEqual([info.page, info.per_page, info.count], [page, perPage, result?.length]);
    assert.equal(info.total_pages, Math.ceil(info.total_count / perPage));
    ids.push(...(result ?? []).map(({ id }) => id));
    if ((result ?? []).length < perPage) return ids;
  }
}

const FILTERS = ['status=all', 'deploy=production', 'status=active', 'status=all&deploy=staging'];
for (const filter of FILTERS) {
  it(`pages of every size show the same packs of a zone by ${filter}`, async () => {
    const path = `/zones/${zoneId}/ssl/certificate_packs?${filter}`;
    const expected = await walk(path, 50);
    assert(expected.length > 100, `only ${expected.length} packs`);
    for (const size of [7, 49, 51, 100, 200, 999, 1_000])
      assert.deepEqual(await walk(path, size), expected, String(size));
    const singles = await Promise.all(
      Array.from({ length: 40 }, (_, i) => ask(`${path}&per_page=1&page=${2 * i + 1}`)),
    );
    assert.deepEqual(
      singles.map(({ result }) => result?.[0]?.id),
      Array.from({ length: 40 }, (_, i) => expected[2 * i]),
    );
  });
}

it('large pages that are asked for at once are all answered, each whole', async () => {
  const path = `/zones/${zoneId}/ssl/certificate_packs?status=all&per_page=1000`;
  const expected = await Promise.all(
    [1, 2, 3].map(async (page) => (await api.get(`${path}&page=${page}`, token)).text()),
  );
  const bodies = await Promise.all(
    Array.from({ length: 60 }, async (_, i) => (await api.get(`${path}&page=${(i % 3) + 1}`, token)).text()),
  );
  for (const [i, body] of bodies.entries()) assert(body === expected[i % 3], `answer ${i}: other bytes`);
});

it('a large page that the client has is not sent again', async () => {
  const url = `${api.url}/zones/${zoneId}/ssl/certificate_packs?status=all&per_page=1000`;
  const headers = { authorization: `Bearer ${token}` };
  const first = await fetch(url, { headers });
  await first.arrayBuffer();
  const tag = first.headers.get('etag') ?? assert.fail();
  const again = await fetch(url, { headers: { ...headers, 'if-none-match': tag } });
  assert.deepEqual([again.status, (await again.arrayBuffer()).byteLength], [304, 0]);
});

it('the packs of an account are walked by pages of any size', async () => {
  const walked = async (size: number): Promise<string[]> => {
    const ids: string[] = [];
    let cursor = '';
    for (;;) {
      const path = `/accounts/${accountId}/ssl/certificate_packs?per_page=${size}${cursor}`;
      const { status, result, result_info: info } = await ask(path);
      assert.deepEqual([status, info.per_page, info.count], [200, size, result?.length]);
      ids.push(...(result ?? []).map(({ id }) => id));
      if (info.cursor === undefined) return ids;
      assert.equal(result?.length, size, 'a page is short that is not the last');
      cursor = `&cursor=${encodeURIComponent(info.cursor)}`;
    }
  };
  const expected = await walked(50);
  assert.equal(new Set(expected).size, expected.length);
  for (const size of [49, 100, 101, 200, 1_000]) assert.deepEqual(await walked(size), expected, String(size));
  const { result } = await ask(`/accounts/${accountId}/ssl/certificate_packs?per_page=1`);
  assert.deepEqual(
    result?.map(({ id }) => id),
    expected.slice(0, 1),
  );
});

it('zones, tokens and accounts come in pages of any size', async () => {
  const now = api.jobs.clock.now();
  for (let i = 0; i < 70; i++) {
    await createToken(api.jobs.pool, { accountId, name: `t${i}`, access: 'read' }, now);
    await createZone(api.deps, { accountId, name: `z${i}.sizes.test`, type: 'partial' }, OPERATOR);
  }
  for (const path of ['/zones', '/user/tokens', '/accounts']) {
    const expected = await walk(`${path}?`, 50);
    for (const size of [1, 4, 60, 100, 1_000])
      assert.deepEqual(await walk(`${path}?`, size), expected, `${path} ${size}`);
  }
});

const LISTS = [
  () => `/zones/${zoneId}/ssl/certificate_packs`,
  () => '/zones',
  () => '/user/tokens',
  () => '/accounts',
];
it('page 0 is page 1, and what is out of range is refused with a pointer', async () => {
  for (const path of LISTS) {
    const [zero, one] = [await ask(`${path()}?page=0`), await ask(`${path()}?page=1`)];
    assert.deepEqual(zero, one);
    assert.equal(zero.result_info.page, 1);
    for (const [name, value] of [
      ['page', '-1'],
      ['page', '1.5'],
      ['per_page', '0'],
      ['per_page', '1001'],
      ['per_page', 'all'],
    ]) {
      const { status, errors } = await ask(`${path()}?${name}=${value}`);
      assert.deepEqual([status, errors[0]?.source?.pointer], [400, `/${name}`]);
    }
  }
  const byCursor = `/accounts/${accountId}/ssl/certificate_packs`;
  for (const query of ['page=0', 'page=1', 'per_page=0', 'per_page=1001'])
    assert.equal((await ask(`${byCursor}?${query}`)).status, 400, query);
  assert.equal((await ask(`/zones/${zoneId}/ssl/certificate_packs?status=served`)).status, 400);
});
