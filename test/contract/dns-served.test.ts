/** What our responder answers of the records of a zone: aliases, wildcards, delegation, proxied names, validation. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, it } from 'node:test';
import { RCODE } from '../../src/dns/message/message.ts';
import { publishRecords } from '../../src/store/published-records.ts';
import { transaction } from '../../src/store/store.ts';
import { answersOf, type RecordScene, type RecordWorld, startRecords } from '../support/dns/records.ts';

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

/** Publishes a value for validation, as a pack does. */
const publish = ({ zoneId }: RecordScene, name: string, value: string) =>
  transaction(world.api.jobs.pool, (tx) =>
    publishRecords(tx, { id: randomUUID(), zone: { id: zoneId } }, { txt: [{ name, value }], files: [] }),
  );

type Type = Parameters<RecordWorld['dig']>[1];
/** Code, answers, authority of a reply. */
async function seen(name: string, type: Type): Promise<[number, string[], string[]]> {
  const reply = await world.dig(name, type);
  const authorities = (reply.authorities ?? []).map((one) => `${one.name} ${one.type}`);
  return [reply.rcode, answersOf(reply), authorities];
}

it('what has no record of a type is NODATA, what is between names too, and all else NXDOMAIN, each with the SOA', async () => {
  await given('plain.example', [
    ['www', 'A', '192.0.2.1'],
    ['deep.a.b', 'A', '192.0.2.2'],
  ]);
  const soa = ['plain.example SOA'];
  assert.deepEqual(await seen('WWW.plain.example', 'A'), [RCODE.noError, ['A 192.0.2.1'], []]);
  assert.deepEqual(await seen('www.plain.example', 'AAAA'), [RCODE.noError, [], soa]);
  assert.deepEqual(await seen('a.b.plain.example', 'A'), [RCODE.noError, [], soa]);
  assert.deepEqual(await seen('b.plain.example', 'A'), [RCODE.noError, [], soa]);
  assert.deepEqual(await seen('c.plain.example', 'A'), [RCODE.nxDomain, [], soa]);
  assert.deepEqual(await seen('x.www.plain.example', 'A'), [RCODE.nxDomain, [], soa]);
  assert.deepEqual(await seen('plain.example', 'A'), [RCODE.noError, [], soa]);
  const www = await world.dig('WwW.plain.example', 'A');
  assert.deepEqual([www.answers?.[0]?.name, www.flag_aa], ['WwW.plain.example', true]);
});

const ttls = async (name: string, type: Type) =>
  (await world.dig(name, type)).answers?.map((one) => ('ttl' in one ? one.ttl : undefined));

it('an answer may be kept for the record’s time, 300 s where it is automatic, and as briefly as any beside it', async () => {
  const at = await given('ttl.example', [
    ['auto', 'A', '192.0.2.1'],
    ['long', 'A', '192.0.2.1', { ttl: 86_400 }],
    ['two', 'A', '192.0.2.1', { ttl: 600 }],
    ['two', 'A', '192.0.2.2', { ttl: 60 }],
    ['_acme-challenge', 'TXT', 'mine', { ttl: 600 }],
  ]);
  assert.deepEqual(await ttls('auto.ttl.example', 'A'), [300]);
  assert.deepEqual(await ttls('long.ttl.example', 'A'), [86_400]);
  assert.deepEqual(await ttls('two.ttl.example', 'A'), [60, 60]);
  assert.deepEqual(await ttls('_acme-challenge.ttl.example', 'TXT'), [600]);
  await publish(at, '_acme-challenge.ttl.example', 'ours');
  assert.deepEqual(await ttls('_acme-challenge.ttl.example', 'TXT'), [1, 1]);
});

