import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elsewhereText, isElsewhere, toKeyElsewhere, tokenIn, tokenKeyUri } from './key-elsewhere.ts';

test('a key is found again by its text, in a token and behind a key server', () => {
  const token = toKeyElsewhere(
    elsewhereText('pkcs11:token=my%20token;object=k%c3%a9y;id=%00%ff;type=private', 1),
  );
  assert.deepEqual(token, { kind: 'token', token: 'my token', label: 'kéy', id: Buffer.from([0, 255]) });
  for (const host of ['Keys.Example.net', '192.0.2.1', '2001:db8::1', 'keys'])
    assert.deepEqual(toKeyElsewhere(elsewhereText(host, 24_008)), {
      kind: 'server',
      host: host.toLowerCase(),
      port: 24_008,
    });
  assert.equal(isElsewhere(elsewhereText('keys.test', 1)), true);
  assert.equal(isElsewhere('-----BEGIN PRIVATE KEY-----'), false);
});

test('a key of a pack is named by its pack, its algorithm and an id of its own', () => {
  const id = '00ff0102-0304-4506-8708-090a0b0c0d0e';
  const uri = tokenKeyUri('my; token', { id: 'p' }, 'rsa', id);
  assert.equal(tokenIn(uri), 'my; token');
  assert.deepEqual(toKeyElsewhere(uri), {
    kind: 'token',
    token: 'my; token',
    label: 'certpacks-p-rsa',
    id: Buffer.from(id.replaceAll('-', ''), 'hex'),
  });
  assert.equal(tokenIn(tokenKeyUri('', { id: 'p' }, 'rsa', id)), '');
});

for (const [host, words] of [
  ['pkcs11:token=edge', /needs an object or an id/],
  ['pkcs11:', /has ‘’/],
  ['pkcs11:object=a;object=b', /object twice/],
  ['pkcs11:object=a;pin-value=1', /has ‘pin-value’/],
  ['pkcs11:object=a?pin-value=1', /has a query/],
  ['pkcs11:object=a?module-path=/tmp/x.so', /has a query/],
  ['pkcs11:object=a;type=public', /has ‘type’/],
  ['pkcs11:object=a;slot-id=1', /has ‘slot-id’/],
  ['pkcs11:object=certpacks-x-ecdsa', /was made for a certificate pack/],
  ['pkcs11:object=%63ertpacks-x-ecdsa', /was made for a certificate pack/],
  ['pkcs11:object=', /cannot be read/],
  ['pkcs11:object=%0', /cannot be read/],
  ['pkcs11:object=%00', /with a zero in it/],
  ['pkcs11:object=a;token=' + 'x'.repeat(33), /more than 32 bytes/],
  ['keys.test:1', /is the name or address/],
  ['keyserver:keys.test:1', /is the name or address/],
  ['a b', /is the name or address/],
  ['-a.test', /is the name or address/],
  ['x'.repeat(64), /is the name or address/],
  ['', /is the name or address/],
] as const)
  test(`no key is at ${JSON.stringify(host)}`, () => {
    assert.throws(() => elsewhereText(host, 1), {
      fault: 'malformed_request',
      pointer: '/host',
      message: words,
    });
  });
