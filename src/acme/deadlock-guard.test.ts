import assert from 'node:assert/strict';
import { it } from 'node:test';
import { DeadlockGuard } from './deadlock-guard.ts';

/** Runs pieces of work by name, notes what runs at once, and lets each end when told. */
function given() {
  const apart = new DeadlockGuard();
  const running = new Set<string>();
  const ends = new Map<string, () => void>();
  const start = (kind: 'orders' | 'looks', name: string) =>
    apart.run(kind, async () => {
      running.add(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      running.delete(name);
    });
  const end = async (name: string) => {
    ends.get(name)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { apart, running, start, end };
}

it('runs any number of one kind at once, and the other kind only when all have ended', async () => {
  const { running, start, end } = given();
  const all = [start('orders', 'a'), start('orders', 'b'), start('looks', 'c'), start('looks', 'd')];
  assert.deepEqual([...running], ['a', 'b']);
  await end('a');
  assert.deepEqual([...running], ['b']);
  await end('b');
  assert.deepEqual([...running], ['c', 'd']);
  await end('c');
  await end('d');
  await Promise.all(all);
});

it('lets nobody who comes later pass those who wait', async () => {
  const { running, start, end } = given();
  const all = [start('orders', 'a'), start('looks', 'b'), start('orders', 'c')];
  assert.deepEqual([...running], ['a'], 'c came when b was waiting for a');
  await end('a');
  assert.deepEqual([...running], ['b']);
  await end('b');
  assert.deepEqual([...running], ['c']);
  await end('c');
  await Promise.all(all);
});

it('goes on when work fails', async () => {
  const { apart, running, start, end } = given();
  const failed = apart.run('orders', () => Promise.reject(new Error('refused')));
  const next = start('looks', 'a');
  await assert.rejects(failed, /refused/);
  assert.deepEqual([...running], ['a']);
  await end('a');
  await next;
});
