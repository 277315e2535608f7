import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { sealOf } from './seal.ts';

const bytes = () => fc.uint8Array({ maxLength: 4_000 }).map((array) => Buffer.from(array));

describe('Seal', () => {
  const seal = sealOf(randomBytes(32));

  it('opens what it closed, for the same purpose', () => {
    fc.assert(
      fc.property(bytes(), fc.string(), (secret, purpose) => {
        assert.deepEqual(seal.open(seal.close(secret, purpose), purpose), secret);
      }),
    );
  });

  it('opens nothing that was altered in any byte', () => {
    const sealed = seal.close(Buffer.from('a secret'), 'place');
    for (let i = 0; i < sealed.length; i += 1) {
      const altered = Buffer.from(sealed);
      altered[i] = (altered[i] ?? 0) ^ 1;
      assert.throws(() => seal.open(altered, 'place'), { fault: 'key_sealed_elsewhere' }, `byte ${i}`);
    }
  });

  it('opens nothing for another purpose, with another key, or cut short', () => {
    const sealed = seal.close(Buffer.from('a secret'), 'key of pack 1');
    assert.throws(() => seal.open(sealed, 'key of pack 2'), { fault: 'key_sealed_elsewhere' });
    assert.throws(() => sealOf(randomBytes(32)).open(sealed, 'key of pack 1'), {
      fault: 'key_sealed_elsewhere',
    });
    for (const length of [0, 1, 50, sealed.length - 1]) {
      assert.throws(() => seal.open(sealed.subarray(0, length), 'key of pack 1'), {
        fault: 'key_sealed_elsewhere',
      });
    }
  });

  it('shows neither the secret in what it sealed, nor its key when printed', () => {
    const kek = randomBytes(32);
    const sealed = sealOf(kek).close(Buffer.from('the secret itself'), 'place');
    assert.ok(!sealed.includes('secret'));
    const printed = inspect(sealOf(kek), { depth: 5, showHidden: true }) + String(sealOf(kek));
    assert.ok(!printed.includes(kek.toString('hex').slice(0, 8)));
  });

  it('takes no key but one of 32 bytes', () => {
    assert.throws(() => sealOf(randomBytes(31)), { fault: 'configuration' });
  });
});

it('rewraps for its first key what any of its keys wrapped, and the secret stays as it was sealed', () => {
  const [older, newer] = [randomBytes(32), randomBytes(32)];
  const sealed = sealOf(older).close(Buffer.from('a secret'), 'place');
  const both = sealOf(newer, older);
  const again = both.rewrap(sealed, 'place');
  assert(again);
  assert.deepEqual(sealOf(newer).open(again, 'place').toString(), 'a secret');
  assert.throws(() => sealOf(older).open(again, 'place'), { fault: 'key_sealed_elsewhere' });
  assert.equal(both.rewrap(again, 'place'), undefined);
  assert.deepEqual(again.subarray(69), sealed.subarray(69));
  assert.throws(() => both.rewrap(sealed, 'another place'), { fault: 'key_sealed_elsewhere' });
});
