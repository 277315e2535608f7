/** Keys that are made, used and destroyed in a token (`native/token.c`). */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { Fault } from '../kit/fault.ts';
import { type TokenKey, toKeyElsewhere } from '../pack/key-elsewhere.ts';
import type { Algorithm } from '../pack/pack.ts';
import type { Signer } from './signer.ts';
import type { Terminator } from './terminator.ts';
import type { KeyName } from './told.ts';

/** Keys of packs in tokens, by their URIs (RFC 7512). */
export interface KeysInTokens {
  /** The public half of the key of that name, which is made unless it is there: P-256, or RSA-2048. */
  readonly make: (uri: string, algorithm: Algorithm) => Promise<KeyObject>;
  /** A signature with SHA-256; of ECDSA in DER. */
  readonly sign: (uri: string, content: Buffer, algorithm: Algorithm) => Promise<Buffer>;
  /** Destroys both halves; whether any was there. */
  readonly destroy: (uri: string) => Promise<boolean>;
}

/** Signs with a key of the token that a terminator has, outside of handshakes. */
export const signerIn = (terminator: Terminator, key: KeyName): Signer => ({
  sign: (scheme, content) => {
    const short = Buffer.allocUnsafe(2);
    short.writeUInt16BE(scheme);
    return terminator.ask('T', key, Buffer.concat([short, content]));
  },
});

/** Makes a key unless it is there; its public half. Throws `signer_unreachable`, whatever it is that keeps it from being made. */
export async function makeIn(terminator: Terminator, key: KeyName, algorithm: Algorithm): Promise<KeyObject> {
  const bytes = await terminator.ask('G', key, Buffer.from([algorithm === 'rsa' ? 1 : 0])).catch(noKey);
  const text = (from: number, to?: number) => bytes.subarray(from, to).toString('base64url');
  const jwk =
    algorithm === 'rsa'
      ? { kty: 'RSA', n: text(0), e: 'AQAB' }
      : { kty: 'EC', crv: 'P-256', x: text(1, 33), y: text(33) };
  return createPublicKey({ key: jwk, format: 'jwk' });
}

/** Destroys a key; whether any was there. Throws as `Terminator.ask`. */
export async function destroyIn(terminator: Terminator, key: KeyName): Promise<boolean> {
  return (await terminator.ask('D', key)).length > 0;
}

function noKey(error: unknown): never {
  if (!(error instanceof Fault) || error.fault !== 'signer_refused') throw error;
  throw new Fault('signer_unreachable', `no key can be made: ${error.message}`, { cause: error });
}

/** The key of a URI. Throws `malformed_request` where it names none of a token. */
export function tokenKeyOf(uri: string): TokenKey {
  const key = toKeyElsewhere(uri);
  if (key.kind === 'token') return key;
  throw new Fault('malformed_request', 'names no key of a token');
}
