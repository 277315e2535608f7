import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import packet, { type Packet, type Question } from 'dns-packet';
import fc from 'fast-check';
import { Fault } from '../kit/fault.ts';
import { newLog } from '../kit/log.ts';
import { RCODE } from './dns/message.ts';
import { type Responder, startResponder } from './responder.ts';
import type { ResponderSource } from './validation.ts';

const HOST = '127.0.74.1';
const ZONE = 'dcv.example';
const published = new Map([
  ['one.dcv.example', ['value']],
  ['two.dcv.example', ['first', 'second']],
  ['many.dcv.example', Array.from({ length: 60 }, (_, n) => `${n}-${'x'.repeat(40)}`)],
  ['deep.a.b.dcv.example', ['value']],
]);
const source: ResponderSource = {
  zoneOf: async (name) => (name === ZONE || name.endsWith(`.${ZONE}`) ? ZONE : undefined),
  published: async (name) => {
    if (name === 'broken.dcv.example') throw new Error('no database');
    const hasBelow = [...published.keys()].some((key) => key.endsWith(`.${name}`));
    return { txt: published.get(name) ?? [], hasBelow };
  },
};
const log = newLog('silent');
const nameServers = [
  { name: 'ns1.dcv.example', addresses: ['192.0.2.1', '2001:db8::1'] },
  { name: 'ns2.elsewhere.example', addresses: ['192.0.2.2'] },
];
const start = (responsesPerSecond = 0) =>
  startResponder({ listen: [{ host: HOST, port: 0 }], source, nameServers, log, responsesPerSecond });

let responder: Responder;
let port = 0;
before(async () => {
  responder = await start();
  port = responder.addresses[0]?.port ?? 0;
});
after(() => responder.close());

/** The reply to a datagram, or undefined when none comes within `ms`. */
async function send(bytes: Uint8Array, to = port, ms = 1_000): Promise<Buffer | undefined> {
  const socket = createSocket('udp4');
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  socket.on('message', (reply) => resolve(reply));
  socket.send(bytes, to, HOST);
  const reply = await promise;
  clearTimeout(timer);
  socket.close();
  return reply;
}

interface Told extends packet.DecodedPacket {
  readonly rcode: number;
}

function told(bytes: Buffer | undefined): Told {
  assert.ok(bytes, 'no reply');
  return { ...packet.decode(bytes), rcode: bytes.readUInt16BE(2) & 15 };
}

const query = (name: string, type: Question['type'], more: Partial<Packet> = {}): Buffer =>
  packet.encode({ type: 'query', id: 7, questions: [{ name, type }], ...more });

const opt = (udpPayloadSize: number, ednsVersion = 0) => ({
  additionals: [
    {
      ...{ type: 'OPT' as const, name: '.', udpPayloadSize, ednsVersion },
      ...{ extendedRcode: 0, flags: 0, flag_do: false, options: [] },
    },
  ],
});

const ask = async (name: string, type: Question['type'], more: Partial<Packet> = {}) =>
  told(await send(query(name, type, more)));

/** Every reply on one TCP connection to `messages`. */
async function askTcp(messages: readonly Uint8Array[]): Promise<Buffer[]> {
  const socket = connect(port, HOST);
  const framed = messages.map((one) =>
    Buffer.concat([Buffer.from([one.length >> 8, one.length & 255]), one]),
  );
  socket.end(Buffer.concat(framed));
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await once(socket, 'close', { signal: AbortSignal.timeout(5_000) });
  const replies: Buffer[] = [];
  for (let rest = Buffer.concat(chunks); rest.length > 2; rest = rest.subarray(2 + rest.readUInt16BE(0))) {
    replies.push(rest.subarray(2, 2 + rest.readUInt16BE(0)));
  }
  return replies;
}

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
    const bytes = await send(query('many.dcv.example', 'TXT', more));
    assert.ok(bytes && bytes.length <= 512);
    assert.equal(told(bytes).flag_tc, true);
  }
  const [whole, next] = await askTcp([query('many.dcv.example', 'TXT'), query('one.dcv.example', 'TXT')]);
  assert.equal(told(whole).answers?.length, 60);
  assert.equal(told(next).answers?.length, 1);
});

