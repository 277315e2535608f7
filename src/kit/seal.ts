import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { Fault } from './fault.ts';

/** A key-encryption key (KEK): 32 random bytes. */
export interface Kek {
  readonly key: Buffer;
  /** Tells one from another, and nothing of it: 16 hexadecimal characters. */
  readonly id: string;
}

/** Throws `configuration` for what is not 32 bytes. */
export function toKek(key: Buffer): Kek {
  if (key.length !== 32) throw new Fault('configuration', 'the key-encryption key must be 32 bytes');
  const id = createHash('sha256').update('certpacks kek id').update(key).digest().subarray(0, 8);
  return { key, id: id.toString('hex') };
}

/** A key of 32 bytes for another purpose than sealing, of which nothing leads back to the key-encryption key (RFC 5869). */
export const deriveKey = ({ key }: Kek, purpose: string, salt: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', key, salt, purpose, 32));

/**
 * Seals secrets at rest: AES-256-GCM in an envelope. Each secret has a data key of its own, wrapped by the
 * key-encryption key, so that a change of that rewraps 32 bytes and never touches the secret.
 *
 * Layout: version (1) | KEK id (8) | wrap nonce (12) | wrapped data key (32) | wrap tag (16)
 *       | nonce (12) | tag (16) | ciphertext
 */
export class Seal {
  readonly #keks: () => readonly Kek[];

  /** `keks` are the keys known now: the first one seals, each of them opens. */
  constructor(keks: () => readonly Kek[]) {
    this.#keks = keks;
  }

  /** Id of the key that seals now. */
  get id(): string {
    return this.#first().id;
  }

  /** Whether what was sealed with the key of that id can be opened. */
  knows(id: string): boolean {
    return this.#keks().some((kek) => kek.id === id);
  }

  /** Seals `secret`. `purpose` names its place ("certificate key of order …") and is needed to open it again. */
  close(secret: Buffer, purpose: string): Buffer {
    const dataKey = randomBytes(32);
    return Buffer.concat([wrap(this.#first(), dataKey, purpose), encryptBody(dataKey, secret, purpose)]);
  }

  /** Opens what `close` sealed. Throws `key_sealed_elsewhere` for another KEK, purpose, or altered bytes. */
  open(sealed: Buffer, purpose: string): Buffer {
    return opened(() => {
      const [nonce, tag] = [sealed.subarray(69, 81), sealed.subarray(81, 97)];
      const body = { nonce, tag, text: sealed.subarray(97) };
      return decrypt(this.#unwrap(sealed, purpose), body, Buffer.from(purpose));
    });
  }

  /**
   * The same secret, wrapped by the key that seals now; undefined: it is so already. Throws as `open`, but does not look
   * at the secret.
   */
  rewrap(sealed: Buffer, purpose: string): Buffer | undefined {
    const kek = this.#first();
    if (kekIdOf(sealed) === kek.id) return undefined;
    const dataKey = opened(() => this.#unwrap(sealed, purpose));
    return Buffer.concat([wrap(kek, dataKey, purpose), sealed.subarray(HEAD_AND_WRAP)]);
  }

  #first(): Kek {
    const [first] = this.#keks();
    if (first) return first;
    throw new Fault('configuration', 'there is no key-encryption key');
  }

  #unwrap(sealed: Buffer, purpose: string): Buffer {
    const head = sealed.subarray(0, 9);
    const kek = this.#keks().find(({ id }) => id === kekIdOf(sealed));
    if (sealed.length < 97 || !head.subarray(0, 1).equals(VERSION) || !kek)
      throw new Fault('key_sealed_elsewhere', 'a stored key was sealed with another key-encryption key');
    const [nonce, text, tag] = [sealed.subarray(9, 21), sealed.subarray(21, 53), sealed.subarray(53, 69)];
    return decrypt(kek.key, { nonce, text, tag }, Buffer.concat([head, Buffer.from(purpose)]));
  }

  /** The seal itself is a secret: printing it shows its name only. */
  toString(): string {
    return 'Seal';
  }
}

/** A seal with these keys for good, the one that seals first. Throws as `toKek`. */
export function sealOf(...keys: readonly Buffer[]): Seal {
  const keks = keys.map(toKek);
  return new Seal(() => keks);
}

const VERSION = Buffer.from([1]);
/** Bytes before the body. */
const HEAD_AND_WRAP = 69;

/** Id of the key that something was sealed with. */
const kekIdOf = (sealed: Buffer): string => sealed.subarray(1, 9).toString('hex');

function wrap(kek: Kek, dataKey: Buffer, purpose: string): Buffer {
  const head = Buffer.concat([VERSION, Buffer.from(kek.id, 'hex')]);
  const { nonce, text, tag } = encrypt(kek.key, dataKey, Buffer.concat([head, Buffer.from(purpose)]));
  return Buffer.concat([head, nonce, text, tag]);
}

function encryptBody(dataKey: Buffer, secret: Buffer, purpose: string): Buffer {
  const { nonce, tag, text } = encrypt(dataKey, secret, Buffer.from(purpose));
  return Buffer.concat([nonce, tag, text]);
}

function opened<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault('key_sealed_elsewhere', 'a stored key does not open: altered, or of another place', {
      cause,
    });
  }
}

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
