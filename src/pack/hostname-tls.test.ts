import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idleNotes, settingsIn, tlsOf, unshownBy } from './hostname-tls.ts';

test('edges are given what differs from what they do anyway, and nothing that they cannot be told', () => {
  assert.equal(tlsOf({}), undefined);
  assert.equal(tlsOf({ http2: 'on', tls_1_3: 'on', early_hints: 'on', ciphers: [] }), undefined);
  assert.deepEqual(tlsOf({ http2: 'off', min_tls_version: '1.1' }), { minVersion: '1.1', http2: false });
  assert.deepEqual(tlsOf({ ciphers: ['AES128-SHA', 'x:@SECLEVEL=0', 'AEAD-AES128-GCM-SHA256'] }), {
    ciphers: ['AES128-SHA'],
  });
  assert.deepEqual(settingsIn({ maxVersion: '1.2', http2: false }), ['tls_1_3', 'http2']);
});

test('settings that say against each other leave a version that somebody can speak, and no lower one than is said', () => {
  assert.deepEqual(tlsOf({ min_tls_version: '1.3', tls_1_3: 'off' }), { minVersion: '1.3' });
  assert.deepEqual(tlsOf({ ciphers: ['AEAD-AES128-GCM-SHA256'] }), { minVersion: '1.3' });
  assert.deepEqual(tlsOf({ ciphers: ['AES128-SHA'], min_tls_version: '1.3' }), { minVersion: '1.3' });
});

test('without TLS 1.3 each certificate has a suite by which it can be shown', () => {
  const settings = { tls_1_3: 'off', ciphers: ['AES128-SHA'] };
  assert.deepEqual(unshownBy(settings), ['ecdsa']);
  assert.deepEqual(unshownBy({ ...settings, tls_1_3: 'on' }), []);
  const old = ['ECDHE-ECDSA-AES128-SHA', 'DES-CBC3-SHA'];
  assert.deepEqual(unshownBy({ ...settings, ciphers: old }), ['rsa'], 'what no edge has shows nothing');
  assert.deepEqual(tlsOf(settings), {
    maxVersion: '1.2',
    ciphers: ['AES128-SHA', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  });
});

test('explain says which edges do not apply what is said, a sentence for each make', () => {
  const settings = ['min_tls_version', 'http2'] as const;
  const notes = idleNotes([
    { edge: 'fra-1', kind: 'nginx', settings, because: 'kind' },
    { edge: 'fra-2', kind: 'nginx', settings, because: 'kind' },
    { edge: 'mail', kind: 'files', settings: ['http2'], because: 'kind' },
    { edge: 'ams-1', kind: 'bundled', settings, because: 'agent' },
  ]);
  assert.deepEqual(notes, [
    'edges fra-1 and 1 more do not apply min_tls_version, http2 of the custom hostname, as those of kind nginx do not: what is configured there holds',
    'edge mail does not apply http2 of the custom hostname, as those of kind files do not: what is configured there holds',
    'edge ams-1 does not apply min_tls_version, http2 of the custom hostname, as far as its agent says: install the present version of certpacks beside it, and start it again',
  ]);
});
