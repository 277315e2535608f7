/** What agents report of a pack, where the service would shake hands itself. */
import type { LiveEdge } from '../../edge/edge.ts';
import type { Work } from '../../operation/work.ts';
import { ALGORITHMS, type Pack } from '../../pack/pack.ts';
import { type AgentWord, listWords, wakePacks } from '../../store/edge-packs.ts';
import type { JobDeps } from '../job.ts';
import type { EdgeProof } from './verify-edge.ts';

/** What the agents said of a pack, by the names of their edges. */
export type Words = ReadonlyMap<string, AgentWord>;

/** Reads them where one of these edges has an agent. */
export const wordsOf = async (
  { pool }: Pick<JobDeps, 'pool'>,
  pack: Pack,
  edges: readonly LiveEdge[],
): Promise<Words> => (edges.some(({ agent }) => agent) ? listWords(pool, pack) : new Map());

/**
 * Whether an agent saw the leaves of a run at its edge. Of edges that have one algorithm alone it reports one; what is missing
 * otherwise, it says.
 */
export function proofByAgent(edge: LiveEdge, words: Words, { run }: Pick<Work, 'run'>): EdgeProof {
  const word = words.get(edge.name);
  const observed = {
    ...(word?.ecdsa !== undefined && { ecdsa: word.ecdsa }),
    ...(word?.rsa !== undefined && { rsa: word.rsa }),
  };
  const leafOf = (algorithm: string) =>
    run.certificates.find((certificate) => certificate.algorithm === algorithm)?.fingerprint;
  const seen = ALGORITHMS.filter((algorithm) => word?.[algorithm] !== undefined);
  const isOther = seen.some((algorithm) => word?.[algorithm] !== leafOf(algorithm));
  const why = whyUnproven(edge.name, word, { isSeen: seen.length > 0, isOther });
  return { edge: edge.name, observed, ...(why !== undefined && { problem: why }) };
}

function whyUnproven(
  name: string,
  word: AgentWord | undefined,
  { isSeen, isOther }: { readonly isSeen: boolean; readonly isOther: boolean },
): string | undefined {
  if (word?.problem !== undefined) return `edge ${name}: ${word.problem}`;
  if (isOther) return `edge ${name} reported another certificate; it is told of this one`;
  return isSeen ? undefined : `edge ${name} has not reported the certificates yet`;
}

/** Looks at a pack again at once where an agent said something while it was written down that it waits. */
export async function wakeIfHeard(
  deps: Pick<JobDeps, 'pool' | 'clock'>,
  pack: Pack,
  edges: readonly LiveEdge[],
  before: Words,
): Promise<void> {
  if (!edges.some(({ agent }) => agent)) return;
  const now = await listWords(deps.pool, pack);
  const isHeard = [...now].some(([name, word]) => {
    const earlier = before.get(name);
    return word.on?.getTime() !== earlier?.on?.getTime() || word.isGiven !== (earlier?.isGiven ?? false);
  });
  if (isHeard) await wakePacks(deps.pool, [pack], deps.clock.now());
}
