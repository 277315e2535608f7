import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { renewalIdOf } from './renewal-id.ts';

/** Key identifier of the example in RFC 9773 4.1. */
const KEY = '69885b6b87464041e1b37b847ba0ae2cde01c8d4';

/** A certificate of openssl's with this serial number, and an authority key identifier of these bytes. */
function given(t: TestContext, serial: string, authority: string): X509Certificate {
  const dir = mkdtempSync(join(tmpdir(), 'renewal-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', join(dir, 'key')];
  const extension = ['-addext', `authorityKeyIdentifier=DER:${authority}`];
  const subject = ['-subj', '/CN=a.test', '-set_serial', serial];
  execFileSync('openssl', ['req', '-x509', ...key, ...subject, ...extension, '-out', join(dir, 'pem')], {
    stdio: 'ignore',
  });
  return new X509Certificate(readFileSync(join(dir, 'pem')));
}

test('a certificate is called by its issuer’s key and its serial number, as in RFC 9773 4.1', (t) => {
  assert.equal(renewalIdOf(given(t, '0x87654321', `30168014${KEY}`)), 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE');
});

test('a certificate that tells its issuer by name alone has no such name', (t) => {
  assert.equal(renewalIdOf(given(t, '7', '3003820101')), undefined);
});
