import { performance } from 'node:perf_hooks';
import { chainProblem } from '../../edge/chain.ts';
import type { EdgeRow, LiveEdge, ShownLeaf } from '../../edge/edge.ts';
import { Fault } from '../../kit/fault.ts';
import type { Work } from '../../operation/work.ts';
import { toName } from '../../pack/hosts.ts';
import type { Algorithm, Certificate, Pack } from '../../pack/pack.ts';
import { servingAt } from '../../pack/priority.ts';
import { algorithmsOf } from '../../pack/type.ts';
import { type CertificateChain, listChains } from '../../store/certificates.ts';
import { listCandidates } from '../../store/served-hosts.ts';
import type { JobDeps } from '../job.ts';

/** What handshakes with one edge showed of a pack. */
export interface EdgeProof {
  readonly edge: string;
  /** Fingerprints, where every handshake of an algorithm showed the pack's leaf; else the one seen, if any. */
  readonly observed: Readonly<Partial<Record<Algorithm, string>>>;
  /** In words, when the edge does not show the pack for one of its names. */
  readonly problem?: string;
}

/** Which names of a pack it serves on an edge: others may cover the same names first, and not everywhere the same. */
export interface ServedNames {
  readonly on: (edge: Pick<EdgeRow, 'location'>) => string[];
  /** Those that it serves on some edge, and on none. */
  readonly own: readonly string[];
  readonly others: readonly string[];
}

export async function splitServedNames(
  deps: JobDeps,
  pack: Pack,
  edges: readonly Pick<LiveEdge, 'location'>[],
): Promise<ServedNames> {
  const names = pack.hosts.map(toName);
  const candidates = await Promise.all(
    names.map((name) => listCandidates(deps.pool, name, pack.environment)),
  );
  const isServing = (i: number, location: EdgeRow['location']) =>
    servingAt(candidates[i] ?? [], location)[0]?.packId === pack.id;
  const isOwn = (_: string, i: number) => edges.some(({ location }) => isServing(i, location));
  return {
    on: ({ location }) => names.filter((_, i) => isServing(i, location)),
    own: names.filter(isOwn),
    others: names.filter((name, i) => !isOwn(name, i)),
  };
}

/** An edge that the service reaches. */
export type ReachedEdge = LiveEdge & Pick<EdgeRow, 'host' | 'port'>;

export const isReached = (edge: LiveEdge): edge is ReachedEdge =>
  edge.host !== undefined && edge.port !== undefined;

/** The edges that are asked all the time: those that the service reaches, and that packs wait for. */
export const reachedIn = (edges: readonly LiveEdge[]): ReachedEdge[] => waitedFor(edges).filter(isReached);

/** The edges that packs wait for. */
export const waitedFor = (edges: readonly LiveEdge[]): LiveEdge[] =>
  edges.filter(({ agent }) => agent?.isWaitedFor ?? true);

/** Shakes hands with an edge for each name and algorithm; all must show the pack's own leaf. */
export async function verifyEdge(
  deps: JobDeps,
  edge: ReachedEdge,
  { work: { pack, run }, names }: { readonly work: Work; readonly names: readonly string[] },
  signal: AbortSignal,
): Promise<EdgeProof> {
  const began = performance.now();
  const observed: Partial<Record<Algorithm, string>> = {};
  const chains = await listChains(deps.pool, pack);
  for (const algorithm of algorithmsOf(pack)) {
    const certificate = run.certificates.find((one) => one.algorithm === algorithm);
    for (const name of names) {
      const shown = await shownOn(deps, edge, { name, algorithm }, signal);
      if (typeof shown === 'string') return { edge: edge.name, observed, problem: shown };
      if (shown) observed[algorithm] = shown.fingerprint;
      const problem = flawOf(edge, name, { shown, certificate, chains });
      if (problem !== undefined) return { edge: edge.name, observed, problem };
    }
  }
  deps.log.debug({ pack: pack.id, edge: edge.name, ms: performance.now() - began }, 'edge proved the pack');
  return { edge: edge.name, observed };
}

/** What is wrong with what an edge showed, if anything. */
function flawOf(
  edge: ReachedEdge,
  name: string,
  {
    shown,
    certificate,
    chains,
  }: {
    readonly shown: ShownLeaf | undefined;
    readonly certificate: Certificate | undefined;
    readonly chains: readonly CertificateChain[];
  },
): string | undefined {
  if (shown?.fingerprint !== certificate?.fingerprint) return mismatch(edge, name, shown);
  const chain = chains.find(({ id }) => id === certificate?.id)?.chain ?? '';
  return chainMismatch(edge, name, chain, shown);
}

/** The leaf shown, undefined for none, or words where nobody answers. */
async function shownOn(
  deps: JobDeps,
  edge: ReachedEdge,
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

/** Says that an edge shows the right leaf with a wrong chain; undefined: it is as it is to be. */
export function chainMismatch(
  { name: edge }: Pick<LiveEdge, 'name'>,
  name: string,
  chain: string,
  shown: ShownLeaf | undefined,
): string | undefined {
  const flaw = shown && chainProblem(chain, shown);
  return flaw === undefined ? undefined : `edge ${edge} serves ${name} ${flaw}; it is tried again`;
}

/** Says that an edge shows something else, or nothing, for a name. */
export function mismatch(
  { name: edge }: Pick<LiveEdge, 'name'>,
  name: string,
  shown: ShownLeaf | undefined,
): string {
  if (!shown) return `edge ${edge} does not serve ${name} yet; it is tried again`;
  return `edge ${edge} serves ${name} with another certificate (${shown.issuer}, ${shown.fingerprint.slice(0, 16)}…); it is tried again`;
}
