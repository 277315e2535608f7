import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson, writeJson } from '../files.ts';
import type { CaTerms } from './terms.ts';

/** A certificate and its private key (PKCS#8), both PEM. */
export interface KeyPair {
  readonly pem: string;
  readonly key: string;
}

/** What a CA keeps for as long as its folder lasts. */
export interface Authority {
  readonly root: KeyPair;
  /** Issues to ECDSA keys. */
  readonly intermediate: KeyPair;
  /** Issues to RSA keys, as public CAs do: its signatures are RSA. */
  readonly rsaIntermediate: KeyPair;
  /** Of its directory. */
  readonly tls: KeyPair;
  /** Key for external account binding that it gave out; `hmacKey` is base64url. */
  readonly eab?: { readonly kid: string; readonly hmacKey: string };
  /** Port of its directory; 0 before it has one. */
  readonly port: number;
}

/** The CA of a folder, made on the first start. */
export async function openAuthority(dir: string, terms: CaTerms): Promise<Authority> {
  const known = readJson<Authority | undefined>(fileIn(dir), undefined);
  if (known) return known;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  // Loading the certificate library is most of a start, and only the first one needs it.
  const { makeAuthority } = await import('./make-authority.ts');
  return makeAuthority(terms);
}

/** Keeps it in the folder, readable by its owner alone. */
export const keepAuthority = (dir: string, authority: Authority): Promise<void> =>
  writeJson(fileIn(dir), authority);

const fileIn = (dir: string): string => join(dir, 'authority.json');
