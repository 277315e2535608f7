import assert from 'node:assert/strict';
import { test } from 'node:test';
import packet, { type Answer } from 'dns-packet';
import fc from 'fast-check';
import { newQuery, readReply } from './message.ts';

const sent = newQuery('host.example', 'TXT', true);

const answers: Answer[] = [
  { name: 'host.example', type: 'CNAME', ttl: 1, data: 'a.example' },
  { name: 'a.example', type: 'TXT', ttl: 1, data: [Buffer.from('value'), Buffer.alloc(200, 'x')] },
  { name: 'example', type: 'NS', ttl: 1, data: 'ns.example' },
  { name: 'ns.example', type: 'AAAA', ttl: 1, data: '2001:db8::1' },
];
const good = packet.encode({
  type: 'response',
  id: sent.id,
  flags: packet.AUTHORITATIVE_ANSWER,
  questions: [{ name: 'host.example', type: 'TXT' }],
  answers,
});

test('a query has a random id, RD=0 and EDNS with 1232 bytes', () => {
  const query = packet.decode(sent.bytes);
  assert.equal(query.flag_rd, false);
  assert.equal(query.additionals?.[0]?.type === 'OPT' && query.additionals[0].udpPayloadSize, 1_232);
  const ids = new Set(Array.from({ length: 50 }, () => newQuery('a.example', 'A', false).id));
  assert.ok(ids.size > 40);
});

test('a reply is read by section', () => {
  const reply = readReply(good, sent);
  assert.deepEqual(
    reply?.answers.map(({ type, data }) => [type, data.slice(0, 11)]),
    [
      ['CNAME', 'a.example'],
      ['TXT', 'valuexxxxxx'],
      ['NS', 'ns.example'],
      ['AAAA', '2001:db8::1'],
    ],
  );
});

test('bytes that are no reply never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      const junk = Buffer.concat([good.subarray(0, 12), Buffer.from(bytes)]);
      readReply(junk, sent);
      readReply(Buffer.from(bytes), sent);
    }),
  );
});

test('a reply with bytes changed, cut or repeated never throws', () => {
  const change = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(change, fc.nat(good.length), (changes, end) => {
      const bytes = Buffer.from(good);
      for (const [at, value] of changes) bytes[at] = value;
      readReply(bytes, sent);
      readReply(bytes.subarray(0, end), sent);
      readReply(Buffer.concat([bytes.subarray(0, end), bytes]), sent);
    }),
    { numRuns: 1_000 },
  );
});

test('a message of pointers to pointers, thousands of steps a name, is not read', () => {
  const question = good.subarray(12, 30);
  const chain = Buffer.alloc(16_000);
  // Each pointer leads to the one before it, the first to the question's name.
  for (let at = 0; at < chain.length; at += 2)
    chain.writeUInt16BE(0xc000 | (at === 0 ? 12 : 41 + at - 2), at);
  const holder = Buffer.from([0, 0xff, 0, 0, 1, 0, 0, 0, 0, chain.length >> 8, chain.length & 255]);
  const last = 0xc000 | (41 + chain.length - 2);
  const record = Buffer.from([last >> 8, last & 255, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  const message = (count: number) => {
    const bytes = Buffer.concat([
      good.subarray(0, 12),
      question,
      holder,
      chain,
      ...Array(count).fill(record),
    ]);
    bytes.writeUInt16BE(count + 1, 6);
    return bytes;
  };
  assert.ok(readReply(message(3), sent), 'a few such records are read');
  assert.equal(readReply(message(4_000), sent), undefined);
});
