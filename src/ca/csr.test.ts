import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { it } from 'node:test';
import fc from 'fast-check';
import { needs } from '../../test/support/peers.ts';
import { der, oid, readAll, TAG } from '../acme/der.ts';
import { createCsr, isAsWanted } from './csr.ts';

const OPENSSL = needs('openssl');

const KEYS = {
  'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  'RSA-2048': generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
};

/** What openssl says of a request once its signature is verified. */
function described(csr: Buffer): string {
  const args = ['req', '-inform', 'DER', '-verify', '-noout', '-text'];
  const { stdout, stderr, status } = spawnSync('openssl', args, { input: csr, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.match(stderr, /verify OK/);
  return stdout;
}

const LONG = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.example`;
const FIFTY = Array.from({ length: 50 }, (_, i) => `host-${i}.some.example.com`);

for (const [kind, key] of Object.entries(KEYS)) {
  it(
    `makes requests with a ${kind} key that openssl verifies, with empty subject and exactly the names`,
    OPENSSL,
    async () => {
      for (const names of [
        ['a.example'],
        ['a.example', '*.a.example', 'xn--bcher-kva.example'],
        [LONG],
        FIFTY,
      ]) {
        const text = described(await createCsr(key, names));
        assert.match(text, /Subject:\s*\n/);
        assert.match(text, kind === 'P-256' ? /ecdsa-with-SHA256/ : /sha256WithRSAEncryption/);
        const [, listed = ''] = /Subject Alternative Name:\s*\n\s*(.*)\n/.exec(text) ?? [];
        assert.deepEqual(
          listed.split(', '),
          names.map((name) => `DNS:${name}`),
        );
      }
    },
  );
}

it('has the common name that it is given, and is told apart from one without', OPENSSL, async () => {
  const names = ['a.example', 'sni-x.brand.example'];
  const csr = await createCsr(KEYS['P-256'], names, { commonName: names[1] });
  const text = described(csr);
  assert.match(text, /Subject: CN ?= ?sni-x\.brand\.example\n/);
  assert.match(text, /DNS:a\.example, DNS:sni-x\.brand\.example/);
  assert.equal(isAsWanted(csr, names, { commonName: names[1] }), true);
  assert.equal(isAsWanted(csr, names, {}), false);
  assert.equal(isAsWanted(await createCsr(KEYS['P-256'], names), names, { commonName: names[1] }), false);
});

it('reads back what it wrote, of any length', () => {
  const value = fc.tuple(
    fc.constantFrom(...Object.values(TAG)),
    fc.uint8Array({ maxLength: 70_000, size: 'max' }),
  );
  const law = fc.property(fc.array(value, { maxLength: 4 }), (values) => {
    const bytes = Buffer.concat(values.map(([tag, contents]) => der(tag, contents)));
    assert.deepEqual(
      readAll(bytes),
      values.map(([tag, contents]) => ({ tag, contents: Buffer.from(contents) })),
    );
  });
  fc.assert(law, { numRuns: 30 });
});

it('reads any bytes to their end or throws a RangeError', () => {
  const law = fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
    try {
      readAll(Buffer.from(bytes));
    } catch (error) {
      assert.ok(error instanceof RangeError);
    }
  });
  fc.assert(law);
});

it('writes object identifiers as X.690 8.19 says', () => {
  assert.equal(oid('1.2.840.113549.1.9.14').toString('hex'), '06092a864886f70d01090e');
});
