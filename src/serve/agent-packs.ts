/** Packs as an edge is given them: their keys sealed to it. */
import { createHash, X509Certificate } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type SealedPack, sealedFor } from '../edge/agent/protocol.ts';
import type { ServedKeyPair } from '../edge/edge.ts';
import { toTlsShape } from '../edge/tls-shape.ts';
import { Fault } from '../kit/fault.ts';
import { sealFor } from '../kit/hpke.ts';
import { ALGORITHMS, type Algorithm } from '../pack/pack.ts';
import { noteGiven } from '../store/edge-packs.ts';
import type { Edge } from '../store/edge-row.ts';
import { digestOf, type ServingPack } from './agent-names.ts';
import { type PullDeps, pairsOfMany } from './sources.ts';

/** The packs of these that an edge may have and whose keys open here; that they are given is noted before they are. */
export async function sealedPacks(
  deps: PullDeps,
  edge: Edge,
  packs: readonly ServingPack[],
): Promise<SealedPack[]> {
  const { sealingKey } = edge;
  if (packs.length === 0 || !sealingKey) return [];
  const pairsOf = await pairsOfMany(
    deps,
    packs.map(({ candidate }) => candidate),
  );
  const opened: { readonly pack: ServingPack; readonly sealed: SealedPack }[] = [];
  for (const [i, pack] of packs.entries()) {
    // Each takes some milliseconds, and others go on meanwhile.
    if (i % AT_A_TIME === 0) await setImmediate();
    const pairs = await openedPairs({ log: deps.log, pairsOf }, pack, edge);
    if (pairs) opened.push({ pack, sealed: sealed({ id: edge.id, sealingKey }, pack, pairs) });
  }
  const given = opened.map(({ pack }) => pack);
  const may = await noteGiven(deps.pool, edge, given, deps.clock.now());
  return opened.filter(({ pack }) => may.has(pack.id)).map((one) => one.sealed);
}

/** Packs that are sealed in one go. */
const AT_A_TIME = 5;

/** One that does not open keeps no other from being given. */
async function openedPairs(
  { log, pairsOf }: Pick<PullDeps, 'log'> & { readonly pairsOf: Awaited<ReturnType<typeof pairsOfMany>> },
  pack: ServingPack,
  edge: Edge,
) {
  try {
    return await pairsOf(pack.candidate);
  } catch (error) {
    if (!(error instanceof Fault) || error.fault !== 'key_sealed_elsewhere') throw error;
    log.error({ pack: pack.id, edge: edge.name, fault: error.fault }, 'a key for an edge does not open');
    return undefined;
  }
}

function sealed(
  edge: { readonly id: string; readonly sealingKey: Buffer },
  { id: packId, tls }: Pick<ServingPack, 'id' | 'tls'>,
  pairs: Readonly<Partial<Record<Algorithm, ServedKeyPair>>>,
): SealedPack {
  const certificates: SealedPack['certificates'] = {};
  const leaves: Partial<Record<Algorithm, string>> = {};
  for (const algorithm of ALGORITHMS) {
    const pair = pairs[algorithm];
    if (!pair) continue;
    const leaf = createHash('sha256').update(new X509Certificate(pair.chain).raw).digest('hex');
    const key = sealFor(edge.sealingKey, Buffer.from(pair.key), sealedFor(edge.id, packId, algorithm));
    certificates[algorithm] = { chain: pair.chain, leaf, sealedKey: key.toString('base64') };
    leaves[algorithm] = leaf;
  }
  const told = tls && { tls: toTlsShape(tls) };
  return { packId, digest: digestOf(packId, leaves, tls), certificates, ...told };
}
