/** Names of proxied records, and names with as many records as there may be. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import {
  answersOf,
  assertRefused,
  PUBLIC,
  type RecordScene,
  type RecordWorld,
  startRecords,
} from '../support/dns/records.ts';

const ends = new AsyncDisposableStack();
let world: RecordWorld;
before(async () => {
  world = await startRecords(ends);
});
after(() => ends.disposeAsync());

type Line = readonly [name: string, type: string, content: string, more?: object];

/** A zone with these records. */
async function given(name: string, lines: readonly Line[]): Promise<RecordScene> {
  const at = await world.scene(name);
  const posts = lines.map(([label, type, content, more]) => ({
    name: label,
    type,
    content,
    ttl: 1,
    ...more,
  }));
  await at.makeAll(posts);
  return at;
}

type Type = Parameters<RecordWorld['dig']>[1];
/** Code, answers, authority of a reply. */
async function seen(name: string, type: Type): Promise<[number, string[], string[]]> {
  const reply = await world.dig(name, type);
  const authorities = (reply.authorities ?? []).map((one) => `${one.name} ${one.type}`);
  return [reply.rcode, answersOf(reply), authorities];
}

it('proxied names are answered with the public addresses of the edges, whatever their content', async () => {
  const at = await given('proxied.example', [
    ['a', 'A', '10.0.0.1', { proxied: true, ttl: 3_600 }],
    ['a', 'TXT', 'beside'],
    ['c', 'CNAME', 'origin.example.net', { proxied: true }],
    ['@', 'CNAME', 'origin.example.net', { proxied: true }],
    ['*', 'AAAA', '2001:db8::9', { proxied: true }],
    ['alias', 'CNAME', 'a.proxied.example'],
  ]);
  const { result } = await at.client.dns.records.list({ zone_id: at.zoneId, type: 'A' });
  assert.deepEqual([result[0]?.content, result[0]?.proxied, result[0]?.ttl], ['10.0.0.1', true, 1]);
  for (const name of ['a.proxied.example', 'c.proxied.example', 'proxied.example', 'x.proxied.example']) {
    assert.deepEqual((await seen(name, 'A'))[1], [`A ${PUBLIC[0]}`], name);
    assert.deepEqual((await seen(name, 'AAAA'))[1], [`AAAA ${PUBLIC[1]}`], name);
    assert.deepEqual((await seen(name, 'CNAME'))[1], [], name);
  }
  assert.deepEqual((await seen('a.proxied.example', 'TXT'))[1], ['TXT "beside"']);
  assert.deepEqual((await seen('alias.proxied.example', 'A'))[1], [
    'CNAME a.proxied.example',
    `A ${PUBLIC[0]}`,
  ]);
  assert.equal((await seen('proxied.example', 'NS'))[1][0], 'NS ns1.certpacks.example');
});

it('without public addresses nothing is proxied, and the refusal names the option', async (t) => {
  const own = new AsyncDisposableStack();
  t.after(() => own.disposeAsync());
  const at = await (await startRecords(own, { publicAddresses: [] })).scene('none.example');
  const record = { type: 'A', name: '@', content: '192.0.2.1', ttl: 1, proxied: true } as const;
  await assertRefused(at.client.dns.records.create({ zone_id: at.zoneId, ...record }), {
    code: 1004,
    pointer: '/proxied',
    words: /public_addresses/,
  });
});

it('as many records as a name may have fit one answer', async () => {
  const label = Array.from({ length: 3 }, () => 'x'.repeat(60)).join('.');
  const long = `${'y'.repeat(55)}.${'z'.repeat(55)}`;
  const at = await given('large.example', []);
  const post = (i: number) =>
    ({ type: 'MX', name: label, content: `m${i}.${long}.${long}.example`, priority: i, ttl: 1 }) as const;
  const records = at.client.dns.records;
  await records.batch({ zone_id: at.zoneId, posts: Array.from({ length: 100 }, (_, i) => post(i)) });
  await assertRefused(records.create({ zone_id: at.zoneId, ...post(100) }), { code: 1004, pointer: '/name' });
  assert.equal((await world.digTcp(`${label}.large.example`, 'MX')).answers?.length, 100);
  assert.equal((await world.dig(`${label}.large.example`, 'MX')).flag_tc, true);
});
