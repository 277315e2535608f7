import assert from 'node:assert/strict';
import { Resolver } from 'node:dns/promises';
import { after, before, test } from 'node:test';
import type { Packet, Question } from 'dns-packet';
import {
  askTcp,
  HOST,
  log,
  nameServers,
  opt,
  query,
  send,
  source,
  start,
  told,
  ZONE,
} from '../../../test/support/dns/responder.ts';
import { Fault } from '../../kit/fault.ts';
import { RCODE } from '../message/message.ts';
import { type Responder, startResponder } from './responder.ts';

let responder: Responder;
let port = 0;
before(async () => {
  responder = await start();
  port = responder.addresses[0]?.port ?? 0;
});
after(() => responder.close());

const ask = async (name: string, type: Question['type'], more: Partial<Packet> = {}) =>
  told(await send(query(name, type, more), port));

test('every value of a TXT name is answered with authority, a TTL of one second and the letters as asked', async () => {
  const reply = await ask('TwO.dcv.EXAMPLE', 'TXT');
  assert.equal(reply.flag_aa, true);
  assert.equal(reply.flag_ra, false);
  assert.equal(reply.questions?.[0]?.name, 'TwO.dcv.EXAMPLE');
  const seen = reply.answers?.map((one) => (one.type === 'TXT' ? [one.name, one.ttl, String(one.data)] : []));
  assert.deepEqual(seen, [
    ['TwO.dcv.EXAMPLE', 1, 'first'],
    ['TwO.dcv.EXAMPLE', 1, 'second'],
  ]);
});

const codes: [string, string, Question['type'], number, number][] = [
  ['a name outside our zones is refused', 'www.example.com', 'TXT', RCODE.refused, 0],
  ['the root is refused', '.', 'NS', RCODE.refused, 0],
  ['a name that does not exist is NXDOMAIN', 'none.dcv.example', 'TXT', RCODE.nxDomain, 1],
  ['a name between two others exists', 'a.b.dcv.example', 'TXT', RCODE.noError, 1],
  ['CAA is NODATA', 'one.dcv.example', 'CAA', RCODE.noError, 1],
  ['A is NODATA', 'one.dcv.example', 'A', RCODE.noError, 1],
  ['AAAA is NODATA', 'one.dcv.example', 'AAAA', RCODE.noError, 1],
  ['DS at the apex is NODATA', ZONE, 'DS', RCODE.noError, 1],
  ['a failing source is SERVFAIL', 'broken.dcv.example', 'TXT', RCODE.servFail, 0],
  ['a zone transfer is refused', ZONE, 'AXFR', RCODE.refused, 0],
  ['bytes no name of ours has are NXDOMAIN in a zone', 'a b.dcv.example', 'TXT', RCODE.nxDomain, 1],
  ['bytes no name of ours has are refused outside', 'a b', 'TXT', RCODE.refused, 0],
];
for (const [name, asked, type, rcode, authorities] of codes) {
  test(name, async () => {
    const reply = await ask(asked, type);
    assert.equal(reply.rcode, rcode);
    assert.equal(reply.answers?.length, 0);
    assert.equal(reply.authorities?.length, authorities);
    assert.equal(reply.flag_aa, authorities === 1);
    if (authorities === 1) assert.equal(reply.authorities?.[0]?.type, 'SOA');
  });
}

test('changes of a zone are refused too, with the SOA that comes with the question', async () => {
  const data = { mname: 'a', rname: 'b', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 1 };
  const reply = await ask(ZONE, 'IXFR', { authorities: [{ type: 'SOA', name: ZONE, data }] });
  assert.deepEqual([reply.rcode, reply.answers, reply.authorities], [RCODE.refused, [], []]);
});

test('the apex has SOA and NS, and addresses of name servers inside the zone', async () => {
  const soa = (await ask(ZONE, 'SOA')).answers?.[0];
  assert.ok(soa?.type === 'SOA' && soa.data.mname === 'ns1.dcv.example' && soa.data.minimum === 1);
  const ns = await ask(ZONE, 'NS');
  assert.deepEqual(
    ns.answers?.map((one) => one.type === 'NS' && one.data),
    ['ns1.dcv.example', 'ns2.elsewhere.example'],
  );
  assert.deepEqual(
    ns.additionals?.map((one) => [one.type, one.name]),
    [
      ['A', 'ns1.dcv.example'],
      ['AAAA', 'ns1.dcv.example'],
    ],
  );
  const address = (await ask('ns1.dcv.example', 'AAAA')).answers?.[0];
  assert.equal(address?.type === 'AAAA' && address.data, '2001:db8::1');
});

