/** Certificates in BER (X.690), which OpenSSL reads and others who are handed them may not. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { pemOf } from '../../test/support/pki.ts';
import { ec, inBer, rules } from '../../test/support/upload-corpus.ts';
import { readUpload } from './upload.ts';

const refused = (certificate: string): void =>
  assert.throws(() => readUpload({ certificate, privateKey: pemOf(ec), bundleMethod: 'ubiquitous' }, rules), {
    fault: 'invalid_certificate',
    message: /has a value of indefinite length in block 1, which is BER: openssl x509 writes it as DER/,
  });

test('a certificate with an indefinite length is refused in words, under the label of a trusted one too', () => {
  assert.ok(new X509Certificate(inBer(ec.pem)).subject, 'OpenSSL reads it');
  refused(inBer(ec.pem));
  refused(inBer(ec.pem).replaceAll(' CERTIFICATE', ' TRUSTED CERTIFICATE'));
});
