import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { rootCertificates } from 'node:tls';
import { inspect } from 'node:util';
import { documentedRows, toCaRow } from './configuration.ts';

const KEY = Buffer.alloc(32, 7).toString('base64url');

it('is the documented CA where the operator only agrees', () => {
  const row = toCaRow('ssl_com', { agreed_to_terms: true });
  assert.deepEqual(row, { ...documentedRows.ssl_com, hasAgreedToTerms: true });
  assert.match(row.warning ?? '', /charges/);
});

it('takes every option', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'rows-'));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'hmac'), `${KEY}\n`);
  writeFileSync(join(dir, 'roots.pem'), rootCertificates[0] ?? '');
  const row = toCaRow('lets_encrypt', {
    directory_url: 'https://ca.internal/directory',
    rsa_directory_url: 'https://ca.internal/rsa',
    contact: ['ops@a.example', 'mailto:b@a.example'],
    eab_kid: 'kid',
    eab_hmac_key_file: join(dir, 'hmac'),
    agreed_to_terms: true,
    validity_days: [14, 365],
    sends_not_after: true,
    wildcard: false,
    idn: false,
    email: true,
    reuses_authorizations: false,
    orders_apart: true,
    accounts_per_tenant: true,
    presumes_control: true,
    public: false,
    preferred_root: 'ISRG Root X2',
    profile: 'shortlived',
    rsa_account_key: true,
    tls_roots_file: join(dir, 'roots.pem'),
  });
  assert.deepEqual(row, {
    name: 'lets_encrypt',
    directoryUrl: 'https://ca.internal/directory',
    rsaDirectoryUrl: 'https://ca.internal/rsa',
    contact: ['mailto:ops@a.example', 'mailto:b@a.example'],
    eab: { kid: 'kid', hmacKey: KEY },
    hasAgreedToTerms: true,
    validityDays: [14, 365],
    sendsNotAfter: true,
    allowsWildcard: false,
    allowsIdn: false,
    validatesByEmail: true,
    reusesAuthorizations: false,
    keepsOrdersApart: true,
    hasAccountPerTenant: true,
    presumesControl: true,
    isPublic: false,
    preferredRoot: 'ISRG Root X2',
    profile: 'shortlived',
    isRsaAccount: true,
    tlsRoots: rootCertificates[0],
  });
});

it('leaves the documented RSA directory and warning behind with the directory they belong to', () => {
  const row = toCaRow('ssl_com', { directory_url: 'https://ca.internal/directory' });
  assert.equal(row.rsaDirectoryUrl, undefined);
  assert.equal(row.warning, undefined);
});

it('takes a MAC key in either alphabet of base64', () => {
  const { eab } = toCaRow('google', { eab_kid: 'kid', eab_hmac_key: '+/+/+/+/+/+/+/+/+/+/+w==' });
  assert.equal(eab?.hmacKey, '-_-_-_-_-_-_-_-_-_-_-w');
});

// biome-ignore format: a table is read by column
const WRONG: readonly (readonly [unknown, RegExp])[] = [
  [7,                                                    /'ca.google' must be a table/],
  [{ directory: 'https://ca.example' },                  /directory is no option/],
  [{ directory_url: 'http://ca.example/' },              /directory_url must be an https URL/],
  [{ directory_url: '' },                                /directory_url must be a text/],
  [{ contact: 'nobody' },                                /contact must be a mail address/],
  [{ contact: ['a@b.example,c@d.example'] },             /contact must be a mail address/],
  [{ agreed_to_terms: 'yes' },                           /agreed_to_terms must be true or false/],
  [{ validity_days: [15] },                              /validity_days must be a list out of 14, 30, 90, 365/],
  [{ validity_days: 90 },                                /validity_days must be a list/],
  [{ sends_not_after: false },                           /validity_days must be one value unless sends_not_after/],
  [{ eab_kid: 'kid' },                                   /eab_hmac_key or eab_hmac_key_file is missing/],
  [{ eab_hmac_key: KEY },                                /eab_kid is missing/],
  [{ eab_kid: 'kid', eab_hmac_key: 'not base64!' },      /eab_hmac_key is no MAC key/],
  [{ eab_kid: 'k', eab_hmac_key: KEY, eab_hmac_key_file: '/x' }, /must not be set beside/],
  [{ eab_kid: 'kid', eab_hmac_key_file: '/nowhere' },    /eab_hmac_key_file cannot be read: \/nowhere/],
  [{ tls_roots_file: import.meta.filename },             /tls_roots_file has no certificates/],
];

for (const [table, message] of WRONG) {
  it(`names what is wrong: ${message.source}`, () => {
    assert.throws(
      () => toCaRow('google', table),
      (error: Error) =>
        message.test(error.message) && /\[?ca.google/.test(error.message) && !inspect(error).includes(KEY),
    );
  });
}

it('knows the three names of the wire alone', () => {
  assert.throws(() => toCaRow('acme', {}), {
    fault: 'configuration',
    message: /\[ca.acme\].*google, lets_encrypt, ssl_com/,
  });
});
