import assert from 'node:assert/strict';
import { test } from 'node:test';
import { demandDefinite, ifDer, NotDer, valuesIn, valuesOf } from './der-values.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const contentsOf = (text: string) => valuesOf(hex(text)).map(({ contents }) => contents.toString('hex'));

test('values are read by their lengths, in short and in long form; what is cut off is none', () => {
  assert.deepEqual(contentsOf('0401aa 0400 04820001bb'), ['aa', '', 'bb']);
  assert.equal(valuesOf(Buffer.concat([hex('04 8180'), Buffer.alloc(128)]))[0]?.contents.length, 128);
  assert.deepEqual(contentsOf('0401aa 0402bb'), ['aa']);
  assert.deepEqual(contentsOf('0485 0000000001 aa'), [], 'more bytes of length than there is memory');
});

test('a value of indefinite length is refused wherever it stands, and never read as one of none, or of 128 bytes', () => {
  const open = Buffer.concat([hex('30 80 0401aa 0000'), Buffer.alloc(200)]);
  assert.throws(() => valuesOf(open), NotDer);
  assert.throws(
    () => valuesOf(Buffer.concat([hex('0401aa'), open])),
    /indefinite length, which is BER and not DER/,
  );
  const inner = Buffer.concat([hex('30 81ff'), open]).subarray(0, 3 + 0xff);
  const within = Buffer.concat([inner, Buffer.alloc(3 + 0xff - inner.length)]);
  assert.equal(valuesOf(within).length, 1);
  assert.throws(() => valuesIn(within), NotDer);
  assert.throws(() => demandDefinite(within), NotDer);
  demandDefinite(hex('04 03 30 80 00'));
  assert.equal(
    ifDer(() => valuesOf(open).length, 'none'),
    'none',
  );
});
