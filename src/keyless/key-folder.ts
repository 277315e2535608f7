import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '../kit/fault.ts';
import type { Log } from '../kit/log.ts';
import { keyHashOf } from './signer.ts';

/** A private key that a key server signs with. */
export interface HeldKey {
  readonly type: 'ec' | 'rsa';
  readonly key: KeyObject;
}

const MOST_KEYS = 10_000;

/** The private keys in the files `*.pem` and `*.key` of a folder, by the hash of their public half. */
export class KeyFolder {
  readonly #dir: string;
  readonly #log: Log;
  #keys: ReadonlyMap<string, HeldKey> = new Map();

  /** Throws `configuration` for a folder that cannot be read, and for a file that others may read. */
  constructor(dir: string, log: Log) {
    this.#dir = dir;
    this.#log = log;
    this.load();
  }

  get size(): number {
    return this.#keys.size;
  }

  /** The key of that hash, in hexadecimal. */
  get(hash: string): HeldKey | undefined {
    return this.#keys.get(hash);
  }

  /** Reads the folder again; what cannot be read is told, and the other keys are held. Throws as the constructor. */
  load(): void {
    const files = readdirIn(this.#dir).filter((name) => /\.(?:pem|key)$/.test(name));
    if (files.length > MOST_KEYS)
      throw new Fault(
        'configuration',
        `${this.#dir} has more than ${MOST_KEYS} keys; take several key servers`,
      );
    this.#keys = new Map(files.flatMap((name) => this.#read(join(this.#dir, name))));
  }

  #read(path: string): [string, HeldKey][] {
    if ((statSync(path).mode & 0o077) !== 0)
      throw new Fault(
        'configuration',
        `others may read ${path}, which is to hold a private key: chmod 600 it`,
      );
    try {
      const key = createPrivateKey(readFileSync(path));
      const type = key.asymmetricKeyType;
      if (type !== 'ec' && type !== 'rsa') throw new TypeError('neither ECDSA nor RSA');
      return [[keyHashOf(createPublicKey(key)).toString('hex'), { type, key }]];
    } catch {
      // What was wrong may tell of the key.
      this.#log.error({ path }, 'key server: the file holds no ECDSA or RSA key in PEM without a password');
      return [];
    }
  }
}

function readdirIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (cause) {
    throw new Fault('configuration', `the folder of keys ${dir} cannot be read`, { cause });
  }
}
