import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import { decode, encode, type RecordType } from 'dns-packet';
import { rows, TestDns } from '../../../test/support/simulator/dns.ts';
import { startDnsWorld } from '../dns-world.ts';
import { DNS_ADDRESSES } from '../simulator.ts';
import { RCODE, rcodeOf } from './message.ts';

const dns = await TestDns.start({ after });
const { resolver: RESOLVER } = DNS_ADDRESSES;
const [CUSTOMERS, CUSTOMERS_TOO] = DNS_ADDRESSES.customers;

it('the customers’ servers tell a name that is not from a type that is not, with the start of authority', async () => {
  await dns.put('deep.down.negative.test', 'A', '192.0.2.1');
  const cases: readonly (readonly [string, RecordType, number])[] = [
    ['nothing.negative.test', 'A', RCODE.NXDOMAIN],
    ['deep.down.negative.test', 'TXT', RCODE.NOERROR],
    ['down.negative.test', 'A', RCODE.NOERROR],
    ['negative.test', 'MX', RCODE.NOERROR],
    ['below.deep.down.negative.test', 'A', RCODE.NXDOMAIN],
  ];
  for (const [name, type, rcode] of cases) {
    const reply = await dns.look(CUSTOMERS, name, type);
    assert.deepEqual([rcodeOf(reply), reply.flag_aa, rows(reply.answers)], [rcode, true, []], name);
    assert.deepEqual(rows(reply.authorities), ['negative.test SOA start'], name);
  }
  await dns.put('deep.down.negative.test', 'A');
  assert.equal(rcodeOf(await dns.look(CUSTOMERS, 'down.negative.test', 'A')), RCODE.NXDOMAIN);
});

it('the customers’ servers both answer with every type that a customer can have', async () => {
  const sets = {
    A: ['192.0.2.1', '192.0.2.2'],
    AAAA: ['2001:db8::1'],
    CAA: ['0 issue "ca.example; account=1"'],
    MX: ['10 mail.types.test'],
    NS: ['ns.elsewhere.test'],
    TXT: ['one', 'x'.repeat(700)],
  };
  for (const [type, values] of Object.entries(sets)) await dns.put('types.test', type, ...values);
  for (const address of [CUSTOMERS, CUSTOMERS_TOO] as const) {
    const answers = async (type: RecordType) => (await dns.look(address, 'types.test', type)).answers ?? [];
    assert.deepEqual(rows(await answers('A')), ['types.test A 192.0.2.1', 'types.test A 192.0.2.2']);
    assert.deepEqual(rows(await answers('TXT')), ['types.test TXT one', `types.test TXT ${'x'.repeat(700)}`]);
    assert.deepEqual(rows(await answers('NS')), ['types.test NS ns.elsewhere.test']);
    const [caa] = await answers('CAA');
    assert.ok(caa?.type === 'CAA' && caa.data.value === 'ca.example; account=1');
    const [mx] = await answers('MX');
    assert.ok(mx?.type === 'MX' && mx.data.exchange === 'mail.types.test' && mx.data.preference === 10);
  }
});

it('the customers’ servers follow an alias within the zone, and leave one that leads out to the resolver', async () => {
  await dns.put('in.alias.test', 'CNAME', 'target.alias.test');
  await dns.put('target.alias.test', 'TXT', 'here');
  await dns.put('out.alias.test', 'CNAME', 'target.other.test');
  await dns.put('gone.alias.test', 'CNAME', 'missing.alias.test');
  await dns.put('loop.alias.test', 'CNAME', 'loop.alias.test');
  const within = await dns.look(CUSTOMERS, 'in.alias.test', 'TXT');
  assert.deepEqual(rows(within.answers), [
    'in.alias.test CNAME target.alias.test',
    'target.alias.test TXT here',
  ]);
  assert.deepEqual(rows((await dns.look(CUSTOMERS, 'out.alias.test', 'TXT')).answers), [
    'out.alias.test CNAME target.other.test',
  ]);
  assert.equal(rcodeOf(await dns.look(CUSTOMERS, 'gone.alias.test', 'TXT')), RCODE.NXDOMAIN);
  assert.equal(rcodeOf(await dns.look(CUSTOMERS, 'loop.alias.test', 'TXT')), RCODE.NOERROR);
  assert.equal(rcodeOf(await dns.look(RESOLVER, 'loop.alias.test', 'TXT')), RCODE.SERVFAIL);
});

