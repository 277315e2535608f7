import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Endings } from './endings.ts';
import { newLog } from './log.ts';

const log = newLog('silent');

test('what was started is ended in the opposite order, one after the other', async () => {
  const ended: string[] = [];
  const endings = new Endings(log, 5);
  endings.defer('first', async () => {
    await delay(10);
    ended.push('first');
  });
  endings.defer('second', () => ended.push('second'));
  assert.deepEqual(await endings.end(), []);
  assert.deepEqual(ended, ['second', 'first']);
});

test('what hangs is named when its time is over, what fails is no reason to stop, and the rest is ended', async () => {
  const ended: string[] = [];
  const endings = new Endings(log, 0.4);
  endings.defer('last', () => ended.push('last'));
  endings.defer('fails', () => Promise.reject(new Error('no')));
  endings.defer('hangs', () => new Promise(() => undefined), 0.5);
  endings.defer('hangs too', () => new Promise(() => undefined), 0.25);
  const began = performance.now();
  assert.deepEqual(await endings.end(), ['hangs too', 'hangs']);
  assert(performance.now() - began < 1_000);
  assert.deepEqual(ended, ['last']);
});

test('a block that fails ends what it had started, and one that succeeds keeps it', async () => {
  const ended: string[] = [];
  const start = async (isGood: boolean) => {
    await using endings = new Endings(log, 1);
    endings.defer('it', () => ended.push('it'));
    if (!isGood) throw new Error('later part failed');
    endings.keep();
    return endings;
  };
  await assert.rejects(start(false));
  assert.deepEqual(ended, ['it']);
  const kept = await start(true);
  assert.deepEqual(ended, ['it']);
  await kept.end();
  assert.deepEqual(ended, ['it', 'it']);
});
