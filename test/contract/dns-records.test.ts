/** DNS records of a zone by Cloudflare's own client, and what our responder makes of them. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { RCODE } from '../../src/dns/message/message.ts';
import {
  answersOf,
  assertRefused,
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

const records = ({ client }: RecordScene) => client.dns.records;

// oxlint-disable-next-line max-lines-per-function -- one life, from its beginning to its end
it('a record is made, told, listed, served, changed and taken away', async () => {
  const at = await world.scene('life.example');
  const zone = { zone_id: at.zoneId };
  const made = await records(at).create({ ...zone, type: 'A', name: 'www', content: '192.0.2.7', ttl: 120 });
  assert.match(made.id, /^[0-9a-f]{32}$/);
  const { id, created_on: createdOn, modified_on: modifiedOn, ...rest } = made;
  assert.deepEqual(rest, {
    name: 'www.life.example',
    type: 'A',
    content: '192.0.2.7',
    proxiable: true,
    proxied: false,
    ttl: 120,
    settings: {},
    meta: {},
    comment: null,
    tags: [],
  });
  assert.equal(createdOn, modifiedOn);
  assert.deepEqual(await records(at).get(id, zone), made);
  assert.deepEqual((await records(at).list(zone)).result, [made]);
  assert.deepEqual(answersOf(await world.dig('www.life.example', 'A')), ['A 192.0.2.7']);

  world.api.jobs.clock.advance(5);
  const edited = await records(at).edit(id, {
    ...zone,
    type: 'A',
    name: 'www',
    ttl: 1,
    comment: 'x',
    tags: ['a:b'],
  });
  assert.deepEqual([edited.content, edited.ttl, edited.comment, edited.tags], ['192.0.2.7', 1, 'x', ['a:b']]);
  assert.equal(edited.created_on, createdOn);
  assert.notEqual(edited.modified_on, modifiedOn);
  assert.equal((await world.dig('www.life.example', 'A')).answers?.[0]?.type, 'A');

  const put = await records(at).update(id, {
    ...zone,
    type: 'TXT',
    name: 'text',
    content: '"a b" "c"',
    ttl: 60,
  });
  assert.deepEqual([put.name, put.type, put.comment, put.tags], ['text.life.example', 'TXT', null, []]);
  assert.equal((await world.dig('www.life.example', 'A')).rcode, RCODE.nxDomain);
  assert.deepEqual(answersOf(await world.dig('text.life.example', 'TXT')), ['TXT "a b" "c"']);

  assert.deepEqual(await records(at).delete(id, zone), { id });
  assert.equal((await world.dig('text.life.example', 'TXT')).rcode, RCODE.nxDomain);
  const none = { status: 404, code: 81044 };
  await assertRefused(records(at).get(id, zone), none);
  await assertRefused(records(at).delete(id, zone), none);
  await assertRefused(records(at).get('x', zone), none);
  assert.deepEqual((await records(at).list(zone)).result, []);
});

// oxlint-disable-next-line complexity -- unions are narrowed one by one
it('every type is told in Cloudflare’s shape, and served', async () => {
  const at = await world.scene('types.example');
  const make = (record: object) => at.make({ ttl: 1, ...record });
  const aaaa = await make({ type: 'AAAA', name: '@', content: '2001:DB8:0:0::1' });
  assert.deepEqual([aaaa.name, aaaa.content], ['types.example', '2001:db8::1']);
  const mx = await make({ type: 'MX', name: 'types.example', content: 'Mail.types.example.', priority: 10 });
  assert.deepEqual([mx.content, 'priority' in mx && mx.priority], ['mail.types.example', 10]);
  const data = { flags: 0, tag: 'issue', value: 'ca.example; account=1' };
  const caa = await make({ type: 'CAA', name: 'types.example', data });
  assert.deepEqual([caa.content, 'data' in caa && caa.data], ['0 issue "ca.example; account=1"', data]);
  const parts = { priority: 1, weight: 2, port: 5060, target: 'sip.types.example' };
  const srv = await make({ type: 'SRV', name: '_sip._tcp', data: parts });
  assert.deepEqual([srv.name, 'data' in srv && srv.data], ['_sip._tcp.types.example', parts]);
  assert.equal(srv.content, '1 2 5060 sip.types.example');
  const cname = await make({ type: 'CNAME', name: 'bücher', content: 'BÜCHER.example.net' });
  assert.deepEqual([cname.name, cname.content], ['xn--bcher-kva.types.example', 'xn--bcher-kva.example.net']);
  await make({ type: 'TXT', name: '*.w', content: 'ä "quoted" inside'.repeat(20) });

  const served = async (name: string, type: Parameters<RecordWorld['dig']>[1]) =>
    answersOf(await world.dig(name, type));
  assert.deepEqual(await served('types.example', 'AAAA'), ['AAAA 2001:db8::1']);
  const [mail] = (await world.dig('types.example', 'MX')).answers ?? [];
  assert.deepEqual(mail?.type === 'MX' && mail.data, { preference: 10, exchange: 'mail.types.example' });
  const [policy] = (await world.dig('types.example', 'CAA')).answers ?? [];
  assert.deepEqual(policy?.type === 'CAA' && policy.data, { ...data, issuerCritical: false });
  const [service] = (await world.dig('_sip._tcp.types.example', 'SRV')).answers ?? [];
  assert.deepEqual(service?.type === 'SRV' && service.data, parts);
  assert.deepEqual(await served('xn--bcher-kva.types.example', 'A'), ['CNAME xn--bcher-kva.example.net']);
  const [text] = (await world.dig('a.w.types.example', 'TXT')).answers ?? [];
  assert.equal(
    text?.type === 'TXT' &&
      Array.isArray(text.data) &&
      Buffer.concat(text.data.map((one) => Buffer.from(one))).toString(),
    'ä "quoted" inside'.repeat(20),
  );
});

it('what a record cannot be is refused with a pointer', async () => {
  const at = await world.scene('refused.example');
  const make = (record: object) =>
    at.make({ type: 'A', name: 'www', content: '192.0.2.1', ttl: 1, ...record });
  const cases: readonly (readonly [object, string, number?])[] = [
    [{ content: '192.0.2' }, '/content', 1004],
    [{ content: '' }, '/content', 1004],
    [{ type: 'AAAA', content: 'fe80::1%eth0' }, '/content', 1004],
    [{ type: 'CNAME', content: '192.0.2.1' }, '/content', 1004],
    [{ type: 'CNAME', content: 'a b.example' }, '/content', 1004],
    [{ type: 'TXT', content: '"one" two' }, '/content', 1004],
    [{ type: 'TXT', content: 'a\0b' }, '/content', 1004],
    [{ type: 'TXT', content: 'x'.repeat(2_049) }, '/content', 1004],
    [{ type: 'MX', content: 'mail.example' }, '/priority', 1004],
    [{ type: 'CAA', data: { flags: 0, tag: 'nonsense', value: 'x' } }, '/data/tag', 1004],
    [{ type: 'CAA', data: { flags: 256, tag: 'issue', value: 'x' } }, '/data/flags', 1004],
    [{ type: 'SRV', data: { priority: 1, weight: 1, port: 70_000, target: 'x' } }, '/data/port', 1004],
    [{ type: 'PTR', content: 'x.example' }, '/type', 1400],
    [{ type: 'NS', name: '@', content: 'ns.example.net' }, '/name', 1004],
    [{ type: 'NS', name: '*', content: 'ns.example.net' }, '/name', 1004],
    [{ type: 'CNAME', name: '@', content: 'x.example.net' }, '/type', 1004],
    [{ name: 'www.elsewhere.example.' }, '/name', 1004],
    [{ name: 'a..b' }, '/name', 1004],
    [{ name: 'a.*' }, '/name', 1004],
    [{ name: '-' }, '/name', 1004],
    [{ name: 'x'.repeat(64) }, '/name', 1004],
    [{ name: `${'x'.repeat(60)}.`.repeat(4) }, '/name', 1004],
    [{ ttl: 59 }, '/ttl', 1004],
    [{ ttl: 86_401 }, '/ttl', 1004],
    [{ type: 'TXT', content: 'x', proxied: true }, '/proxied', 1004],
    [{ comment: 'x'.repeat(501) }, '/comment', 1400],
    [{ tags: ['a b:c'] }, '/tags/0', 1004],
    [{ tags: ['a', 'cf-proxied:true'] }, '/tags/1', 1004],
    [{ name: 5 }, '/name', 1400],
  ];
  for (const [record, pointer, code = 1004] of cases) await assertRefused(make(record), { code, pointer });
  assert.equal((await records(at).list({ zone_id: at.zoneId })).result.length, 0);
});

it('a CNAME stands alone, NS too, and nothing is there twice', async () => {
  const at = await world.scene('beside.example');
  const zone = { zone_id: at.zoneId };
  const make = (type: string, name: string, content: string) => at.make({ type, name, content, ttl: 1 });
  await make('A', 'a', '192.0.2.1');
  await make('A', 'a', '192.0.2.2');
  await make('TXT', 'a', 'same');
  await assertRefused(make('TXT', 'A.beside.example', '"sa" "me"'), { code: 81058 });
  await assertRefused(make('CNAME', 'a', 'x.example'), { code: 81053, pointer: '/name' });
  const alias = await make('CNAME', 'c', 'x.example');
  await assertRefused(make('A', 'c', '192.0.2.1'), { code: 81054 });
  await assertRefused(make('CNAME', 'c', 'y.example'), { code: 81053 });
  await make('NS', 'sub', 'ns1.example.net');
  await make('NS', 'sub', 'ns2.example.net');
  await assertRefused(make('A', 'sub', '192.0.2.1'), { code: 81056 });
  await assertRefused(make('NS', 'a', 'ns1.example.net'), { code: 81055 });
  const moved = { ...zone, type: 'CNAME', name: 'a', content: 'x.example', ttl: 1 } as const;
  await assertRefused(records(at).update(alias.id, moved), { code: 81053 });
  await records(at).edit(alias.id, { ...zone, type: 'CNAME', name: 'c', content: 'y.example', ttl: 1 });
  assert.equal((await records(at).list(zone)).result.length, 6);
});

it('requests that come together do not get past the rules', async () => {
  const at = await world.scene('race.example');
  const make = (type: string, content: string) => at.make({ type, name: 'www', content, ttl: 1 });
  const made = await Promise.allSettled(
    Array.from({ length: 12 }, (_, i) =>
      i % 2 === 0 ? make('CNAME', `x${i}.example`) : make('A', '192.0.2.1'),
    ),
  );
  assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 1);
});

it('records of a partial zone are made elsewhere, and those of another account are not there', async () => {
  const partial = await world.scene('partial.example', 'partial');
  const body = { type: 'A', name: 'www', content: '192.0.2.1', ttl: 1 } as const;
  const words = /of type partial/;
  await assertRefused(records(partial).create({ zone_id: partial.zoneId, ...body }), {
    code: 1004,
    pointer: '/zone_id',
    words,
  });
  assert.deepEqual((await records(partial).list({ zone_id: partial.zoneId })).result, []);
  const at = await world.scene('mine.example');
  const { id } = await records(at).create({ zone_id: at.zoneId, ...body });
  const foreign = { status: 404, code: 9109 };
  await assertRefused(records(partial).get(id, { zone_id: at.zoneId }), foreign);
  await assertRefused(Promise.resolve(records(partial).list({ zone_id: at.zoneId })), foreign);
  const other = await world.scene('other.example');
  await assertRefused(records(at).delete(id, { zone_id: other.zoneId }), foreign);
  await assertRefused(records(other).delete(id, { zone_id: other.zoneId }), { status: 404, code: 81044 });
});
