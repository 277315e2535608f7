import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Lazy } from './lazy.ts';

const never = new AbortController().signal;

it('does the work once for all who ask, until it is told to forget', async () => {
  let times = 0;
  const once = new Lazy(async () => {
    await setImmediate();
    times += 1;
    return times;
  });
  assert.deepEqual(await Promise.all([once.get(never), once.get(never)]), [1, 1]);
  assert.equal(await once.get(never), 1);
  once.forget();
  assert.equal(await once.get(never), 2);
});

it('does not keep a failure', async () => {
  const results = [Promise.reject(new Error('first')), Promise.resolve('second')];
  const once = new Lazy(() => results.shift() ?? Promise.resolve('none'));
  await assert.rejects(once.get(never), { message: 'first' });
  assert.equal(await once.get(never), 'second');
});

it('goes on for the others when one of them leaves', async () => {
  const work = Promise.withResolvers<string>();
  const once = new Lazy(() => work.promise);
  const leaving = new AbortController();
  const left = once.get(leaving.signal);
  const stayed = once.get(never);
  leaving.abort(new Error('left'));
  await assert.rejects(left, { message: 'left' });
  work.resolve('done');
  assert.equal(await stayed, 'done');
});
