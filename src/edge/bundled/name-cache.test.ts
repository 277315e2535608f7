import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { covers } from '../../pack/hosts.ts';
import { NameCache } from './name-cache.ts';

/** Bytes in use once the garbage is gone. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
  return process.memoryUsage().heapUsed;
}

const NAMES = ['a.test', 'b.a.test', 'c.a.test', 'd.c.a.test', 'b.test', 'c.b.test'];
const HOSTS = [...NAMES, '*.test', '*.a.test', '*.c.a.test', '*.b.test'];

function assertDropped(kept: readonly string[], hosts: readonly string[]): void {
  const cache = new NameCache<{ name: string }>({ most: 10 });
  for (const name of kept) cache.set(name, { name });
  cache.drop(hosts);
  for (const name of kept) {
    const isCovered = hosts.some((host) => covers(host, name));
    assert.equal(cache.get(name) === undefined, isCovered, name);
  }
}

test('a drop takes exactly the names that the hosts cover', () => {
  fc.assert(fc.property(fc.subarray(NAMES), fc.subarray(HOSTS), assertDropped));
});

test('names pushed out by others are forgotten under their wildcard too', () => {
  const cache = new NameCache<true>({ most: 3 });
  const before = heapUsed();
  for (let i = 0; i < 100_000; i++) cache.set(`n${i}.example.com`, true);
  assert.equal(cache.size, 3);
  assert.ok(heapUsed() - before < 3_000_000);
  cache.drop(['*.example.com']);
  assert.equal(cache.size, 0);
});

test('a name is kept for its time and no longer', async () => {
  const cache = new NameCache<true>({ most: 3, timeToLive: 0.03 });
  cache.set('a.test', true);
  assert.equal(cache.get('a.test'), true);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(cache.get('a.test'), undefined);
});
