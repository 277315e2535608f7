import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { hasUnprintable, printable, printableJson } from './unprintable.ts';

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** What must never reach a terminal. */
const NEVER = [
  ...range(0x00, 0x1f),
  ...range(0x7f, 0x9f),
  ...range(0x202a, 0x202e),
  ...range(0x2066, 0x2069),
  ...range(0x200b, 0x200f),
  0x061c,
  0x2060,
  0xfeff,
  0x2028,
  0x2029,
  0xe0041,
  0xd800,
];

it('no control, bidi or invisible character is printed, and each can be told', () => {
  for (const code of NEVER) {
    const character = String.fromCodePoint(code);
    const shown = printable(`a${character}b`);
    assert(!shown.includes(character), code.toString(16));
    assert.match(shown, /^a(\\u[0-9a-f]{4}){1,2}b$/);
  }
});

it('JSON means the same when it is made printable', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, text) => {
      assert.deepEqual(JSON.parse(printableJson([value, text])), JSON.parse(JSON.stringify([value, text])));
      assert(!hasUnprintable(printableJson([value, text])));
    }),
  );
});

it('what can be seen is printed as it is', () => {
  for (const text of ['büro', 'نامه', '家', '🔐 key', 'a b'])
    assert.deepEqual([printable(text), hasUnprintable(text)], [text, false]);
});

it('a name may have joiners, and nothing else that cannot be seen', () => {
  assert.equal(hasUnprintable('نامه‌ای 👩‍💻'), false);
  for (const code of NEVER.filter((one) => one !== 0x200c && one !== 0x200d))
    assert.equal(hasUnprintable(`a${String.fromCodePoint(code)}`), true, code.toString(16));
});