test('ANY gets one small record, and other classes are refused', async () => {
  const any = query('many.dcv.example', 'TXT');
  any.writeUInt16BE(255, any.length - 4);
  assert.deepEqual(
    told(await send(any)).answers?.map((one) => one.type),
    ['HINFO'],
  );
  const chaos = query('one.dcv.example', 'TXT');
  chaos.writeUInt16BE(3, chaos.length - 2);
  assert.equal(told(await send(chaos)).rcode, RCODE.refused);
});

test('odd packets get a code, and responses get nothing', async () => {
  const twoQuestions = query('one.dcv.example', 'TXT');
  twoQuestions.writeUInt16BE(2, 4);
  assert.equal(told(await send(twoQuestions)).rcode, RCODE.formErr);
  assert.equal(told(await send(query('one.dcv.example', 'TXT').subarray(0, 20))).rcode, RCODE.formErr);
  const pointer = Buffer.concat([query('', 'TXT').subarray(0, 12), Buffer.from([0xc0, 12, 0, 16, 0, 1])]);
  assert.equal(told(await send(pointer)).rcode, RCODE.formErr);
  const notify = query('one.dcv.example', 'TXT');
  notify.writeUInt8(4 << 3, 2);
  assert.equal(told(await send(notify)).rcode, RCODE.notImp);
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

test('no packet stops the responder', async () => {
  const good = query('two.dcv.example', 'TXT', opt(1_232));
  const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
  const changed = changes.map((list) => {
    const bytes = Buffer.from(good);
    for (const [at, value] of list) bytes[at] = value;
    return bytes;
  });
  const junk = fc.uint8Array({ minLength: 1, maxLength: 600 });
  const socket = createSocket('udp4');
  for (const bytes of fc.sample(fc.oneof(junk, changed, changed), 1_500)) socket.send(bytes, port, HOST);
  assert.equal((await ask('two.dcv.example', 'TXT')).answers?.length, 2);
  socket.close();
  for (const bytes of fc.sample(fc.oneof(junk, changed), 100)) {
    const [, reply] = await askTcp([bytes, good]);
    if (reply) assert.equal(told(reply).id, 7);
  }
  assert.equal((await ask('two.dcv.example', 'TXT')).answers?.length, 2);
});

test('a client that is too fast is sent to TCP, where it is answered', async () => {
  const slow = await start(2);
  const at = slow.addresses[0]?.port ?? 0;
  try {
    const replies: Buffer[] = [];
    for (let n = 0; n < 8; n += 1)
      replies.push((await send(query('one.dcv.example', 'TXT'), at, 100)) ?? Buffer.alloc(0));
    const seen = replies.map((bytes) =>
      bytes.length === 0 ? 'none' : told(bytes).flag_tc ? 'truncated' : 'whole',
    );
    assert.deepEqual(seen.slice(0, 4), ['whole', 'whole', 'none', 'truncated']);
    const resolver = new Resolver({ timeout: 500, tries: 4 });
    resolver.setServers([`${HOST}:${at}`]);
    assert.deepEqual(await resolver.resolveTxt('one.dcv.example'), [['value']]);
  } finally {
    await slow.close();
  }
});

test('more TCP connections than one network may have are closed at once', async () => {
  const sockets = Array.from({ length: 80 }, () => connect(port, HOST));
  const closed = sockets.map((socket) => once(socket.resume(), 'close'));
  await Promise.race(closed);
  assert.equal((await ask('one.dcv.example', 'TXT')).answers?.length, 1);
  for (const socket of sockets) socket.destroy();
  await Promise.all(closed);
});

test('a message longer than any question ends its connection', async () => {
  assert.deepEqual(await askTcp([Buffer.alloc(5_000)]), []);
});

test('a port that is taken is told in words', async () => {
  const listen = [{ host: HOST, port }];
  await assert.rejects(startResponder({ listen, source, nameServers, log }), (error) => {
    assert.ok(error instanceof Fault);
    assert.match(
      error.message,
      /^the DNS responder cannot listen on 127\.0\.74\.1 port \d+ \(bind EADDRINUSE/,
    );
    return error.fault === 'configuration';
  });
});
