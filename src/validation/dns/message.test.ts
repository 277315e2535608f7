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

test('a message of pointers to pointers costs little', () => {
  const bytes = Buffer.alloc(65_535);
  good.copy(bytes, 0, 0, 30);
  for (const at of [6, 8, 10]) bytes.writeUInt16BE(65_535, at);
  for (let at = 32; at + 2 < 16_383; at += 2) bytes.writeUInt16BE(0xc000 | (at - 2), at);
  const started = performance.now();
  assert.equal(readReply(bytes, sent), undefined);
  assert.ok(performance.now() - started < 50);
});
