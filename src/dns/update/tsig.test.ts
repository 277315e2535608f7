import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { Fault } from '../../kit/fault.ts';
import { lastRecord } from '../message/raw-records.ts';
import { openAnswer, signMessage, toTsigKey } from './tsig.ts';
import { updateMessage } from './update-message.ts';

const SECRET = Buffer.alloc(32, 7).toString('base64');
const KEY = toTsigKey({ name: 'Packs.Key.', algorithm: 'HMAC-SHA256', secret: SECRET });
const NOW = new Date('2026-03-01T00:00:00Z');
const MESSAGE = updateMessage(1, 'a.test', {
  kind: 'remove',
  records: [{ txtName: 'x.a.test', txtValue: 'v' }],
});

test('a signature is the last record, over message and variables in canonical form', () => {
  const { bytes, mac } = signMessage(MESSAGE, KEY, NOW);
  const record = lastRecord(bytes);
  assert.equal(record?.name, 'packs.key');
  assert.equal(record.type, 250);
  assert.equal(bytes.readUInt16BE(10), 1);
  const time = Math.floor(NOW.getTime() / 1_000)
    .toString(16)
    .padStart(12, '0');
  const variables = `057061636b73036b657900 00ff 00000000 0b686d61632d73686132353600 ${time} 012c 0000 0000`;
  const expected = createHmac('sha256', Buffer.alloc(32, 7))
    .update(MESSAGE)
    .update(Buffer.from(variables.replaceAll(' ', ''), 'hex'))
    .digest();
  assert.deepEqual(mac, expected);
});

test('a request is no answer to itself', () => {
  const request = signMessage(MESSAGE, KEY, NOW);
  const opened = openAnswer(request.bytes, KEY, request, NOW);
  assert.equal(opened.kind === 'refused' && opened.why, 'answers with a TSIG signature that is wrong');
});

test('a secret is in no error and in no print of a key', () => {
  for (const shown of [inspect(KEY, { depth: 9, showHidden: true }), JSON.stringify(KEY)])
    assert.ok(!shown.includes(SECRET) && !shown.includes('7, 7'), shown);
  const wrong = [
    { name: 'a b', algorithm: 'hmac-sha256', secret: SECRET },
    { name: 'a', algorithm: 'hmac-md5', secret: SECRET },
    { name: 'a', algorithm: 'hmac-sha256', secret: 'c2hvcnQ=' },
    { name: 'a', algorithm: 'hmac-sha256', secret: `${SECRET} !` },
  ];
  for (const given of wrong) {
    assert.throws(
      () => toTsigKey(given),
      (error: unknown) => {
        assert.ok(error instanceof Fault && error.fault === 'configuration');
        assert.ok(!error.message.includes(given.secret));
        return true;
      },
    );
  }
});

test('no bytes make reading an answer throw, and none of them are taken for signed', () => {
  const request = signMessage(MESSAGE, KEY, NOW);
  const change = fc.array(fc.tuple(fc.nat(request.bytes.length - 1), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(
      change,
      fc.nat(request.bytes.length),
      fc.uint8Array({ maxLength: 40 }),
      (changes, end, tail) => {
        const bytes = Buffer.concat([request.bytes.subarray(0, end), tail]);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        assert.notEqual(openAnswer(bytes, KEY, request, NOW).kind, 'signed');
      },
    ),
    { numRuns: 2_000 },
  );
});

test('names that point at themselves end', () => {
  const loop = Buffer.concat([
    Buffer.from('000100000000000000000001', 'hex'),
    Buffer.from('c00c00fa00ff000000000000', 'hex'),
  ]);
  assert.equal(lastRecord(loop), undefined);
});
