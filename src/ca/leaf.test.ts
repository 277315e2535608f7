import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { it } from 'node:test';
import { opensslCa } from '../../test/support/openssl-ca.ts';
import { needs } from '../../test/support/peers.ts';
import { createCsr } from './csr.ts';
import { checkLeaf, parseLeaf } from './leaf.ts';

const OPENSSL = needs('openssl');

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const names = ['a.example', '*.a.example'];
const csr = await createCsr(key, names);
const DAY = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY);

it('takes the certificate that was ordered, and tells what it says', OPENSSL, (t) => {
  const ca = opensslCa(t);
  const chain = ca.sign(csr) + ca.pem;
  const { fingerprint, notBefore, notAfter, ...leaf } = checkLeaf(
    chain,
    { key, names: names.toReversed() },
    inDays(1),
  );
  assert.deepEqual(leaf, {
    algorithm: 'ecdsa',
    hosts: names,
    issuer: 'SmallSonsCA',
    signature: 'ECDSAWithSHA256',
    serial: '0102ab',
  });
  assert.match(fingerprint, /^[0-9a-f]{64}$/);
  assert.equal(notAfter.getTime() - notBefore.getTime(), 90 * DAY);
  assert.deepEqual(parseLeaf(chain), { ...leaf, fingerprint, notBefore, notAfter });
});

it('names the issuer by its common name where it has no organisation, and RSA as RSA', OPENSSL, async (t) => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const leaf = parseLeaf(opensslCa(t, '/CN=Some Root 1').sign(await createCsr(rsa, names)));
  assert.equal(leaf.issuer, 'SomeRoot1');
  assert.equal(leaf.algorithm, 'rsa');
});

const refuse = (pem: string, ask: Parameters<typeof checkLeaf>[1], now: Date, message: RegExp) =>
  assert.throws(() => checkLeaf(pem, ask, now), { fault: 'ca_wrong_answer', message });

it('refuses another key, other names, a CA, a certificate too old or too new', OPENSSL, (t) => {
  const ca = opensslCa(t);
  const chain = ca.sign(csr) + ca.pem;
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  refuse(chain, { key: other, names }, inDays(1), /another public key/);
  refuse(
    chain,
    { key, names: ['a.example'] },
    inDays(1),
    /is for a.example, \*.a.example instead of a.example/,
  );
  refuse(chain, { key, names: [...names, 'b.example'] }, inDays(1), /instead of/);
  refuse(chain, { key, names }, inDays(-1), /only from/);
  refuse(chain, { key, names }, inDays(91), /only until/);
  const asCa = ca.sign(csr, 'subjectAltName=DNS:a.example,DNS:*.a.example\nbasicConstraints=CA:TRUE');
  refuse(asCa, { key, names }, inDays(1), /is one of a CA/);
});

it('refuses a chain whose links do not sign each other, also under the same name', OPENSSL, (t) => {
  const [ca, namesake] = [opensslCa(t), opensslCa(t)];
  for (const chain of [
    ca.sign(csr) + namesake.pem,
    ca.sign(csr) + ca.pem + namesake.pem.repeat(1) + opensslCa(t, '/CN=x').pem,
  ]) {
    assert.throws(() => checkLeaf(chain, { key, names }, inDays(1)), { message: /not signed by the next/ });
  }
});

// biome-ignore format: a table is read by column
const WRONG_NAMES: Readonly<Record<string, readonly [string, RegExp]>> = {
  'names in one text, which print like two': ['subjectAltName=@names\n[names]\nDNS.1=a.example, DNS:*.a.example', /no host name/],
  'an address beside the names':             ['subjectAltName=DNS:a.example,DNS:*.a.example,IP:192.0.2.1',         /no host name/],
  'a mail address':                          ['subjectAltName=email:a@a.example',                                  /no host name/],
  'no names at all':                         ['basicConstraints=CA:FALSE',                                         /is for no host/],
  'names that are no DER':                   ['subjectAltName=DER:30ff',                                           /cannot be read/],
};

for (const [what, [extensions, message]] of Object.entries(WRONG_NAMES)) {
  it(`refuses ${what}`, OPENSSL, (t) =>
    refuse(opensslCa(t).sign(csr, extensions), { key, names }, inDays(1), message),
  );
}
