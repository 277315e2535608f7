/**
 * Private keys that are to open in their region alone: sealed to the public key of each region that their restriction allows, by
 * processes that cannot open them again (docs/decisions/0037-regions.md).
 */
import { createHash, type KeyObject } from 'node:crypto';
import { Fault } from '../kit/fault.ts';
import { openWith, rawPublicKey, sealFor } from '../kit/hpke.ts';
import type { Algorithm } from '../pack/pack.ts';
import { allows, type Location, type Restriction } from '../pack/region.ts';

/** A region as every process knows it. */
export interface Region {
  readonly name: string;
  /** What holds of every process that has its private key. */
  readonly location: Location;
  /** 32 bytes of X25519. */
  readonly publicKey: Buffer;
}

/** A key that is sealed to a region. */
export interface RegionSealed {
  readonly region: string;
  /** Of the key pair that opens it. */
  readonly keyId: string;
  readonly sealed: Buffer;
}

/** Tells a key pair from others, by its public key: 16 hexadecimal characters. */
export const regionKeyId = (publicKey: Buffer): string =>
  createHash('sha256').update('certpacks region key').update(publicKey).digest().toString('hex', 0, 8);

/**
 * What the key of an upload is bound to: its line, so that it goes along where another pack takes its place (from staging to
 * production), which nobody who stores it could seal anew.
 */
export const regionPurpose = (line: string, algorithm: Algorithm): string =>
  `key of upload ${line} ${algorithm}`;

const boundTo = (keyId: string, purpose: string) => ({
  info: Buffer.from(`certpacks region key ${keyId}`),
  aad: Buffer.from(purpose),
});

/** The regions that a restriction surely allows. */
export const allowedRegions = (regions: readonly Region[], restriction: Restriction): Region[] =>
  regions.filter(({ location }) => allows(restriction, location));

/** Seals a key (PKCS#8 in PEM) to regions. */
export const sealToRegions = (regions: readonly Region[], key: string, purpose: string): RegionSealed[] =>
  regions.map(({ name, publicKey }) => {
    const keyId = regionKeyId(publicKey);
    return {
      region: name,
      keyId,
      sealed: sealFor(publicKey, Buffer.from(key), boundTo(keyId, purpose)),
    };
  });

/** The private keys of regions that a process has. */
export class RegionKeys {
  readonly #keys: ReadonlyMap<string, KeyObject>;

  constructor(keys: readonly KeyObject[]) {
    this.#keys = new Map(keys.map((key) => [regionKeyId(rawPublicKey(key)), key]));
  }

  /** Ids of the key pairs, in their order. */
  get ids(): string[] {
    return [...this.#keys.keys()];
  }

  /**
   * The key, opened by the first that can; undefined where this process has the private key of none of the regions. Throws
   * `key_sealed_elsewhere` for altered bytes, or those of another upload.
   */
  open(all: readonly RegionSealed[], purpose: string): string | undefined {
    for (const { keyId, sealed } of all) {
      const key = this.#keys.get(keyId);
      if (key) return opened(key, sealed, boundTo(keyId, purpose));
    }
    return undefined;
  }

  /** It is a secret: printing it shows its name only. */
  toString(): string {
    return 'RegionKeys';
  }
}

function opened(key: KeyObject, sealed: Buffer, bound: ReturnType<typeof boundTo>): string {
  try {
    return openWith(key, sealed, bound).toString();
  } catch (cause) {
    throw new Fault(
      'key_sealed_elsewhere',
      'a key that was sealed to a region does not open: altered, or of another upload',
      { cause },
    );
  }
}
