import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseRate } from './response-rate.ts';

const verdicts = (rate: ResponseRate, address: string, count: number, now: number) =>
  Array.from({ length: count }, () => rate.take(address, now));

test('a network gets its answers, then every second one truncated, and others are not touched', () => {
  const rate = new ResponseRate(3);
  assert.deepEqual(verdicts(rate, '192.0.2.1', 3, 0), ['send', 'send', 'send']);
  assert.deepEqual(verdicts(rate, '192.0.2.77', 4, 0), ['drop', 'slip', 'drop', 'slip']);
  assert.equal(rate.take('192.0.3.1', 0), 'send');
});

test('a network is answered again as time passes, and never saves up more than a second’s worth', () => {
  const rate = new ResponseRate(2);
  verdicts(rate, '192.0.2.1', 5, 0);
  assert.deepEqual(verdicts(rate, '192.0.2.1', 2, 500), ['send', 'slip']);
  assert.equal(verdicts(rate, '192.0.2.1', 9, 3_600_000).filter((verdict) => verdict === 'send').length, 2);
});

test('no limit is no limit', () => {
  const rate = new ResponseRate(0);
  assert.ok(verdicts(rate, '192.0.2.1', 1_000, 0).every((verdict) => verdict === 'send'));
});

const network = (n: number): string => `10.${n >> 8}.${n & 255}.1`;

test('the table holds ten thousand networks, and the one seen longest ago makes room', () => {
  const rate = new ResponseRate(1);
  for (let n = 0; n < 10_000; n += 1) rate.take(network(n), 0);
  assert.equal(rate.take(network(0), 0), 'drop');
  assert.equal(rate.take('192.0.2.1', 0), 'send');
  assert.equal(rate.take(network(0), 0), 'slip');
  assert.equal(rate.take(network(1), 0), 'send');
});
