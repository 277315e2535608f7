import { createHash, X509Certificate } from 'node:crypto';
import { ALGORITHMS, type Algorithm } from '../../pack/pack.ts';
import { behindLeaf } from '../chain.ts';
import type { CheckedPack } from '../placed/checked-pack.ts';

/** A file and the names for which it is shown: one line of a crt-list. */
export interface Entry {
  readonly path: string;
  readonly names: readonly string[];
}

/** A certificate as HAProxy is told of it. */
export interface Certificate extends Entry {
  /** Chain and key in PEM, without an empty line. */
  readonly pem: string;
  /** Lower-case hexadecimal SHA-1 of the leaf, by which HAProxy shows it. */
  readonly sha1: string;
}

/**
 * The certificates of a pack, one an algorithm. A file's name has a digest of all that is in its entry, so that no file is ever changed:
 * another version is another file, which is served beside the one before until that goes.
 */
export const certificatesOf = (folder: string, { packId, names: given, files }: CheckedPack): Certificate[] =>
  ALGORITHMS.flatMap((algorithm) => {
    const pem = files[algorithm];
    if (pem === undefined) return [];
    const names = [...new Set(given)].toSorted();
    const digest = createHash('sha256')
      .update(`${names.join(' ')}\n${pem}`)
      .digest('hex')
      .slice(0, 16);
    const path = `${folder}/${packId}.${digest}.pem.${algorithm}`;
    return [{ path, names, pem, sha1: sha1Of(new X509Certificate(pem)) }];
  });

/** As HAProxy shows it, in lower case. */
export const sha1Of = ({ fingerprint }: X509Certificate): string =>
  fingerprint.replaceAll(':', '').toLowerCase();

/** Subjects of what a PEM has behind its leaf, as HAProxy shows them. */
export const subjectsBehind = (pem: string): string[] =>
  behindLeaf(pem).map(({ subject }) => `/${(subject || '').replaceAll('\n', '/')}`);

const FILE = /^([0-9A-Za-z-]{1,64})\.[0-9a-f]{16}\.pem\.(ecdsa|rsa)$/;

/** Of which pack a file of the folder is; undefined: it is none of ours. */
export function ownerOf(
  folder: string,
  path: string,
): { readonly packId: string; readonly algorithm: Algorithm } | undefined {
  if (!path.startsWith(`${folder}/`)) return undefined;
  const [, packId, kind] = FILE.exec(path.slice(folder.length + 1)) ?? [];
  if (packId === undefined) return undefined;
  return { packId, algorithm: kind === 'rsa' ? 'rsa' : 'ecdsa' };
}
