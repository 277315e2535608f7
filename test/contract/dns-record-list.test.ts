/** The list of a zone's DNS records: pages, filters, order; batches; quotas, permissions, the audit log. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { RecordListParams } from 'cloudflare/resources/dns/records';
import { assertRefused, type RecordScene, type RecordWorld, startRecords } from '../support/dns/records.ts';
import { allow, made, resources, send } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let world: RecordWorld;
let at: RecordScene;
before(async () => {
  world = await startRecords(ends, { quotas: { records: 12 } });
  at = await world.scene('list.example');
  await at.client.dns.records.batch({
    zone_id: at.zoneId,
    posts: [
      {
        type: 'A',
        name: 'a',
        content: '192.0.2.1',
        ttl: 300,
        comment: 'First One',
        tags: ['team:dns', 'prod'],
      },
      { type: 'A', name: 'b', content: '192.0.2.2', ttl: 60, proxied: true, tags: ['team:web'] },
      { type: 'CNAME', name: 'c', content: 'a.list.example', ttl: 120 },
      { type: 'TXT', name: 'a', content: 'Some Text', ttl: 1, comment: 'second' },
      { type: 'TXT', name: '@', content: '100%_sure', ttl: 1 },
    ],
  });
});
after(() => ends.disposeAsync());

const list = async (filter: Omit<RecordListParams, 'zone_id'>) => {
  const { result } = await at.client.dns.records.list({ zone_id: at.zoneId, ...filter });
  return result.map(({ name, type }) => `${name.replace(/\.?list\.example$/, '') || '@'} ${type}`);
};

it('comes in pages, in any order', async () => {
  const all = ['a A', 'b A', 'c CNAME', 'a TXT', '@ TXT'];
  assert.deepEqual((await list({})).toSorted(), all.toSorted());
  assert.deepEqual(await list({ order: 'name', per_page: 2, page: 2 }), ['b A', 'c CNAME']);
  assert.deepEqual(await list({ order: 'name', direction: 'desc', per_page: 1 }), ['@ TXT']);
  assert.deepEqual((await list({ order: 'ttl' })).at(-1), 'a A');
  assert.deepEqual(await list({ order: 'proxied', direction: 'desc', per_page: 1 }), ['b A']);
  const past = await at.client.dns.records.list({ zone_id: at.zoneId, page: 9, per_page: 2 });
  assert.deepEqual(past.result, []);
  const info: object = past.result_info;
  assert.deepEqual(info, { page: 9, per_page: 2, count: 0, total_count: 5, total_pages: 3 });
  let walked = 0;
  for await (const _ of at.client.dns.records.list({ zone_id: at.zoneId, per_page: 2 })) walked++;
  assert.equal(walked, 5);
});

const filters: readonly (readonly [Omit<RecordListParams, 'zone_id'>, readonly string[]])[] = [
  [{ type: 'A' }, ['a A', 'b A']],
  [{ type: 'TLSA' }, []],
  [{ name: { exact: 'A.list.example' } }, ['a A', 'a TXT']],
  [{ name: { contains: 'B.li' } }, ['b A']],
  [{ name: { startswith: 'c' } }, ['c CNAME']],
  [{ name: { endswith: '.list.example' }, type: 'A' }, ['a A', 'b A']],
  [{ content: { exact: 'some text' } }, ['a TXT']],
  [{ content: { contains: '%_' } }, ['@ TXT']],
  [{ content: { startswith: '192.0.2.', endswith: '.2' } }, ['b A']],
  [{ comment: { present: '' } }, ['a A', 'a TXT']],
  [{ comment: { absent: '' }, type: 'TXT' }, ['@ TXT']],
  [{ comment: { contains: 'first' } }, ['a A']],
  [{ tag: { present: 'TEAM' } }, ['a A', 'b A']],
  [{ tag: { absent: 'team' }, type: 'A' }, []],
  [{ tag: { exact: 'team:web' } }, ['b A']],
  [{ tag: { contains: 'team:n' } }, ['a A']],
  [{ comment: { exact: 'FIRST one' } }, ['a A']],
  [{ comment: { startswith: 'sec' } }, ['a TXT']],
  [{ comment: { endswith: 'ONE' } }, ['a A']],
  [{ content: { endswith: 'text' } }, ['a TXT']],
  [{ tag: { startswith: 'TEAM:d' } }, ['a A']],
  [{ tag: { endswith: 'team:b' } }, ['b A']],
  [{ tag: { exact: 'prod' } }, ['a A']],
  [{ tag: { exact: 'prod:x' } }, []],
  [{ tag: { absent: 'prod' } }, ['b A', 'c CNAME', 'a TXT', '@ TXT']],
  [{ tag: { exact: 'team:web' }, type: 'TXT', match: 'any' }, ['b A', 'a TXT', '@ TXT']],
  [{ tag: { exact: 'team:web', present: 'prod' }, type: 'TXT', match: 'any' }, ['a TXT', '@ TXT']],
  [{ search: 'team:DNS' }, ['a A']],
  [{ search: 'first', type: 'A', proxied: true, match: 'any' }, ['a A']],
  [{ tag: { present: 'prod', exact: 'team:web' } }, []],
  [{ tag: { present: 'prod', exact: 'team:web' }, tag_match: 'any' }, ['a A', 'b A']],
  [{ proxied: true }, ['b A']],
  [{ type: 'CNAME', proxied: true, match: 'any' }, ['b A', 'c CNAME']],
  [{ search: 'SURE' }, ['@ TXT']],
  [{ search: 'a', type: 'CNAME', match: 'any' }, ['c CNAME']],
];
for (const [filter, expected] of filters) {
  it(`finds by ${JSON.stringify(filter)}`, async () => {
    assert.deepEqual((await list(filter)).toSorted(), expected.toSorted());
  });
}

const get = (query: string) => send(at.url, ['GET', `/zones/${at.zoneId}/dns_records?${query}`], at.token);

it('takes names and contents in the short form too, and refuses what it cannot read', async () => {
  const { result } = await get('name=a.list.example&type=A');
  assert(Array.isArray(result) && result.length === 1);
  for (const [query, pointer] of [
    ['per_page=1001', '/per_page'],
    ['match=some', '/match'],
    ['order=id', '/order'],
    ['proxied=1', '/proxied'],
    ['name=a&name=b', '/name'],
    ['content.contains=%00', '/content.contains'],
  ]) {
    const refused = await get(query ?? '');
    assert.deepEqual([refused.status, refused.pointer], [400, pointer], query);
  }
});

it('a batch deletes, patches, overwrites and makes in this order, all of it or nothing', async () => {
  const one = await world.scene('batch.example');
  const records = one.client.dns.records;
  const mine = { zone_id: one.zoneId };
  const make = (name: string) => records.create({ ...mine, type: 'A', name, content: '192.0.2.1', ttl: 1 });
  const [x, y, z] = [await make('x'), await make('y'), await make('z')];
  const done = await records.batch({
    ...mine,
    posts: [{ type: 'CNAME', name: 'x', content: 'y.batch.example', ttl: 1 }],
    puts: [{ id: z.id, type: 'TXT', name: 'y', content: 'now here', ttl: 1 }],
    patches: [{ id: y.id, type: 'A', name: 'y', ttl: 60 }],
    deletes: [{ id: x.id }],
  });
  assert.deepEqual(done.deletes, [x]);
  assert.deepEqual([done.patches?.[0]?.ttl, done.puts?.[0]?.name], [60, 'y.batch.example']);
  assert.equal(done.posts?.[0]?.type, 'CNAME');
  const kept = (await records.list(mine)).result;
  await assertRefused(
    records.batch({
      ...mine,
      deletes: [{ id: y.id }],
      posts: [
        { type: 'A', name: 'n', content: '192.0.2.1', ttl: 1 },
        { type: 'A', name: 'x', content: '192.0.2.1', ttl: 1 },
      ],
    }),
    { code: 81054, pointer: '/posts/1/name' },
  );
  const bad = { type: 'A', name: 'n', content: 'x', ttl: 1 } as const;
  await assertRefused(records.batch({ ...mine, posts: [bad] }), { code: 1004, pointer: '/posts/0/content' });
  await assertRefused(records.batch({ ...mine, deletes: [{ id: 'nobody' }] }), {
    status: 404,
    code: 81044,
    pointer: '/deletes/0/id',
  });
  assert.deepEqual((await records.list(mine)).result, kept);
  assert.deepEqual(await records.batch(mine), { deletes: [], patches: [], puts: [], posts: [] });
});

const post = (n: number) => ({ type: 'A', name: `n${n}`, content: '192.0.2.1', ttl: 1 }) as const;

it('a zone has so many records, and others for those that go', async () => {
  const one = await world.scene('quota.example');
  const records = one.client.dns.records;
  const mine = { zone_id: one.zoneId };
  const { posts = [] } = await records.batch({
    ...mine,
    posts: Array.from({ length: 12 }, (_, n) => post(n)),
  });
  await assertRefused(records.create({ ...mine, ...post(12) }), {
    status: 403,
    code: 1405,
    words: /zone_records/,
  });
  await records.batch({ ...mine, deletes: [{ id: posts[0]?.id ?? '' }], posts: [post(12)] });
  await records.edit(posts[1]?.id ?? '', { ...mine, ...post(1), ttl: 60 });
});

it('wants DNS Read to read and DNS Write to write', async () => {
  const one = await world.scene('rights.example');
  const path = `/zones/${one.zoneId}/dns_records`;
  const token = (name: 'DNS Read' | 'DNS Write' | 'Zone Write') =>
    made(one.url, one.token, { policies: [allow([name], resources({ zones: [one.zoneId] }))] });
  const body = { type: 'A', name: 'www', content: '192.0.2.1' };
  for (const [name, read, write] of [
    ['DNS Read', 200, 403],
    ['DNS Write', 200, 200],
    ['Zone Write', 403, 403],
  ] as const) {
    const { value } = await token(name);
    assert.equal((await send(one.url, ['GET', path], value)).status, read, name);
    const answer = await send(one.url, ['POST', path], value, { body });
    assert.equal(answer.status, write, name);
    if (write === 403) assert.match(answer.message, /'DNS Write'/);
  }
});

it('every change is in the audit log, with who made it', async () => {
  const one = await world.scene('audit.example');
  const records = one.client.dns.records;
  const mine = { zone_id: one.zoneId };
  const body = { type: 'A', name: 'www', content: '192.0.2.1', ttl: 1 } as const;
  const { id } = await records.create({ ...mine, ...body });
  await records.edit(id, { ...mine, ...body, ttl: 60 });
  await records.batch({ ...mine, deletes: [{ id }], posts: [{ ...body, name: 'other' }] });
  const query = `direction=asc&zone_id=${one.zoneId}&resource_type=dns_record`;
  const path = `/accounts/${one.accountId}/logs/audit?${query}`;
  const { result } = await send(one.url, ['GET', path], one.token);
  const seen: {
    action: { type: string };
    actor: { token_name: string };
    resource: { id: string; name: string };
  }[] = JSON.parse(JSON.stringify(result));
  assert.deepEqual(
    seen.map(({ action, actor, resource }) => [action.type, actor.token_name, resource.name]),
    [
      ['create', 'records', 'www.audit.example A'],
      ['update', 'records', 'www.audit.example A'],
      ['delete', 'records', 'www.audit.example A'],
      ['create', 'records', 'other.audit.example A'],
    ],
  );
  assert.equal(seen[0]?.resource.id, id);
});

it('records go with their zone, at once', async () => {
  const one = await world.scene('gone.example');
  await one.client.dns.records.create({
    zone_id: one.zoneId,
    type: 'A',
    name: '@',
    content: '192.0.2.1',
    ttl: 1,
  });
  await one.client.zones.delete({ zone_id: one.zoneId });
  const { pool } = world.api.jobs;
  const { rows } = await pool.query('select from dns_records where zone_id = $1', [one.zoneId]);
  assert.equal(rows.length, 0);
  assert.notEqual((await world.dig('gone.example', 'A')).rcode, 0);
});
