/**
 * Where private keys live. A place makes keys, gives what is stored in a key's stead, and opens that again for whoever serves
 * with the key. One row a place; which types of packs have their keys where is `TYPES` in `src/pack/type.ts`.
 */
import type { KeyObject } from 'node:crypto';
import { Fault } from '../kit/fault.ts';
import type { Seal } from '../kit/seal.ts';
import type { Algorithm, KeyPlaceName, PackKey, PackType } from '../pack/pack.ts';
import { TYPES } from '../pack/type.ts';
import type { KeyPool } from './key-pool.ts';
import { keyPurpose } from './purpose.ts';

/** What a place is given. */
export interface KeyDeps {
  readonly seal: Seal;
  readonly keys: Pick<KeyPool, 'take'>;
}

/** A key of a pack, and what is stored for it. */
export interface MadeKey {
  /** Signs the certificate request. */
  readonly key: KeyObject;
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
  owner: {
    make: () => Promise.reject(new Fault('internal', 'keys that their owners keep are not made here')),
    open: ({ seal }, { pack, algorithm }, stored) =>
      seal.open(stored, keyPurpose(pack.id, algorithm)).toString(),
  },
};

/** Where packs of a type have their keys. */
export const keyPlaceOf = (type: PackType): KeyPlace => KEY_PLACES[TYPES[type].key];
