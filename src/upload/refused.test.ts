/** Uploads as people send them, that are refused, each in words. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { make, pemOf } from '../../test/support/pki.ts';
import {
  below,
  by,
  changed,
  ec,
  encrypted,
  given,
  gone,
  issued,
  many,
  now,
  oldEncrypted,
  other,
  REQUEST,
  relabelled,
  root,
  rsa,
  rules,
  type Sent,
  self,
  selfCa,
  sha1Ca,
  strange,
  stranger,
  twin,
  ZONE,
} from '../../test/support/upload-corpus.ts';
import { Fault, type FaultName } from '../kit/fault.ts';
import { after, days } from '../kit/time.ts';
import type { BundleMethod } from '../pack/pack.ts';
import { readUpload } from './upload.ts';

/** Begin of a point of P-256 behind its curve, and of a time. */
const [POINT, YEAR] = ['06082a8648ce3d030107034200', '170d'];

/** What is refused, with the fault, and a word of why. */
const BAD: Readonly<Record<string, readonly [fault: FaultName, says: RegExp, sent: Sent]>> = {
  'an empty certificate': ['invalid_certificate', /is empty/, ['', pemOf(ec)]],
  'words in its place': ['invalid_certificate', /not PEM/, ['my certificate', pemOf(ec)]],
  'base64 without its frame': [
    'invalid_certificate',
    /not PEM/,
    [ec.pem.replaceAll(/-----.*-----/g, ''), pemOf(ec)],
  ],
  'dashes of a word processor': [
    'invalid_certificate',
    /not PEM/,
    [ec.pem.replaceAll('-----', '—--'), pemOf(ec)],
  ],
  'a certificate that is cut off': ['invalid_certificate', /cut off/, [ec.pem.slice(0, 300), pemOf(ec)]],
  'a certificate with a line missing': [
    'invalid_certificate',
    /cannot be read: block 1/,
    [ec.pem.split('\n').toSpliced(3, 1).join('\n'), pemOf(ec)],
  ],
  'a certificate whose public key is none': [
    'invalid_certificate',
    /the public key in block 1 is none/,
    [changed(ec.pem, POINT), pemOf(ec)],
  ],
  'a certificate that is valid from no time': [
    'invalid_certificate',
    /from when and until when it is valid is no time in block 1/,
    [changed(ec.pem, YEAR), pemOf(ec)],
  ],
  'a certificate with characters that are no base64': [
    'invalid_certificate',
    /no base64/,
    [ec.pem.replace('MII', 'M!I'), pemOf(ec)],
  ],
  'the request instead of the certificate': ['invalid_certificate', /is a request/, [REQUEST, pemOf(ec)]],
  'PKCS#7': ['invalid_certificate', /PKCS#7/, [relabelled(ec.pem, 'CERTIFICATE', 'PKCS7'), pemOf(ec)]],
  'the key in the place of the certificate': [
    'invalid_certificate',
    /is none, but PRIVATE KEY/,
    [pemOf(ec), pemOf(ec)],
  ],
  'too many blocks': ['invalid_certificate', /more than 50/, [ec.pem.repeat(51), pemOf(ec)]],
  'no key': ['invalid_private_key', /is missing/, [ec.pem + by.pem, undefined]],
  'an empty key': ['invalid_private_key', /is empty/, [ec.pem + by.pem, ' ']],
  'the key of another certificate': [
    'invalid_private_key',
    /does not belong/,
    [ec.pem + by.pem, pemOf(other)],
  ],
  'an RSA key for an ECDSA certificate': [
    'invalid_private_key',
    /does not belong/,
    [ec.pem + by.pem, pemOf(rsa)],
  ],
  'a key encrypted in PKCS#8': [
    'invalid_private_key',
    /encrypted with a password/,
    [ec.pem + by.pem, encrypted],
  ],
  'a key encrypted in the old way': [
    'invalid_private_key',
    /encrypted with a password/,
    [ec.pem + by.pem, oldEncrypted],
  ],
  'the public key': [
    'invalid_private_key',
    /public key/,
    [ec.pem + by.pem, relabelled(pemOf(ec), 'PRIVATE', 'PUBLIC')],
  ],
  'a key of OpenSSH': [
    'invalid_private_key',
    /OpenSSH/,
    [ec.pem + by.pem, relabelled(pemOf(ec), 'PRIVATE', 'OPENSSH PRIVATE')],
  ],
  'a key that cannot be read': [
    'invalid_private_key',
    /cannot be read as/,
    [ec.pem + by.pem, '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----'],
  ],
  'a key that is cut off': ['invalid_private_key', /cut off/, [ec.pem + by.pem, pemOf(ec).slice(0, 100)]],
  'the certificate in the place of the key': [
    'invalid_private_key',
    /no private key in PEM, but CERTIFICATE/,
    [ec.pem + by.pem, ec.pem],
  ],
  'the chain without the leaf': ['no_leaf', /is missing/, [by.pem + root.pem, pemOf(ec)]],
  'a self-signed CA certificate, not forced': ['no_leaf', /self-signed/, [selfCa.pem, pemOf(selfCa)]],
  'two leaves of the same key': [
    'invalid_certificate',
    /2 of those/,
    [ec.pem + twin.pem + by.pem, pemOf(ec)],
  ],
  'a self-signed one, not forced': ['chain_not_bundleable', /self-signed/, [self.pem, pemOf(self)]],
  'no intermediate, and none that is known': [
    'chain_not_bundleable',
    /not known here.*send the intermediate/,
    [ec.pem, pemOf(ec)],
  ],
  'the wrong intermediate': ['chain_not_bundleable', /not known here/, [ec.pem + below.pem, pemOf(ec)]],
  'a private CA, not forced': [
    'chain_not_bundleable',
    /no root that is trusted/,
    [strange.pem + stranger.intermediate.pem + stranger.root.pem, pemOf(strange)],
  ],
  'an intermediate that has expired': [
    'chain_not_bundleable',
    /not valid now/,
    await refusedOf({ by: gone }, gone.pem),
  ],
  'an intermediate signed with SHA-1': [
    'chain_not_bundleable',
    /SHA-1/,
    await refusedOf({ by: sha1Ca }, sha1Ca.pem),
  ],
  'a leaf signed with SHA-1': ['invalid_certificate', /SHA-1/, await refusedOf({ hash: 'SHA-1' })],
  'a leaf signed with SHA-1, forced': [
    'invalid_certificate',
    /SHA-1/,
    await refusedOf({ hash: 'SHA-1' }, by.pem, 'force'),
  ],
  'an RSA key of 1024 bits': ['invalid_certificate', /1024 bits/, await refusedOf({ kind: 'rsa1024' })],
  'a key of P-521': ['key_not_usable', /secp521r1/, await refusedOf({ kind: 'p521' })],
  'a key of Ed25519': ['key_not_usable', /ed25519/, await refusedOf({ kind: 'ed25519' })],
  'an expired one': ['invalid_certificate', /has expired/, await refusedOf({ from: after(now, -days(100)) })],
  'an expired one, forced': [
    'invalid_certificate',
    /has expired/,
    await refusedOf({ from: after(now, -days(100)) }, by.pem, 'force'),
  ],
  'one that is not valid yet': [
    'invalid_certificate',
    /not valid before 2026-06-02/,
    await refusedOf({ from: after(now, days(1)) }),
  ],
  'less than 14 days left': [
    'invalid_certificate',
    /14 days/,
    await refusedOf({ from: after(now, -days(77)) }),
  ],
  'a certificate for clients': [
    'invalid_certificate',
    /serverAuth/,
    await refusedOf({ uses: ['1.3.6.1.5.5.7.3.2'] }),
  ],
  'hosts of other zones alone': [
    'no_host_of_zone',
    /other.test and 1 more/,
    await refusedOf({ hosts: ['other.test', 'x.other.test'] }),
  ],
  'a zone whose name ends alike': [
    'no_host_of_zone',
    /no host of shop.test/,
    await refusedOf({ hosts: [`my${ZONE}`] }),
  ],
  'a common name alone': [
    'no_host_of_zone',
    /alternative names/,
    await refusedOf({ hosts: [], subject: `CN=${ZONE}` }),
  ],
  'more hosts than are served': ['invalid_certificate', /251 hosts/, await refusedOf({ hosts: many })],
};
async function refusedOf(
  making: Parameters<typeof make>[1],
  behind = by.pem,
  method: BundleMethod = 'ubiquitous',
): Promise<Sent> {
  const made = await issued(making);
  return [made.pem + behind, pemOf(made), method];
}

describe('is refused', () => {
  for (const [name, [fault, says, sent]] of Object.entries(BAD))
    it(name, () => {
      assert.throws(
        () => readUpload(given(sent), rules),
        (error: unknown) => {
          assert(error instanceof Fault, String(error));
          assert.deepEqual(
            [error.fault, error.message.match(says)?.[0] !== undefined],
            [fault, true],
            error.message,
          );
          assert.match(error.pointer ?? '', /^\/(?:certificate|private_key)$/);
          assert(!error.message.includes('-----BEGIN PRIVATE KEY-----\n'), 'no key is told');
          return true;
        },
      );
    });
});

describe('texts that are made to cost', () => {
  const long = 130_000;
  for (const [name, part] of Object.entries({
    'line ends': '\n',
    blanks: ' ',
    colons: 'a:',
    labels: '-----BEGIN A',
  })) {
    const frame = (label: string) =>
      `-----BEGIN ${label}-----\n${part.repeat(long / part.length)}\n-----END ${label}-----\n`;
    const sent = [
      { certificate: frame('CERTIFICATE'), privateKey: pemOf(ec) },
      { certificate: ec.pem, privateKey: frame('EC PRIVATE KEY') },
    ];
    it(`${name} alone are read in no time, as a certificate and as a key`, () => {
      for (const one of sent) {
        const began = performance.now();
        assert.throws(() => readUpload({ ...one, bundleMethod: 'force' }, rules), Fault);
        const ms = performance.now() - began;
        assert(ms < 1_500, `${ms} ms`);
      }
    });
  }
});
