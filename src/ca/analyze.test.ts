import 'reflect-metadata';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { rootCertificates } from 'node:tls';
import fc from 'fast-check';
import { FAULTS, Fault } from '../kit/fault.ts';
import { makeAuthority } from '../simulator/ca/make-authority.ts';
import { openSigning } from '../simulator/ca/signing.ts';
import { CA_TERMS } from '../simulator/ca/terms.ts';
import { analyze } from './analyze.ts';
import { createCsr } from './csr.ts';

const names = ['a.example', '*.a.example'];
const authority = await makeAuthority({ ...CA_TERMS.lets_encrypt, organization: 'A small CA' });
const { issue } = await openSigning(authority);
const [notBefore, notAfter] = [new Date('2026-11-01T00:00:00Z'), new Date('2027-01-30T00:00:00Z')];

/** Leaf and intermediate in PEM. */
async function signed(
  key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
): Promise<string[]> {
  const { chain } = await issue({ csr: await createCsr(key, names), names, notBefore, notAfter });
  return chain.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? [];
}

const [leaf = '', intermediate = ''] = await signed();

/** A certificate that openssl signs by its own key. */
function selfSigned(
  t: { after(end: () => void): void },
  kind: readonly string[],
  name = 'DNS:a.example',
): string {
  const folder = mkdtempSync(join(tmpdir(), 'certpacks-analyze-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const to = ['-keyout', join(folder, 'key.pem'), '-nodes', '-days', '9'];
  const about = ['-subj', '/O=Our own', '-addext', `subjectAltName=${name}`];
  return execFileSync('openssl', ['req', '-x509', ...kind, ...to, ...about], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

test('tells hosts, issuer, signature, key and dates of the first certificate', async () => {
  const { fingerprint, serial, ...told } = analyze(leaf + intermediate, [authority.root.pem]).leaf;
  assert.deepEqual(told, {
    algorithm: 'ecdsa',
    hosts: names,
    issuer: 'AsmallCA',
    signature: 'ECDSAWithSHA256',
    notBefore,
    notAfter,
  });
  assert.match(`${fingerprint} ${serial}`, /^[0-9a-f]{64} [0-9a-f]+$/);
  const rsa = await signed(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
  assert.deepEqual([analyze(leaf).keyType, analyze(rsa.join('')).keyType], ['p256v1', 'rsa2048']);
});

test('a chain is complete that ends with a root that is trusted, or signed by one, or with a root of its own', (t) => {
  const roots = [authority.root.pem, ...rootCertificates];
  assert.deepEqual(
    [analyze(leaf + intermediate, roots).gap, analyze(leaf + intermediate + authority.root.pem).gap],
    [undefined, undefined],
  );
  assert.equal(analyze(selfSigned(t, ['-newkey', 'rsa:3072'])).gap, undefined);
  assert.equal(analyze(rootCertificates[0] ?? '').gap, undefined);
  const root = /^the last certificate was issued by AsmallCA, which is no root of Mozilla's list: add /;
  assert.match(analyze(leaf + intermediate).gap ?? '', root);
  assert.match(analyze(leaf, roots).gap ?? '', root, 'the intermediate is missing');
  assert.match(
    analyze(leaf + authority.root.pem + intermediate, roots).gap ?? '',
    /^certificate 1 is not signed by the one behind it; put each before its issuer/,
  );
});

/** What is said of a text that is refused. */
function refusalOf(pem: string): string {
  try {
    analyze(pem);
  } catch (error) {
    assert(error instanceof Fault, String(error));
    assert.equal(FAULTS[error.fault].status, 400);
    return error.message;
  }
  return assert.fail('it was taken');
}

const block = (name: string, body: string): string =>
  `-----BEGIN ${name}-----\n${body}\n-----END ${name}-----\n`;
const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ['nothing', '', /has no certificate in PEM$/],
  ['words', 'certificate', /has something besides certificates in PEM$/],
  [
    'a key',
    leaf + block('EC PRIVATE KEY', 'AAAA'),
    /has a private key, which is not to be sent here: take another one/,
  ],
  ['a request', block('CERTIFICATE REQUEST', 'AAAA'), /has something besides certificates/],
  ['base64 of nothing', leaf + block('CERTIFICATE', 'AAAA'), /cannot be read: block 2 holds no certificate$/],
  ['half a certificate', leaf.replace(/.{200}\n-----END/s, '\n-----END'), /block 1 holds no certificate$/],
  ['eleven', leaf.repeat(11), /has more than 10 certificates$/],
  ['beginnings without an end', '-----BEGIN CERTIFICATE-----\n'.repeat(2_000), /has something besides/],
];
for (const [what, pem, says] of REFUSED)
  test(`${what} is refused in words`, () => assert.match(refusalOf(pem), says));

test('a certificate that could not be served is refused in words', (t) => {
  assert.match(refusalOf(selfSigned(t, ['-newkey', 'ed25519'])), /has a key that is neither ECDSA nor RSA$/);
  const mail = selfSigned(t, ['-newkey', 'rsa:2048'], 'email:a@b.example');
  assert.match(refusalOf(mail), /has a subject alternative name that is no host name$/);
});

test('whatever bytes of a certificate are changed, it is told or refused, soon', () => {
  const der = Buffer.from(leaf.replace(/-----[^-]+-----/g, ''), 'base64');
  const change = fc.tuple(fc.nat(der.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const bytes = Buffer.from(der);
      for (const [at, value] of changes) bytes[at] = value;
      try {
        analyze(block('CERTIFICATE', bytes.toString('base64')) + intermediate);
      } catch (error) {
        assert(error instanceof Fault && error.fault === 'malformed_request', String(error));
      }
    }),
    { numRuns: 500 },
  );
});
