/**
 * Where private keys live. A place makes keys, gives what is stored in a key's stead, and opens that again for whoever serves
 * with the key. One row a place; which types of packs have their keys where is `TYPES` in `src/pack/type.ts`. Of those that we make
 * some are in a token, as the operator says.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { Fault } from '../kit/fault.ts';
import type { Seal } from '../kit/seal.ts';
import { isElsewhere } from '../pack/key-elsewhere.ts';
import type { Algorithm, KeyPlaceName, PackKey, PackType } from '../pack/pack.ts';
import { TYPES } from '../pack/type.ts';
import type { KeyPool } from './key-pool.ts';
import { keyPurpose } from './purpose.ts';

/** What a place is given. */
export interface KeyDeps {
  readonly seal: Seal;
  readonly keys: Pick<KeyPool, 'take'>;
  /** Undefined: there is no token. */
  readonly token?: TokenDeps | undefined;
}

/** Keys in a token, by their URIs. All throw `signer_unreachable`. */
export interface TokenDeps {
  /** The URI of a key of a pack that no certificate has, which is in the token. */
  readonly take: (of: KeyOf) => Promise<{ readonly uri: string; readonly publicKey: KeyObject }>;
  /** A signature with SHA-256; of ECDSA in DER. */
  readonly sign: (uri: string, content: Buffer, algorithm: Algorithm) => Promise<Buffer>;
}

/** Signs certificate requests: a private key, or one that is elsewhere. */
export type RequestKey =
  | KeyObject
  | { readonly publicKey: KeyObject; readonly sign: (content: Buffer) => Promise<Buffer> };

/** A key of a pack, and what is stored for it. */
export interface MadeKey {
  /** Signs the certificate request. */
  readonly key: RequestKey;
  /** Opens in the same place for the same pack and algorithm alone. */
  readonly stored: Buffer;
}

/** Which key of which pack. */
export interface KeyOf {
  readonly pack: Pick<PackKey, 'id'>;
  readonly algorithm: Algorithm;
}

/** What a place does. */
export interface KeyPlace {
  /** A new key, which nobody else has. */
  readonly make: (deps: KeyDeps, of: KeyOf) => Promise<MadeKey>;
  /**
   * PKCS#8 in PEM; of keys that their owner keeps where they are (`src/pack/key-elsewhere.ts`). Throws `key_sealed_elsewhere` where it
   * cannot be opened.
   */
  readonly open: (deps: Pick<KeyDeps, 'seal'>, of: KeyOf, stored: Buffer) => string;
}

const KEY_PLACES: Readonly<Record<KeyPlaceName | 'owner', KeyPlace>> = {
  sealed: {
    async make({ seal, keys }, { pack, algorithm }) {
      const key = await keys.take(algorithm);
      const pem = Buffer.from(key.export({ type: 'pkcs8', format: 'pem' }));
      return { key, stored: seal.close(pem, keyPurpose(pack.id, algorithm)) };
    },
    open: ({ seal }, { pack, algorithm }, stored) =>
      seal.open(stored, keyPurpose(pack.id, algorithm)).toString(),
  },
  token: {
    async make(deps, of) {
      const { seal, token = noToken() } = deps;
      const { uri, publicKey } = await token.take(of);
      const key = { publicKey, sign: (content: Buffer) => token.sign(uri, content, of.algorithm) };
      return { key, stored: seal.close(Buffer.from(uri), keyPurpose(of.pack.id, of.algorithm)) };
    },
    open: ({ seal }, { pack, algorithm }, stored) =>
      seal.open(stored, keyPurpose(pack.id, algorithm)).toString(),
  },
  owner: {
    make: () => Promise.reject(new Fault('internal', 'keys that their owners keep are not made here')),
    open: ({ seal }, { pack, algorithm }, stored) =>
      seal.open(stored, keyPurpose(pack.id, algorithm)).toString(),
  },
};

const noToken = (): never => {
  throw new Fault('keyless_not_offered', 'no PKCS#11 token for keys of packs is configured here');
};

/** Where packs of a type have their keys, unless it is a token. */
export const keyPlaceOf = (type: PackType): KeyPlace => KEY_PLACES[TYPES[type].key];

/** A place by its name. */
export const keyPlaceNamed = (name: KeyPlaceName): KeyPlace => KEY_PLACES[name];

/** The key of a request that was stored, to sign another with; `publicKey` is that of the request. Throws `key_sealed_elsewhere`. */
export function storedKey(
  { seal, token }: Pick<KeyDeps, 'seal' | 'token'>,
  of: KeyOf & { readonly publicKey: () => KeyObject },
  stored: Buffer,
): RequestKey {
  const text = seal.open(stored, keyPurpose(of.pack.id, of.algorithm)).toString();
  if (!isElsewhere(text)) return createPrivateKey(text);
  return {
    publicKey: of.publicKey(),
    sign: (content) => (token ?? noToken()).sign(text, content, of.algorithm),
  };
}

/** Whether what is stored says where a key is, and is none itself. Throws `key_sealed_elsewhere`. */
export const isKeptElsewhere = (
  { seal }: Pick<KeyDeps, 'seal'>,
  { pack, algorithm }: KeyOf,
  stored: Buffer,
): boolean => isElsewhere(seal.open(stored, keyPurpose(pack.id, algorithm)).toString());
