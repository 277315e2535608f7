import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import packet, { type Packet } from 'dns-packet';
import { type Asking, NAME, startAsking, VALUES } from '../../../test/support/dns/asking.ts';
import type { Scripted } from '../../../test/support/dns/small-dns.ts';
import { OPT } from '../message/message.ts';
import { exchange } from './exchange.ts';
import { ServerMemory } from './server-memory.ts';

let asking: Asking;
before(async () => {
  asking = await startAsking();
});
after(() => asking.world.close());

/** A header alone, as a reply to `query`, with the code of RFC 1035. */
const bare = ({ id = 0 }: Packet, rcode: number): Buffer =>
  Buffer.from([id >> 8, id & 255, 0x80, rcode, 0, 0, 0, 0, 0, 0, 0, 0]);

const OPT_BACK = { ...OPT, options: [], udpPayloadSize: 1_232 };

/** How servers refuse EDNS. */
const REFUSALS: readonly (readonly [how: string, refuse: (query: Packet) => ReturnType<Scripted>])[] = [
  ['FORMERR', () => ({ flags: 1 })],
  ['FORMERR with an OPT', () => ({ flags: 1, additionals: [OPT_BACK] })],
  ['SERVFAIL', () => ({ flags: 2 })],
  ['SERVFAIL with an OPT', () => ({ flags: 2, additionals: [OPT_BACK] })],
  ['NOTIMP', () => ({ flags: 4 })],
  ['REFUSED', () => ({ flags: 5 })],
  ['NOTAUTH', () => ({ flags: 9 })],
  ['BADVERS', () => ({ additionals: [{ ...OPT_BACK, extendedRcode: 1 }] })],
  ['a bare header of FORMERR', (query) => bare(query, 1)],
  ['a bare header of REFUSED', (query) => bare(query, 5)],
  ['a bare header without an error', (query) => bare(query, 0)],
  [
    'a header with a question that is cut off',
    (query) => Buffer.concat([bare(query, 1).fill(1, 5, 6), Buffer.of(4)]),
  ],
  ['nothing but the question', () => ({})],
  ['no record and no start of the zone', () => ({ flags: packet.AUTHORITATIVE_ANSWER })],
  ['the question with an OPT', () => ({ additionals: [OPT_BACK] })],
];

const hasOpt = (query: Packet): boolean => (query.additionals ?? []).some(({ type }) => type === 'OPT');

type Refuse = (typeof REFUSALS)[number][1];

const refusing =
  (refuse: Refuse): Scripted =>
  (_, _via, query) =>
    hasOpt(query) ? refuse(query) : VALUES;

const refusingOverTcp =
  (refuse: Refuse): Scripted =>
  (question, via, query) =>
    via === 'udp'
      ? { flags: packet.AUTHORITATIVE_ANSWER | packet.TRUNCATED_RESPONSE }
      : refusing(refuse)(question, via, query);

for (const [how, refuse] of REFUSALS) {
  test(`a server that refuses EDNS by ${how} is asked without at once, and so the next time`, async () => {
    const servers = new ServerMemory();
    for (const questions of [2, 1]) {
      const started = performance.now();
      const heard = await asking.ask(refusing(refuse), { servers });
      assert.equal(heard.kind === 'reply' && heard.reply.answers.length, 1);
      assert.ok(performance.now() - started < 400);
      assert.equal(asking.world.asked.length, questions);
    }
  });

  test(`a server that refuses EDNS by ${how} over TCP alone is asked without at once`, async () => {
    const started = performance.now();
    const heard = await asking.ask(refusingOverTcp(refuse));
    assert.equal(heard.kind === 'reply' && heard.reply.answers.length, 1);
    assert.ok(performance.now() - started < 400);
  });
}

test('a server that closes TCP connections over EDNS is asked without at once', async () => {
  const udp = createSocket('udp4').bind(0, '127.0.73.3');
  await once(udp, 'listening');
  const { port } = udp.address();
  udp.on('message', (bytes, from) => {
    const { id = 0, questions = [] } = packet.decode(bytes);
    const flags = packet.AUTHORITATIVE_ANSWER | packet.TRUNCATED_RESPONSE;
    udp.send(packet.encode({ type: 'response', id, questions, flags }), from.port, from.address);
  });
  const tcp = createServer((socket) => {
    socket.on('data', (chunk) => {
      const query = packet.streamDecode(chunk);
      const { id = 0, questions = [] } = query ?? {};
      if (query && !hasOpt(query))
        socket.end(packet.streamEncode({ ...VALUES, type: 'response', id, questions }));
      else socket.resetAndDestroy();
    });
  }).listen(port, '127.0.73.3');
  await once(tcp, 'listening');
  const question = { address: '127.0.73.3', port, name: NAME, type: 'TXT' as const };
  const heard = await exchange(question, { tries: 1, spend: () => true, signal: AbortSignal.timeout(5_000) });
  assert.equal(heard.kind === 'reply' && heard.reply.answers.length, 1);
  udp.close();
  tcp.close();
});

test('what a server refuses with EDNS and without is told by its code', async () => {
  for (const refuse of [() => ({ flags: 5 }), (query: Packet) => bare(query, 5)]) {
    const started = performance.now();
    const heard = await asking.ask((_, _via, query) => refuse(query), { tries: 1 });
    assert.equal(heard.kind === 'reply' && heard.reply.rcode, 5);
    assert.ok(performance.now() - started < 400);
  }
});

test('a server that drops EDNS, or a lost datagram, costs six tenths of a second, and nothing the next time', async () => {
  const servers = new ServerMemory();
  for (const [least, most] of [
    [500, 1_000],
    [0, 300],
  ] as const) {
    const started = performance.now();
    const heard = await asking.ask((_, _via, query) => (hasOpt(query) ? undefined : VALUES), {
      tries: 2,
      servers,
    });
    assert.equal(heard.kind, 'reply');
    const waited = performance.now() - started;
    assert.ok(waited >= least && waited < most, `${waited} ms`);
  }
});
