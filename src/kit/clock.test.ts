import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from './clock.ts';
import { days } from './time.ts';

describe('VirtualClock', () => {
  it('is as far ahead as it was moved on', () => {
    const clock = new VirtualClock(days(1));
    clock.advance(days(364));
    const ahead = clock.now().getTime() - Date.now();
    assert.ok(Math.abs(ahead - days(365) * 1_000) < 1_000);
  });

  it('wakes a sleeper when its time has come, by waiting or by being moved on', async () => {
    const clock = new VirtualClock();
    await clock.sleep(0.01);
    const asleep = clock.sleep(days(90));
    clock.advance(days(89));
    const early = await Promise.race([asleep.then(() => 'woke'), clock.sleep(0.02).then(() => 'asleep')]);
    assert.equal(early, 'asleep');
    clock.advance(days(1));
    await asleep;
  });

  it('sleeps longer than a timer of Node can', async () => {
    const clock = new VirtualClock();
    const asleep = clock.sleep(days(365));
    const state = await Promise.race([asleep.then(() => 'woke'), clock.sleep(0.02).then(() => 'asleep')]);
    assert.equal(state, 'asleep');
    clock.advance(days(365));
    await asleep;
  });

  it('sleeps as long as it is told to, though the time of the machine is put back or ahead meanwhile', async (t) => {
    const clock = new VirtualClock();
    const began = performance.now();
    const asleep = clock.sleep(0.3);
    const long = clock.sleep(60, AbortSignal.timeout(400));
    const real = Date.now;
    for (const shift of [-3_600_000, 3_600_000]) {
      t.mock.method(Date, 'now', () => real() + shift);
      clock.advance(0);
    }
    await asleep;
    const passed = performance.now() - began;
    assert(passed > 290 && passed < 2_000, `${passed} ms`);
    await assert.rejects(long, /timeout/);
  });

  it('ends a sleep with the reason of its signal', async () => {
    const clock = new VirtualClock();
    const reason = new Error('enough');
    await assert.rejects(clock.sleep(10, AbortSignal.abort(reason)), reason);
    const controller = new AbortController();
    const asleep = clock.sleep(10, controller.signal);
    controller.abort(reason);
    await assert.rejects(asleep, reason);
  });
});
