import { performance } from 'node:perf_hooks';
import type { EdgeRow, ShownLeaf } from '../../edge/edge.ts';
import { Fault } from '../../kit/fault.ts';
import type { Work } from '../../operation/work.ts';
import { toName } from '../../pack/hosts.ts';
import type { Algorithm, Pack } from '../../pack/pack.ts';
import { algorithmsOf } from '../../pack/type.ts';
import { getServing } from '../../store/served-hosts.ts';
import type { JobDeps } from '../job.ts';

/** What handshakes with one edge showed of a pack. */
export interface EdgeProof {
  readonly edge: string;
  /** Fingerprints, where every handshake of an algorithm showed the pack's leaf; else the one seen, if any. */
  readonly observed: Readonly<Partial<Record<Algorithm, string>>>;
  /** In words, when the edge does not show the pack for one of its names. */
  readonly problem?: string;
}

/** Names of a pack by whether it is the one that serves them: others may cover the same names first. */
export async function splitServedNames(
  deps: JobDeps,
  pack: Pack,
): Promise<{ own: string[]; others: string[] }> {
  const names = pack.hosts.map(toName);
  const serving = await Promise.all(names.map((name) => getServing(deps.pool, name, pack.environment)));
  return {
    own: names.filter((_, i) => serving[i]?.id === pack.id),
    others: names.filter((_, i) => serving[i]?.id !== pack.id),
  };
}

/** Shakes hands with an edge for each name and algorithm; all must show the pack's own leaf. */
export async function verifyEdge(
  deps: JobDeps,
  edge: EdgeRow,
  { work: { pack, run }, names }: { readonly work: Work; readonly names: readonly string[] },
  signal: AbortSignal,
): Promise<EdgeProof> {
  const began = performance.now();
  const observed: Partial<Record<Algorithm, string>> = {};
  for (const algorithm of algorithmsOf(pack)) {
    const wanted = run.certificates.find((certificate) => certificate.algorithm === algorithm)?.fingerprint;
    for (const name of names) {
      const shown = await shownOn(deps, edge, { name, algorithm }, signal);
      if (typeof shown === 'string') return { edge: edge.name, observed, problem: shown };
      if (shown) observed[algorithm] = shown.fingerprint;
      if (shown?.fingerprint !== wanted)
        return { edge: edge.name, observed, problem: mismatch(edge, name, shown) };
    }
  }
  deps.log.debug({ pack: pack.id, edge: edge.name, ms: performance.now() - began }, 'edge proved the pack');
  return { edge: edge.name, observed };
}

/** The leaf shown, undefined for none, or words where nobody answers. */
async function shownOn(
  deps: JobDeps,
  edge: EdgeRow,
  ask: { readonly name: string; readonly algorithm: Algorithm },
  signal: AbortSignal,
): Promise<ShownLeaf | undefined | string> {
  try {
    return await deps.showLeaf(edge, ask, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Fault)) throw error;
    return error.message;
  }
}

function mismatch({ name: edge }: EdgeRow, name: string, shown: ShownLeaf | undefined): string {
  if (!shown) return `edge ${edge} does not serve ${name} yet; it is tried again`;
  return `edge ${edge} serves ${name} with another certificate (${shown.issuer}, ${shown.fingerprint.slice(0, 16)}…); it is tried again`;
}
