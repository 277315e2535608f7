import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { NoncePool } from './nonce.ts';

const takeAll = (pool: NoncePool): string[] => {
  const taken: string[] = [];
  for (let nonce = pool.take(); nonce !== undefined; nonce = pool.take()) taken.push(nonce);
  return taken;
};

it('gives every nonce out once, newest first, and keeps at most 64', () => {
  const nonces = fc.uniqueArray(fc.stringMatching(/^[\w-]{1,40}$/), { maxLength: 100 });
  const law = fc.property(nonces, (given) => {
    const pool = new NoncePool();
    for (const nonce of given) pool.put(nonce);
    assert.deepEqual(takeAll(pool), given.slice(-64).toReversed());
  });
  fc.assert(law, { numRuns: 50 });
});

it('ignores what is no nonce', () => {
  const pool = new NoncePool();
  for (const wrong of [undefined, '', 'a b', 'a=', 'é', 'x'.repeat(513), ['a'], 7]) pool.put(wrong);
  assert.equal(pool.take(), undefined);
});