it('wildcards cover what does not exist (RFC 4592 2.2.1)', async () => {
  // The zone of the RFC's own examples.
  await given('wild.example', [
    ['*', 'TXT', 'this is a wildcard'],
    ['*', 'MX', 'host1.wild.example', { priority: 10 }],
    ['host1', 'A', '192.0.2.1'],
    ['_ssh._tcp.host1', 'SRV', '0 0 22 host1.wild.example'],
    ['_ssh._tcp.host2', 'SRV', '0 0 22 host2.wild.example'],
    ['subdel', 'NS', 'ns.example.com'],
    ['subdel', 'NS', 'ns.example.net'],
    ['*.inner', 'A', '192.0.2.9'],
  ]);
  const text = 'TXT "this is a wildcard"';
  const soa = ['wild.example SOA'];
  assert.deepEqual((await seen('host3.wild.example', 'MX'))[1].length, 1);
  assert.deepEqual(await seen('host3.wild.example', 'A'), [RCODE.noError, [], soa]);
  assert.deepEqual(await seen('foo.bar.wild.example', 'TXT'), [RCODE.noError, [text], []]);
  assert.equal((await world.dig('Foo.Bar.wild.example', 'TXT')).answers?.[0]?.name, 'Foo.Bar.wild.example');
  assert.deepEqual(await seen('*.wild.example', 'TXT'), [RCODE.noError, [text], []]);
  assert.deepEqual(await seen('host1.wild.example', 'MX'), [RCODE.noError, [], soa], 'it exists');
  assert.deepEqual(await seen('_telnet._tcp.host1.wild.example', 'SRV'), [RCODE.nxDomain, [], soa]);
  assert.deepEqual(await seen('host2.wild.example', 'TXT'), [RCODE.noError, [], soa], 'names are below it');
  assert.deepEqual(await seen('x.host2.wild.example', 'TXT'), [RCODE.nxDomain, [], soa]);
  assert.deepEqual(await seen('host.subdel.wild.example', 'A'), [
    RCODE.noError,
    [],
    ['subdel.wild.example NS', 'subdel.wild.example NS'],
  ]);
  assert.deepEqual(
    await seen('ghost.*.wild.example', 'MX'),
    [RCODE.nxDomain, [], soa],
    'no wildcard below one',
  );
  assert.deepEqual(await seen('x.inner.wild.example', 'A'), [RCODE.noError, ['A 192.0.2.9'], []]);
  assert.deepEqual(
    await seen('x.inner.wild.example', 'TXT'),
    [RCODE.noError, [], soa],
    'the nearest alone counts',
  );
  assert.deepEqual(await seen('inner.wild.example', 'TXT'), [RCODE.noError, [], soa]);
});

it('what is published for validation takes no wildcard away from the names above it', async () => {
  const at = await given('validated.example', [
    ['*', 'A', '192.0.2.1'],
    ['*', 'TXT', 'wild'],
  ]);
  await publish(at, '_acme-challenge.www.validated.example', 'value');
  assert.deepEqual(await seen('www.validated.example', 'A'), [RCODE.noError, ['A 192.0.2.1'], []]);
  assert.deepEqual((await seen('_acme-challenge.www.validated.example', 'TXT'))[1], ['TXT "value"']);
  assert.deepEqual((await seen('_acme-challenge.validated.example', 'TXT'))[1], ['TXT "wild"']);
});

it('records at a name for validation stand beside what is published there, a CNAME too', async () => {
  const at = await given('stands.example', [
    ['_acme-challenge', 'TXT', 'mine'],
    ['_acme-challenge.www', 'CNAME', 'elsewhere.example.net'],
    ['_acme-challenge.sub', 'TXT', 'below'],
    ['sub', 'NS', 'ns.example.net'],
  ]);
  const texts = async (label: string) => (await seen(`${label}.stands.example`, 'TXT'))[1];
  assert.deepEqual(await texts('_acme-challenge.www'), ['CNAME elsewhere.example.net']);
  for (const label of ['_acme-challenge', '_acme-challenge.www', '_acme-challenge.sub'])
    await publish(at, `${label}.stands.example`, 'ours');
  assert.deepEqual(await texts('_acme-challenge'), ['TXT "ours"', 'TXT "mine"']);
  assert.deepEqual(await texts('_acme-challenge.www'), ['TXT "ours"']);
  assert.deepEqual((await seen('_acme-challenge.www.stands.example', 'A'))[1], [
    'CNAME elsewhere.example.net',
  ]);
  assert.equal((await texts('_acme-challenge.sub'))[0], 'TXT "ours"');
});