test('EDNS is echoed, and a version that we do not speak is told so', async () => {
  const reply = await ask('one.dcv.example', 'TXT', opt(4_096));
  assert.equal(reply.additionals?.[0]?.type === 'OPT' && reply.additionals[0].udpPayloadSize, 1_232);
  assert.equal((await ask('one.dcv.example', 'TXT')).additionals?.length, 0);
  const future = (await ask('one.dcv.example', 'TXT', opt(1_232, 1))).additionals?.[0];
  assert.equal(future?.type === 'OPT' && future.extendedRcode, 1);
});

test('what is too long for UDP is truncated, and whole over TCP', async () => {
  for (const more of [{}, opt(512), opt(65_535)]) {
    const bytes = await send(query('many.dcv.example', 'TXT', more), port);
    assert.ok(bytes && bytes.length <= 512);
    assert.equal(told(bytes).flag_tc, true);
  }
  const [whole, next] = await askTcp(
    [query('many.dcv.example', 'TXT'), query('one.dcv.example', 'TXT')],
    port,
  );
  assert.equal(told(whole).answers?.length, 60);
  assert.equal(told(next).answers?.length, 1);
});

test('ANY gets one small record, and other classes are refused', async () => {
  const any = query('many.dcv.example', 'TXT');
  any.writeUInt16BE(255, any.length - 4);
  assert.deepEqual(
    told(await send(any, port)).answers?.map((one) => one.type),
    ['HINFO'],
  );
  const chaos = query('one.dcv.example', 'TXT');
  chaos.writeUInt16BE(3, chaos.length - 2);
  assert.equal(told(await send(chaos, port)).rcode, RCODE.refused);
});

test('odd packets get a code, and responses get nothing', async () => {
  const twoQuestions = query('one.dcv.example', 'TXT');
  twoQuestions.writeUInt16BE(2, 4);
  assert.equal(told(await send(twoQuestions, port)).rcode, RCODE.formErr);
  assert.equal(told(await send(query('one.dcv.example', 'TXT').subarray(0, 20), port)).rcode, RCODE.formErr);
  const pointer = Buffer.concat([
    query('', 'TXT').subarray(0, 12),
    Buffer.from([0xc0, 12, 0, 16, 0, 1]),
    Buffer.alloc(400),
  ]);
  assert.equal(told(await send(pointer, port)).rcode, RCODE.formErr);
  const notify = query('one.dcv.example', 'TXT');
  notify.writeUInt8(4 << 3, 2);
  assert.equal(told(await send(notify, port)).rcode, RCODE.notImp);
  const response = query('one.dcv.example', 'TXT');
  response.writeUInt8(0x80, 2);
  assert.equal(await send(response, port, 200), undefined);
  assert.equal(await send(Buffer.from([1, 2, 3]), port, 200), undefined);
});

test('Node’s own resolver reads our answers', async () => {
  const resolver = new Resolver({ timeout: 1_000, tries: 1 });
  resolver.setServers([`${HOST}:${port}`]);
  assert.deepEqual(await resolver.resolveTxt('two.dcv.example'), [['first'], ['second']]);
  assert.equal((await resolver.resolveTxt('many.dcv.example')).length, 60);
  assert.deepEqual(await resolver.resolve4('ns1.dcv.example'), ['192.0.2.1']);
  await assert.rejects(resolver.resolveCaa('one.dcv.example'), { code: 'ENODATA' });
  await assert.rejects(resolver.resolveTxt('none.dcv.example'), { code: 'ENOTFOUND' });
  await assert.rejects(resolver.resolveTxt('example.com'), { code: 'EREFUSED' });
});

test('a port that is taken is told in words', async () => {
  const listen = [{ host: HOST, port }];
  await assert.rejects(startResponder({ listen, source, nameServers, log }), (error) => {
    assert.ok(error instanceof Fault);
    assert.match(error.message, /^the DNS responder cannot listen on 127\.0\.74\.1 port \d+ \(EADDRINUSE/);
    return error.fault === 'configuration';
  });
});
