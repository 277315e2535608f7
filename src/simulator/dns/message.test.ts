import assert from 'node:assert/strict';
import { it } from 'node:test';
import { decode, encode } from 'dns-packet';
import fc from 'fast-check';
import { RCODE, readQuery, writeReply } from './message.ts';

const law = (message: Buffer) => {
  const read = readQuery(message);
  if (read === undefined) return;
  const answer = Buffer.isBuffer(read) ? read : writeReply(read, { rcode: RCODE.NOERROR }, 512);
  assert.equal(answer.readUInt16BE(0), message.readUInt16BE(0));
  assert.ok(decode(answer).flag_qr);
};

it('a DNS message of any bytes is a query that can be answered, a refusal, or nothing', () => {
  const query = encode({
    type: 'query',
    id: 1,
    questions: [{ type: 'TXT', name: '_acme-challenge.example.com' }],
  });
  const altered = fc
    .tuple(fc.nat(query.length - 1), fc.uint8Array({ maxLength: 12 }))
    .map(([at, bytes]) => Buffer.concat([query.subarray(0, at), bytes, query.subarray(at + bytes.length)]));
  const anything = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));
  fc.assert(fc.property(fc.oneof(altered, anything), law), { numRuns: 3_000 });
});

it('a DNS message whose name has a dot inside a label is not answered as another name', () => {
  const message = encode({ type: 'query', id: 1, questions: [{ type: 'A', name: 'aXb.example.com' }] });
  message[message.indexOf('X')] = '.'.charCodeAt(0);
  const read = readQuery(message);
  assert.ok(Buffer.isBuffer(read) && (read.readUInt16BE(2) & 0xf) === RCODE.FORMERR);
});
