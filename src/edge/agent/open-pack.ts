import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { Fault } from '../../kit/fault.ts';
import { openWith } from '../../kit/hpke.ts';
import { isElsewhere } from '../../pack/key-elsewhere.ts';
import { ALGORITHMS, type Algorithm } from '../../pack/pack.ts';
import type { ServedKeyPair } from '../edge.ts';
import { leafOf } from '../leaf.ts';
import { type SealedPack, sealedFor } from './protocol.ts';
import type { Leaves } from './serving.ts';

/** To which edge keys are sealed, and what opens them. */
export interface Opener {
  readonly edgeId: string;
  readonly key: KeyObject;
}

/** Chains and keys of a pack, for a moment. Throws `edge_wrong_certificate` for a key that is not sealed to this edge and pack. */
export function openPack(
  { packId, certificates }: SealedPack,
  { edgeId, key }: Opener,
): Partial<Record<Algorithm, ServedKeyPair>> {
  const pairs: Partial<Record<Algorithm, ServedKeyPair>> = {};
  for (const algorithm of ALGORITHMS) {
    const pair = certificates[algorithm];
    if (!pair) continue;
    const { chain, sealedKey } = pair;
    if (isElsewhere(sealedKey)) {
      pairs[algorithm] = { chain, key: sealedKey };
      continue;
    }
    try {
      const opened = openWith(key, Buffer.from(sealedKey, 'base64'), sealedFor(edgeId, packId, algorithm));
      pairs[algorithm] = { chain, key: opened.toString() };
      opened.fill(0);
    } catch {
      throw refused(algorithm, 'key is not sealed to this edge and pack, or was altered');
    }
  }
  return pairs;
}

/** The leaves of a pack that can serve here. Throws `edge_wrong_certificate` in words where it cannot: nothing of it is used then. */
export function checkPack(pack: SealedPack, opener: Opener): Leaves {
  const leaves: Partial<Record<Algorithm, string>> = {};
  const pairs = openPack(pack, opener);
  for (const algorithm of ALGORITHMS) {
    const [pair, told] = [pairs[algorithm], pack.certificates[algorithm]];
    if (!pair || !told) continue;
    if (leafOf(pair.chain) !== told.leaf)
      throw refused(algorithm, 'chain does not begin with the leaf that was told');
    if (!isElsewhere(pair.key)) checkKey(algorithm, pair);
    leaves[algorithm] = told.leaf;
  }
  if (Object.keys(leaves).length === 0) throw new Fault('edge_wrong_certificate', 'it has no certificate');
  return leaves;
}

function checkKey(algorithm: Algorithm, { chain, key }: ServedKeyPair): void {
  if (!isKeyOf(chain, key)) throw refused(algorithm, 'key is not that of its leaf');
}

/** Never throws: what the parts say of a key that they cannot read may have the key in it. */
function isKeyOf(chain: string, key: string): boolean {
  try {
    return new X509Certificate(chain).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

const refused = (algorithm: Algorithm, why: string): Fault =>
  new Fault('edge_wrong_certificate', `its ${algorithm} ${why}; it is not put on the edge`);
