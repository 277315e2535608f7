import assert from 'node:assert/strict';
import { createHash, createHmac, createPrivateKey, createPublicKey, verify } from 'node:crypto';
import { it } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import {
  dnsTxtValue,
  exportAccountKey,
  importAccountKey,
  keyAuthorization,
  newAccountKey,
} from './account.ts';
import { bindAccount, type Jws, jwkOf, signRequest, thumbprintOf } from './jws.ts';

const open = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
const key = newAccountKey();

function isSigned(jws: Jws): boolean {
  const input = Buffer.from(`${jws.protected}.${jws.payload}`);
  const publicKey = createPublicKey({ key: { ...jwkOf(key) }, format: 'jwk' });
  const signature = Buffer.from(jws.signature, 'base64url');
  return verify('sha256', input, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
}

it('signs any payload so that the key in the header verifies it', () => {
  const law = fc.property(
    fc.jsonValue(),
    fc.webUrl(),
    fc.stringMatching(/^[\w-]+$/),
    (payload, url, nonce) => {
      const jws = signRequest(key, { nonce, url }, payload);
      assert.deepEqual(open(jws.protected), { alg: 'ES256', jwk: jwkOf(key), nonce, url });
      assert.equal(JSON.stringify(open(jws.payload)), JSON.stringify(payload));
      assert.ok(isSigned(jws));
      const tampered = { ...jws, payload: Buffer.from('{"other":1}').toString('base64url') };
      assert.equal(isSigned(tampered), false);
    },
  );
  fc.assert(law, { numRuns: 50 });
});

it('gives both numbers of a signature 32 bytes, also where one is short', () => {
  for (let n = 0; n < 600; n += 1) {
    const jws = signRequest(key, { nonce: String(n), url: 'https://ca.example/new' }, { n });
    assert.equal(Buffer.from(jws.signature, 'base64url').length, 64);
    assert.ok(isSigned(jws));
  }
});

it('names the account instead of the key, and has an empty payload for POST-as-GET', () => {
  const jws = signRequest(
    key,
    { account: 'https://ca.example/a/1', nonce: 'n', url: 'https://ca.example/o' },
    undefined,
  );
  const header = { alg: 'ES256', kid: 'https://ca.example/a/1', nonce: 'n', url: 'https://ca.example/o' };
  assert.deepEqual(open(jws.protected), header);
  assert.equal(jws.payload, '');
  assert.ok(isSigned(jws));
});

it('binds the account key under the MAC key of the CA (RFC 8555 7.3.4)', () => {
  const secret = Buffer.from('a MAC key that the CA handed out');
  const jws = bindAccount(
    key,
    { kid: 'kid-1', hmacKey: secret.toString('base64url') },
    'https://ca.example/new',
  );
  assert.deepEqual(open(jws.protected), { alg: 'HS256', kid: 'kid-1', url: 'https://ca.example/new' });
  assert.deepEqual(open(jws.payload), jwkOf(key));
  const mac = createHmac('sha256', secret).update(`${jws.protected}.${jws.payload}`).digest('base64url');
  assert.equal(jws.signature, mac);
});

/** The key of RFC 7515 A.3; its thumbprint was computed with another implementation of RFC 7638 (openssl dgst). */
const RFC7515_KEY = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI',
};

it('computes thumbprint, key authorization and TXT value as RFC 7638 and RFC 8555 8 say', () => {
  const known = createPrivateKey({ key: RFC7515_KEY, format: 'jwk' });
  assert.equal(thumbprintOf(known), 'oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U');
  assert.equal(keyAuthorization('token', known), `token.${thumbprintOf(known)}`);
  const value = createHash('sha256')
    .update(`token.${thumbprintOf(known)}`)
    .digest('base64url');
  assert.equal(dnsTxtValue('token', known), value);
});

it('exports and imports the account key, and takes no other', () => {
  const pem = exportAccountKey(key);
  assert.equal(thumbprintOf(importAccountKey(pem)), thumbprintOf(key));
  const secret = 'c2VjcmV0IGtleSBtYXRlcmlhbA';
  for (const wrong of ['', `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`]) {
    assert.throws(
      () => importAccountKey(wrong),
      (error) => !inspect(error).includes(secret) && inspect(error).includes('PKCS#8'),
    );
  }
});

it('signs with an RSA key as RS256, under its thumbprint of RFC 7638', () => {
  const rsa = newAccountKey('RS256');
  const jws = signRequest(rsa, { nonce: 'n', url: 'https://ca.example/o' }, { a: 1 });
  const jwk = jwkOf(rsa);
  assert.deepEqual(open(jws.protected), { alg: 'RS256', jwk, nonce: 'n', url: 'https://ca.example/o' });
  assert.deepEqual(Object.keys(jwk), ['e', 'kty', 'n']);
  const input = Buffer.from(`${jws.protected}.${jws.payload}`);
  assert.ok(verify('sha256', input, createPublicKey(rsa), Buffer.from(jws.signature, 'base64url')));
  assert.equal(thumbprintOf(rsa), createHash('sha256').update(JSON.stringify(jwk)).digest('base64url'));
  assert.equal(thumbprintOf(importAccountKey(exportAccountKey(rsa))), thumbprintOf(rsa));
});
