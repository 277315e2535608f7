import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson, writeJson } from '../files.ts';
import type { Authority } from './key-pair.ts';
import type { CaTerms } from './terms.ts';

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