it('the customers’ servers answer by a wildcard for what is not there, and for nothing that is', async () => {
  await dns.put('*.wild.test', 'TXT', 'any');
  await dns.put('there.wild.test', 'A', '192.0.2.1');
  const answers = async (name: string) => rows((await dns.look(CUSTOMERS, name, 'TXT')).answers);
  assert.deepEqual(await answers('one.wild.test'), ['one.wild.test TXT any']);
  assert.deepEqual(await answers('two.one.wild.test'), ['two.one.wild.test TXT any']);
  assert.deepEqual(await answers('there.wild.test'), []);
  assert.deepEqual(await answers('below.there.wild.test'), []);
  assert.deepEqual(await answers('wild.test'), []);
});

it('the customers’ servers hand a delegated name on', async () => {
  await dns.put('sub.parent.test', 'NS', 'ns1.certpacks.test');
  const reply = await dns.look(CUSTOMERS, 'x.sub.parent.test', 'TXT');
  assert.deepEqual(
    [reply.flag_aa, rows(reply.authorities)],
    [false, ['sub.parent.test NS ns1.certpacks.test']],
  );
});

it('the customers’ servers keep spelling, echo EDNS, and cut over UDP what only TCP can carry', async () => {
  await dns.put('Big.Size.test', 'TXT', ...Array.from({ length: 20 }, (_, i) => `${i}`.padEnd(100, 'x')));
  const question = { type: 'TXT', name: 'bIg.sIzE.tEsT' } as const;
  const plain = decode(await dns.raw(CUSTOMERS, encode({ type: 'query', id: 7, questions: [question] })));
  assert.equal(plain.questions?.[0]?.name, 'bIg.sIzE.tEsT');
  assert.deepEqual(
    [plain.id, plain.flag_tc, plain.answers?.length, plain.additionals?.length],
    [7, true, 0, 0],
  );
  const whole = await dns.look(CUSTOMERS, 'big.size.test', 'TXT');
  assert.deepEqual([whole.flag_tc, whole.answers?.length, whole.additionals?.[0]?.type], [false, 20, 'OPT']);
});

const rcode = async (message: Buffer) => rcodeOf(decode(await dns.raw(CUSTOMERS, message)));

it('the customers’ servers refuse what is no question of theirs', async () => {
  const query = encode({ type: 'query', id: 1, questions: [{ type: 'A', name: 'example.com' }] });
  const chaos = encode({
    type: 'query',
    id: 1,
    questions: [{ type: 'TXT', name: 'example.com', class: 'CH' }],
  });
  const notify = Buffer.from(query);
  notify.writeUInt16BE(4 << 11, 2);
  assert.equal(await rcode(chaos), RCODE.REFUSED);
  assert.equal(await rcode(notify), RCODE.NOTIMP);
  const transfer = encode({ type: 'query', id: 1, questions: [{ type: 'AXFR', name: 'example.com' }] });
  assert.equal(await rcode(transfer), RCODE.REFUSED);
  assert.equal(await rcode(query.subarray(0, 20)), RCODE.FORMERR);
  assert.equal(await rcode(encode({ type: 'query', id: 1, questions: [] })), RCODE.FORMERR);
  assert.equal(
    await rcode(encode({ type: 'query', id: 1, questions: [{ type: 'A', name: 'com' }] })),
    RCODE.REFUSED,
  );
});

it('customers’ records are there again after a restart', async () => {
  await dns.put('kept.test', 'TXT', 'kept');
  const again = await startDnsWorld({ dir: dns.dir, port: 0, nameServers: [] });
  try {
    assert.deepEqual(again.records.at('kept.test')?.get('TXT'), ['kept']);
  } finally {
    await again.close();
  }
});
