import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Clock } from '../kit/clock.ts';
import { Pace, poll } from './poll.ts';

/** A clock on which sleeping takes no time of ours; it notes how long was slept. */
function noted(): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  let now = 0;
  const sleep = (seconds: number, signal?: AbortSignal) => {
    signal?.throwIfAborted();
    slept.push(seconds);
    now += seconds * 1_000;
    return Promise.resolve();
  };
  return { slept, now: () => new Date(now), sleep };
}

const never = new AbortController().signal;
const answers = (...seen: { done?: boolean; retryAfter?: number }[]) => {
  const rest = [...seen];
  return () => Promise.resolve(rest.shift() ?? { done: false });
};
const isDone = ({ done }: { done?: boolean }) => done === true;

it('waits longer each time, three times as long, and ends with what was seen last', async () => {
  const clock = noted();
  const seen = await poll(answers(), isDone, { clock, pace: new Pace(), within: 60 }, never);
  assert.deepEqual(seen, { done: false });
  const waits = clock.slept;
  assert.ok(
    waits.every((wait, i) => i < 2 || wait > 2.3 * (waits[i - 1] ?? 0)),
    waits.join(' '),
  );
  assert.ok(waits.length <= 8, 'few are for nothing');
  assert.ok(clock.now().getTime() <= 60_000);
});

it('comes back when the server asks for it', async () => {
  const clock = noted();
  const look = answers({ retryAfter: 3 }, { done: true });
  await poll(look, isDone, { clock, pace: new Pace(), within: 20, retryAfter: 7 }, never);
  assert.deepEqual(clock.slept, [7, 3]);
});

it('does not wait for a time that lies beyond its end', async () => {
  const clock = noted();
  const options = { clock, pace: new Pace(), within: 20 };
  assert.equal(await poll(answers(), isDone, { ...options, retryAfter: 30 }, never), undefined);
  assert.deepEqual(clock.slept, []);
  await poll(answers({ retryAfter: 600 }), isDone, options, never);
  assert.equal(clock.slept.length, 1);
});

it('learns when it is worth looking first', async () => {
  const pace = new Pace();
  const takes = (seconds: number) => {
    const clock = noted();
    const look = (): Promise<{ done: boolean; retryAfter?: number }> =>
      Promise.resolve({ done: clock.now().getTime() >= seconds * 1_000 });
    return poll(look, isDone, { clock, pace, within: 20 }, never).then(() => clock.slept);
  };
  assert.ok((await takes(1.5)).length > 3);
  const looks = [];
  for (let i = 0; i < 20; i += 1) looks.push((await takes(1.5)).length);
  assert.ok(looks.filter((count) => count > 1).length <= 4, looks.join(' '));
});

it('rejects with the reason of an abort', async () => {
  const aborted = AbortSignal.abort(new Error('stop'));
  const options = { clock: noted(), pace: new Pace(), within: 20 };
  await assert.rejects(poll(answers(), isDone, options, aborted), { message: 'stop' });
});
