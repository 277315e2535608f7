import assert from 'node:assert/strict';
import { it } from 'node:test';
import { KeyedSignal } from './keyed-signal.ts';

it('wakes all who wait for an id, and nobody else before the time', async () => {
  const signal = new KeyedSignal<string>();
  const woken: string[] = [];
  const wait = async (name: string, id: string, ms: number) => {
    woken.push(`${name} ${await signal.next(id, ms)}`);
  };
  const all = [wait('one', 'a', 60_000), wait('two', 'a', 60_000), wait('late', 'b', 20)];
  signal.notify('a', 'moved');
  signal.notify('nobody');
  await Promise.all(all.slice(0, 2));
  assert.deepEqual(woken, ['one moved', 'two moved']);
  await all[2];
  assert.deepEqual(woken, ['one moved', 'two moved', 'late undefined']);
});
