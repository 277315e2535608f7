import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { delegationsAfter } from './delegation.ts';

const target = fc.constantFrom('a', 'b', 'c', 'd');
const seen = fc.array(fc.record({ target, isLedTo: fc.boolean() }));

test('what a look does not tell stays as it was, and what it tells is as it told last', () => {
  fc.assert(
    fc.property(fc.uniqueArray(target), seen, (before, looks) => {
      const after = delegationsAfter(before, looks);
      for (const one of ['a', 'b', 'c', 'd'] as const) {
        const told = looks.findLast((look) => look.target === one)?.isLedTo;
        assert.equal(after.includes(one), told ?? before.includes(one));
      }
      assert.equal(new Set(after).size, after.length);
    }),
  );
});

test('looks that tell nothing new change nothing', () => {
  const before = ['a', 'b'];
  assert.equal(delegationsAfter(before, []), before);
  const looks = [
    { target: 'a', isLedTo: true },
    { target: 'c', isLedTo: false },
  ];
  assert.equal(delegationsAfter(before, looks), before);
});
