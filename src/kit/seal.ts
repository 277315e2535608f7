import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { Fault } from './fault.ts';

/**
 * Seals secrets at rest: AES-256-GCM in an envelope. Each secret has a data key of its own, wrapped by the
 * key-encryption key (KEK), so that a change of KEK rewraps 32 bytes and never touches the secret.
 *
 * Layout: version (1) | KEK id (8) | wrap nonce (12) | wrapped data key (32) | wrap tag (16)
 *       | nonce (12) | tag (16) | ciphertext
 */
export class Seal {
  readonly #kek: Buffer;
  readonly #kekId: Buffer;

  /** `kek` is 32 random bytes. Throws `configuration` for any other length. */
  constructor(kek: Buffer) {
    if (kek.length !== 32) throw new Fault('configuration', 'the key-encryption key must be 32 bytes');
    this.#kek = kek;
    this.#kekId = createHash('sha256').update('certpacks kek id').update(kek).digest().subarray(0, 8);
  }

  /** Tells one key-encryption key from another, and nothing of it: 16 hexadecimal characters. */
  get id(): string {
    return this.#kekId.toString('hex');
  }

  /** Seals `secret`. `purpose` names its place ("certificate key of order …") and is needed to open it again. */
  close(secret: Buffer, purpose: string): Buffer {
    const dataKey = randomBytes(32);
    const head = Buffer.concat([VERSION, this.#kekId]);
    const wrapped = encrypt(this.#kek, dataKey, Buffer.concat([head, Buffer.from(purpose)]));
    const body = encrypt(dataKey, secret, Buffer.from(purpose));
    return Buffer.concat([head, wrapped.nonce, wrapped.text, wrapped.tag, body.nonce, body.tag, body.text]);
  }

  /** Opens what `close` sealed. Throws `key_sealed_elsewhere` for another KEK, purpose, or altered bytes. */
  open(sealed: Buffer, purpose: string): Buffer {
    const head = sealed.subarray(0, 9);
    if (sealed.length < 97 || !head.equals(Buffer.concat([VERSION, this.#kekId]))) {
      throw new Fault('key_sealed_elsewhere', 'a stored key was sealed with another key-encryption key');
    }
    const part = (start: number, end?: number) => sealed.subarray(start, end);
    try {
      const wrapped = { nonce: part(9, 21), text: part(21, 53), tag: part(53, 69) };
      const dataKey = decrypt(this.#kek, wrapped, Buffer.concat([head, Buffer.from(purpose)]));
      const body = { nonce: part(69, 81), tag: part(81, 97), text: part(97) };
      return decrypt(dataKey, body, Buffer.from(purpose));
    } catch (cause) {
      throw new Fault('key_sealed_elsewhere', 'a stored key does not open: altered, or of another place', {
        cause,
      });
    }
  }

  /** The seal itself is a secret: printing it shows its name only. */
  toString(): string {
    return 'Seal';
  }
}

const VERSION = Buffer.from([1]);

interface Sealed {
  readonly nonce: Buffer;
  readonly text: Buffer;
  readonly tag: Buffer;
}

function encrypt(key: Buffer, plain: Buffer, place: Buffer): Sealed {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(place);
  const text = Buffer.concat([cipher.update(plain), cipher.final()]);
  return { nonce, text, tag: cipher.getAuthTag() };
}

function decrypt(key: Buffer, { nonce, text, tag }: Sealed, place: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 }).setAAD(place);
  return Buffer.concat([decipher.setAuthTag(tag).update(text), decipher.final()]);
}