it('aliases are followed as far as the names are ours, and no further than eight', async () => {
  await given('alias.example', [
    ['a', 'CNAME', 'b.alias.example'],
    ['b', 'CNAME', 'www.target.example'],
    ['out', 'CNAME', 'www.example.com'],
    ['none', 'CNAME', 'none.target.example'],
    ['self', 'CNAME', 'self.alias.example'],
    ['handed', 'CNAME', 'x.sub.target.example'],
    ['*.w', 'CNAME', 'www.target.example'],
    ...Array.from({ length: 12 }, (_, i): Line => [`n${i}`, 'CNAME', `n${i + 1}.alias.example`]),
  ]);
  await given('target.example', [
    ['www', 'A', '192.0.2.1'],
    ['sub', 'NS', 'ns.example.net'],
  ]);
  const chain = ['CNAME b.alias.example', 'CNAME www.target.example'];
  assert.deepEqual(await seen('a.alias.example', 'A'), [RCODE.noError, [...chain, 'A 192.0.2.1'], []]);
  assert.deepEqual(await seen('a.alias.example', 'AAAA'), [RCODE.noError, chain, ['target.example SOA']]);
  assert.deepEqual(await seen('a.alias.example', 'CNAME'), [RCODE.noError, [chain[0]], []]);
  assert.deepEqual(await seen('out.alias.example', 'A'), [RCODE.noError, ['CNAME www.example.com'], []]);
  const none = [RCODE.nxDomain, ['CNAME none.target.example'], ['target.example SOA']];
  assert.deepEqual(await seen('none.alias.example', 'A'), none);
  assert.deepEqual(await seen('self.alias.example', 'A'), [RCODE.noError, ['CNAME self.alias.example'], []]);
  assert.deepEqual(await seen('handed.alias.example', 'A'), [
    RCODE.noError,
    ['CNAME x.sub.target.example'],
    [],
  ]);
  const covered = ['CNAME www.target.example', 'A 192.0.2.1'];
  assert.deepEqual(await seen('x.w.alias.example', 'A'), [RCODE.noError, covered, []]);
  assert.equal((await seen('n0.alias.example', 'A'))[1].length, 8);
});

it('a name that is handed over is answered with a referral, with addresses where the zone has them', async () => {
  await given('cut.example', [
    ['sub', 'NS', 'ns1.sub.cut.example', { ttl: 600 }],
    ['sub', 'NS', 'ns.example.net', { ttl: 600 }],
    ['ns1.sub', 'A', '192.0.2.11'],
    ['ns1.sub', 'AAAA', '2001:db8::11'],
    ['deeper.sub', 'NS', 'ns.example.org'],
    ['www.sub', 'A', '192.0.2.12'],
  ]);
  for (const name of ['sub.cut.example', 'www.sub.cut.example', 'x.deeper.sub.cut.example'])
    for (const type of ['A', 'NS', 'SOA', 'TXT'] as const) {
      const reply = await world.dig(name, type);
      assert.deepEqual(
        [reply.rcode, reply.flag_aa, reply.answers],
        [RCODE.noError, false, []],
        `${name} ${type}`,
      );
      const servers = reply.authorities?.map((one) => one.type === 'NS' && [one.name, one.ttl, one.data]);
      assert.deepEqual(servers?.toSorted(), [
        ['sub.cut.example', 600, 'ns.example.net'],
        ['sub.cut.example', 600, 'ns1.sub.cut.example'],
      ]);
      const glue = reply.additionals?.map((one) => `${one.name} ${one.type}`).toSorted();
      assert.deepEqual(glue, ['ns1.sub.cut.example A', 'ns1.sub.cut.example AAAA']);
    }
  const ds = await world.dig('sub.cut.example', 'DS');
  assert.deepEqual([ds.flag_aa, ds.authorities?.[0]?.type], [true, 'SOA'], 'the parent answers for DS');
});

it('a zone of ours below answers for itself, and no record of the one above counts in it', async () => {
  await given('above.example', [['*', 'A', '192.0.2.1']]);
  assert.deepEqual((await seen('x.below.above.example', 'A'))[1], ['A 192.0.2.1']);
  const { accountId, client } = await given('other.example', []);
  const below = await client.zones.create({
    account: { id: accountId },
    name: 'below.other.example',
    type: 'full',
  });
  await client.dns.records.create({ zone_id: below.id, type: 'A', name: '@', content: '192.0.2.2', ttl: 1 });
  assert.deepEqual((await seen('below.other.example', 'A'))[1], ['A 192.0.2.2']);
  assert.deepEqual(await seen('x.below.other.example', 'A'), [
    RCODE.nxDomain,
    [],
    ['below.other.example SOA'],
  ]);
});
