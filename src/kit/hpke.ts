/**
 * Hybrid public key encryption, base mode, one message (RFC 9180): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-GCM. Who seals
 * has a public key alone and cannot open again.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';

/** AEADs by their number (RFC 9180 7.3), with the length of their key. */
const AEADS = {
  'aes-128-gcm': { id: 1, length: 16 },
  'aes-256-gcm': { id: 2, length: 32 },
} as const;
export type Aead = keyof typeof AEADS;

/** Bytes of a public key, and of what each message begins with. */
export const PUBLIC_KEY_LENGTH = 32;
const TAG_LENGTH = 16;
const [KEM, KDF] = [0x0020, 0x0001];

/** What a message is bound to; both are needed to open it. */
export interface Bound {
  readonly info: Buffer;
  readonly aad: Buffer;
}

/** A public key by its 32 bytes. Throws where they are not. */
function publicKeyOf(raw: Buffer): KeyObject {
  if (raw.length !== PUBLIC_KEY_LENGTH) throw new RangeError('a public key of X25519 has 32 bytes');
  return createPublicKey({
    key: { kty: 'OKP', crv: 'X25519', x: raw.toString('base64url') },
    format: 'jwk',
  });
}

/** The 32 bytes of the public key, also of a private one. */
export function rawPublicKey(key: KeyObject): Buffer {
  const { x } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  return Buffer.from(typeof x === 'string' ? x : '', 'base64url');
}

/** A new key pair of X25519. */
export const newKeyPair = (): KeyObject => generateKeyPairSync('x25519').privateKey;

/** Encrypts for whoever has the private key: encapsulated key (32 bytes), ciphertext, tag (16). `by` is new each time, unless told. */
export function sealFor(
  recipient: Buffer,
  plain: Buffer,
  { info, aad }: Bound,
  { by = newKeyPair(), aead = 'aes-256-gcm' }: { readonly by?: KeyObject; readonly aead?: Aead } = {},
): Buffer {
  const encapsulated = rawPublicKey(by);
  const dh = diffieHellman({ privateKey: by, publicKey: publicKeyOf(recipient) });
  const { key, nonce } = schedule(sharedSecret(dh, encapsulated, recipient), info, aead);
  const cipher = createCipheriv(aead, key, nonce).setAAD(aad);
  return Buffer.concat([encapsulated, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Decrypts what `sealFor` made. Throws for another key, another binding, or altered bytes. */
export function openWith(
  recipient: KeyObject,
  sealed: Buffer,
  { info, aad }: Bound,
  aead: Aead = 'aes-256-gcm',
): Buffer {
  if (sealed.length < PUBLIC_KEY_LENGTH + TAG_LENGTH) throw new RangeError('cut short');
  const encapsulated = sealed.subarray(0, PUBLIC_KEY_LENGTH);
  const dh = diffieHellman({ privateKey: recipient, publicKey: publicKeyOf(encapsulated) });
  const { key, nonce } = schedule(sharedSecret(dh, encapsulated, rawPublicKey(recipient)), info, aead);
  const text = sealed.subarray(PUBLIC_KEY_LENGTH, -TAG_LENGTH);
  const decipher = createDecipheriv(aead, key, nonce, { authTagLength: TAG_LENGTH }).setAAD(aad);
  decipher.setAuthTag(sealed.subarray(-TAG_LENGTH));
  return Buffer.concat([decipher.update(text), decipher.final()]);
}

/** ExtractAndExpand of the KEM (RFC 9180 4.1). */
function sharedSecret(dh: Buffer, encapsulated: Buffer, recipient: Buffer): Buffer {
  const suite = Buffer.concat([Buffer.from('KEM'), i2osp(KEM)]);
  const secret = extract(suite, Buffer.alloc(0), 'eae_prk', dh);
  return expand(suite, secret, ['shared_secret', Buffer.concat([encapsulated, recipient])], 32);
}

/** The key schedule of base mode (RFC 9180 5.1), for the first message. */
function schedule(
  secret: Buffer,
  info: Buffer,
  aead: Aead,
): { readonly key: Buffer; readonly nonce: Buffer } {
  const { id, length } = AEADS[aead];
  const suite = Buffer.concat([Buffer.from('HPKE'), i2osp(KEM), i2osp(KDF), i2osp(id)]);
  const none = Buffer.alloc(0);
  const context = Buffer.concat([
    Buffer.from([0]),
    extract(suite, none, 'psk_id_hash', none),
    extract(suite, none, 'info_hash', info),
  ]);
  const root = extract(suite, secret, 'secret', none);
  return {
    key: expand(suite, root, ['key', context], length),
    nonce: expand(suite, root, ['base_nonce', context], 12),
  };
}

const VERSION = Buffer.from('HPKE-v1');

const i2osp = (n: number): Buffer => Buffer.from([n >> 8, n & 0xff]);

/** LabeledExtract (RFC 9180 4): HKDF-Extract (RFC 5869) of what is labelled. */
const extract = (suite: Buffer, salt: Buffer, label: string, secret: Buffer): Buffer =>
  hmac(salt, Buffer.concat([VERSION, suite, Buffer.from(label), secret]));

/** LabeledExpand (RFC 9180 4) of up to 32 bytes: one round of HKDF-Expand. */
const expand = (
  suite: Buffer,
  secret: Buffer,
  [label, info]: readonly [string, Buffer],
  length: number,
): Buffer =>
  hmac(
    secret,
    Buffer.concat([i2osp(length), VERSION, suite, Buffer.from(label), info, Buffer.from([1])]),
  ).subarray(0, length);

const hmac = (key: Buffer, data: Buffer): Buffer => createHmac('sha256', key).update(data).digest();

/** The private key of X25519 in a text (PKCS#8 in PEM). Throws where there is none. */
export function privateKeyIn(pem: string): KeyObject {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType === 'x25519') return key;
  throw new RangeError('not a key of X25519');
}
