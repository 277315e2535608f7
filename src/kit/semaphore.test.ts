import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Semaphore } from './semaphore.ts';

const never = new AbortController().signal;

it('runs at most the given number at once, in the order of asking', async () => {
  const slots = new Semaphore(3);
  const order: number[] = [];
  let running = 0;
  let most = 0;
  const work = (n: number) => async () => {
    order.push(n);
    running += 1;
    most = Math.max(most, running);
    await setImmediate();
    running -= 1;
    if (n === 4) throw new Error('one fails');
  };
  const numbers = Array.from({ length: 20 }, (_, n) => n);
  const results = await Promise.allSettled(numbers.map((n) => slots.run(work(n), never)));
  assert.equal(most, 3);
  assert.deepEqual(order, numbers);
  assert.equal(results.filter(({ status }) => status === 'rejected').length, 1);
});

it('lets a waiting one leave when it is aborted, and gives its turn to the next', async () => {
  const slots = new Semaphore(1);
  const first = Promise.withResolvers<void>();
  const leaving = new AbortController();
  const held = slots.run(() => first.promise, never);
  const left = slots.run(() => Promise.resolve('left'), leaving.signal);
  const next = slots.run(() => Promise.resolve('next'), never);
  leaving.abort(new Error('no more'));
  await assert.rejects(left, { message: 'no more' });
  first.resolve();
  await held;
  assert.equal(await next, 'next');
});
