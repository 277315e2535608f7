import assert from 'node:assert/strict';
import { it } from 'node:test';
import { KeyedMutex } from './keyed-mutex.ts';

it('runs the work of one key in turn, that of others beside it, and goes on after a failure', async () => {
  const turns = new KeyedMutex();
  const done: string[] = [];
  const first = Promise.withResolvers<void>();
  const one = turns.run('a', async () => {
    await first.promise;
    done.push('a1');
    throw new Error('lost');
  });
  const two = turns.run('a', async () => done.push('a2'));
  await turns.run('b', async () => done.push('b'));
  assert.deepEqual(done, ['b']);
  first.resolve();
  await assert.rejects(one, /lost/);
  assert.equal(await two, 3);
  assert.deepEqual(done, ['b', 'a1', 'a2']);
});
