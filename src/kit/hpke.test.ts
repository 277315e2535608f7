import assert from 'node:assert/strict';
import { createPrivateKey, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { newKeyPair, openWith, privateKeyIn, rawPublicKey, sealFor } from './hpke.ts';

const hex = (text: string) => Buffer.from(text, 'hex');
/** PKCS#8 of a raw private key of X25519 (RFC 8410 7). */
const privateOf = (raw: string) =>
  createPrivateKey({
    key: Buffer.concat([hex('302e020100300506032b656e04220420'), hex(raw)]),
    format: 'der',
    type: 'pkcs8',
  });

test('it is the HPKE of RFC 9180: the first message of appendix A.1.1 comes out to the byte, and opens', () => {
  const by = privateOf('52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736');
  const recipient = privateOf('4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8');
  const bound = { info: hex('4f6465206f6e2061204772656369616e2055726e'), aad: hex('436f756e742d30') };
  const plain = hex('4265617574792069732074727574682c20747275746820626561757479');
  const sealed = sealFor(rawPublicKey(recipient), plain, bound, { by, aead: 'aes-128-gcm' });
  assert.equal(
    sealed.toString('hex'),
    '37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431' +
      'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a',
  );
  assert.deepEqual(openWith(recipient, sealed, bound, 'aes-128-gcm'), plain);
});

const bound = { info: Buffer.from('info'), aad: Buffer.from('aad') };

test('a message opens with its own key and binding alone, and no bit of it can be altered', () => {
  const [key, other] = [newKeyPair(), newKeyPair()];
  const plain = randomBytes(200);
  const sealed = sealFor(rawPublicKey(key), plain, bound);
  assert.deepEqual(openWith(key, sealed, bound), plain);
  assert.throws(() => openWith(other, sealed, bound));
  assert.throws(() => openWith(key, sealed, { ...bound, info: Buffer.from('inf') }));
  assert.throws(() => openWith(key, sealed, { ...bound, aad: Buffer.from('aae') }));
  for (let at = 0; at < sealed.length; at += 1) {
    const altered = Buffer.from(sealed);
    altered.writeUInt8(altered.readUInt8(at) ^ 1, at);
    assert.throws(() => openWith(key, altered, bound), `byte ${at}`);
  }
  for (const length of [0, 31, 47, sealed.length - 1])
    assert.throws(() => openWith(key, sealed.subarray(0, length), bound), `${length} bytes`);
});

test('the same secret is another message each time, and who seals keeps nothing that opens it', () => {
  const key = newKeyPair();
  const [a, b] = [0, 1].map(() => sealFor(rawPublicKey(key), Buffer.from('same'), bound));
  assert.notDeepEqual(a, b);
});

test('a public key that leads every key to the same secret is refused', () => {
  assert.throws(() => sealFor(Buffer.alloc(32), Buffer.from('x'), bound));
});

test('keys of another kind are none', () => {
  const pem = newKeyPair().export({ type: 'pkcs8', format: 'pem' }).toString();
  assert.equal(privateKeyIn(pem).asymmetricKeyType, 'x25519');
  assert.throws(() => privateKeyIn('nothing'));
});
