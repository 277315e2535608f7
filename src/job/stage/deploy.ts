import type { EdgeRow } from '../../edge/edge.ts';
import { assignToEdges } from '../../operation/assign-to-edges.ts';
import { keepOff } from '../../operation/keep-off.ts';
import { recordProofs } from '../../operation/record-proofs.ts';
import { recordStep } from '../../operation/record-step.ts';
import type { Work } from '../../operation/work.ts';
import { proofDelay } from '../../pack/backoff.ts';
import { isManaged } from '../../pack/managed.ts';
import { RUNS } from '../../pack/run.ts';
import type { Job, JobDeps } from '../job.ts';
import { type EdgeProof, splitServedNames, verifyEdge } from '../step/verify-edge.ts';

/**
 * Puts the pack on every edge of its environment and shakes hands with each until all show its leaves, each algorithm
 * apart. Edges are worked on side by side: one that fails does not keep another from serving.
 */
export const deploy: Job = async (deps, work, signal) => {
  const { pack, run } = work;
  // The other of a pack and its backup is on the edges in its place by now.
  if (pack.pair?.isStandby) return keepOff(deps, work);
  const edges = deps.edges.filter(({ environment }) => environment === pack.environment);
  if (edges.length === 0) return waitForEdge(deps, work);
  const change = await assignToEdges(
    deps,
    work,
    edges.map(({ name }) => name),
  );
  if (change) deps.pushChange(change);

  const { own, others } = await splitServedNames(deps, pack);
  // A renewal of a pack that another one outranks by now shows on no edge; it is renewed for the day when that goes. So does
  // one that the service made by itself: it stands by.
  if (own.length === 0 && !RUNS[run.kind].isAside && !isManaged(pack))
    return wait(deps, work, [outranked(others)], []);
  const proofs = await proveSoon(deps, edges, { work, names: own }, signal);
  const problems = proofs.flatMap(({ problem }) => problem ?? []);
  return problems.length === 0 ? recordProofs(deps, work, { proofs }) : wait(deps, work, problems, proofs);
};

const outranked = (names: readonly string[]): string =>
  `${names[0]}${names.length > 1 ? ` and ${names.length - 1} more` : ''}: another certificate pack of yours serves ` +
  'these hosts and was ordered later; this one waits until that is deleted';

async function waitForEdge(deps: JobDeps, work: Work): Promise<undefined> {
  const validationErrors = [`no ${work.pack.environment} edge is configured here`];
  await recordStep(deps, work, { wait: NO_EDGE_WAIT, change: { validationErrors } });
}

/** Seconds until it is looked again: the operator adds an edge, and starts this process again, or another. */
const NO_EDGE_WAIT = 60;

/** A few rounds in quick succession, for edges that have the word but not yet the certificate. */
async function proveSoon(
  deps: JobDeps,
  edges: readonly EdgeRow[],
  what: { readonly work: Work; readonly names: readonly string[] },
  signal: AbortSignal,
): Promise<EdgeProof[]> {
  for (let round = 0; ; round++) {
    const proofs = await Promise.all(edges.map((edge) => verifyEdge(deps, edge, what, signal)));
    if (round === QUICK_ROUNDS || proofs.every(({ problem }) => problem === undefined)) return proofs;
    await deps.clock.sleep(proofDelay(round), signal);
  }
}

const QUICK_ROUNDS = 3;

async function wait(
  deps: JobDeps,
  work: Work,
  why: readonly string[],
  proofs: readonly EdgeProof[],
): Promise<undefined> {
  await recordProofs(deps, work, { proofs, why, wait: proofDelay(work.run.attempts + QUICK_ROUNDS) });
}
