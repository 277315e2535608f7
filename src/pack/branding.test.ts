import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { givenPack } from '../../test/support/pack.ts';
import { brandingOf, certificateNames, LONGEST_BRANDING_DOMAIN } from './branding.ts';

const DOMAIN = 'brand.example.net';

test('a branded name is always the same for a pack, another for each, and tells nothing of its id', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.uuid(), (id, other) => {
      const name = brandingOf({ id, isBranded: true }, DOMAIN) ?? assert.fail();
      assert.match(name, /^sni-[0-9a-f]{16}\.brand\.example\.net$/);
      assert.equal(brandingOf({ id, isBranded: true }, DOMAIN), name);
      assert.equal(brandingOf({ id: other, isBranded: true }, DOMAIN) === name, id === other);
      assert(!name.includes(id.slice(0, 8)));
    }),
  );
});

test('it fits into a common name below the longest domain', () => {
  const domain = `${'a'.repeat(LONGEST_BRANDING_DOMAIN - 4)}.net`;
  assert.equal(brandingOf({ id: 'x', isBranded: true }, domain)?.length, 64);
});

test('there is none for a pack that is not branded, nor without a domain', () => {
  assert.equal(brandingOf({ id: 'x', isBranded: false }, DOMAIN), undefined);
  assert.equal(brandingOf({ id: 'x', isBranded: true }, ''), undefined);
});

test('certificates have the hosts of their pack in A-labels, and the branded name behind them', () => {
  const hosts = ['bücher.example', '*.b.example'];
  assert.deepEqual(certificateNames(givenPack({ hosts })), ['xn--bcher-kva.example', '*.b.example']);
  assert.deepEqual(certificateNames(givenPack({ hosts, brandedAs: 'sni-x.brand.example.net' })), [
    'xn--bcher-kva.example',
    '*.b.example',
    'sni-x.brand.example.net',
  ]);
});
