import { createHash, X509Certificate } from 'node:crypto';
import type { ChainPart, ShownLeaf } from './edge.ts';

const EACH = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+?-----END CERTIFICATE-----/g;

/** Most certificates of a chain that are looked at. */
export const MOST_PARTS = 16;

/** The certificates of a chain in PEM behind its leaf, in their order; what cannot be read ends it. Never throws. */
export function behindLeaf(chain: string): X509Certificate[] {
  const parts: X509Certificate[] = [];
  for (const [pem] of [...chain.matchAll(EACH)].slice(1, MOST_PARTS)) {
    try {
      parts.push(new X509Certificate(pem));
    } catch {
      break;
    }
  }
  return parts;
}

/** Of these what clients need: they have their roots, and nobody misses one at the end. */
function neededIn(parts: readonly X509Certificate[]): ChainPart[] {
  const end = parts.findLastIndex(({ subject, issuer }) => subject !== issuer);
  return parts.slice(0, end + 1).map(toPart);
}

/** A certificate as part of a chain. */
export const toPart = ({ raw, subject }: X509Certificate): ChainPart => ({
  fingerprint: createHash('sha256').update(raw).digest('hex'),
  subject: (subject || '').replaceAll('\n', ', ').slice(0, 300),
});

/**
 * What is wrong with what came behind a leaf, in words after the edge and the name; undefined: all of the chain in PEM came, in its
 * order. What came behind that does no harm.
 */
export function chainProblem(chain: string, { behind }: Pick<ShownLeaf, 'behind'>): string | undefined {
  if (behind === undefined) return undefined;
  for (const [i, wanted] of neededIn(behindLeaf(chain)).entries()) {
    if (behind[i]?.fingerprint === wanted.fingerprint) continue;
    return behind.some(({ fingerprint }) => fingerprint === wanted.fingerprint)
      ? `with its chain out of order: ${wanted.subject} is not certificate ${i + 2} of it`
      : `without the intermediate certificate ${wanted.subject}, which clients need`;
  }
  return undefined;
}
