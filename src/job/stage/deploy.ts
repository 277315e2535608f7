import type { LiveEdge } from '../../edge/edge.ts';
import { assignToEdges } from '../../operation/assign-to-edges.ts';
import { keepOff } from '../../operation/keep-off.ts';
import { recordProofs, type Unproven } from '../../operation/record-proofs.ts';
import { recordStep } from '../../operation/record-step.ts';
import type { Work } from '../../operation/work.ts';
import { proofDelay } from '../../pack/backoff.ts';
import { edgeFinding } from '../../pack/edge-finding.ts';
import { isManaged } from '../../pack/managed.ts';
import { allows, restrictionOf } from '../../pack/region.ts';
import { RUNS } from '../../pack/run.ts';
import { hostsIn, inOne, noEdgeWords, outrankedWords } from '../../pack/standing.ts';
import type { Job, JobDeps } from '../job.ts';
import { splitAway } from '../step/absent-edges.ts';
import { proofByAgent, type Words, wakeIfHeard, wordsOf } from '../step/agent-word.ts';
import {
  type EdgeProof,
  isReached,
  type ServedNames,
  splitServedNames,
  verifyEdge,
  waitedFor,
} from '../step/verify-edge.ts';
import { renewDrifted } from './renew.ts';

/**
 * Puts the pack on every edge of its environment and shakes hands with each until all show its leaves, each algorithm
 * apart. Edges are worked on side by side: one that fails does not keep another from serving, and one that is away is not waited for.
 */
export const deploy: Job = async (deps, work, signal) => {
  const { pack, run } = work;
  // The other of a pack and its backup is on the edges in its place by now.
  if (pack.pair?.isStandby) return keepOff(deps, work);
  const renewal = await renewDrifted(deps, work);
  if (renewal) return renewal;
  const restriction = restrictionOf(pack);
  const given = deps.edges.filter(
    ({ environment, location }) => environment === pack.environment && allows(restriction, location),
  );
  const edges = waitedFor(given);
  // Also where there is none: those that had it are to show it no more.
  await assign(deps, work, given);
  if (edges.length === 0) return waitForEdge(deps, work);

  const names = await splitServedNames(deps, pack, edges);
  const { own, others } = names;
  // A renewal of a pack that another one outranks by now shows on no edge; it is renewed for the day when that goes. So does
  // one that the service made by itself: it stands by.
  if (own.length === 0 && !RUNS[run.kind].isAside && !isManaged(pack))
    return wait(deps, work, {
      why: [inOne(outrankedWords(others))],
      found: { cause: 'outranked' },
      proofs: [],
    });
  return proveAll(deps, { work, edges, names }, signal);
};

/** What is to be proved, and where. */
interface Aim {
  readonly work: Work;
  readonly edges: readonly LiveEdge[];
  readonly names: ServedNames;
}

/** It goes on when all edges that count show the pack; one of them at least has to. */
async function proveAll(
  deps: JobDeps,
  { work, edges, names }: Aim,
  signal: AbortSignal,
): Promise<Work | undefined> {
  const { counted, away } = await splitAway(deps, edges);
  const words = await wordsOf(deps, work.pack, counted);
  const seen = await proveSoon(deps, counted, { work, names, words }, signal);
  const proofs = [...seen, ...away];
  const isProved = counted.length > 0 && seen.every(({ problem }) => problem === undefined);
  if (isProved) return recordProofs(deps, work, { proofs });
  const why = proofs.flatMap(({ problem }) => problem ?? []);
  await wait(deps, work, { why, found: edgeFinding(proofs, hostsIn(names.own)), proofs });
  await wakeIfHeard(deps, work.pack, counted, words);
  return undefined;
}

async function assign(deps: JobDeps, work: Work, edges: readonly LiveEdge[]): Promise<void> {
  const change = await assignToEdges(
    deps,
    work,
    edges.map(({ name }) => name),
  );
  if (change) deps.pushChange(change);
}

/** It is looked again soon, then less and less often: an edge enrols, or the operator adds one and starts this process again. */
async function waitForEdge(deps: JobDeps, work: Work): Promise<undefined> {
  const validationErrors = [inOne(noEdgeWords(work.pack))];
  await recordStep(deps, work, {
    wait: proofDelay(work.run.attempts + QUICK_ROUNDS),
    change: { validationErrors, found: { cause: 'no_edge' } },
  });
}

/** What is proven, and by whose word. */
interface Proving {
  readonly work: Work;
  readonly names: ServedNames;
  readonly words: Words;
}

/**
 * A few rounds in quick succession, for edges that have the word but not yet the certificate. Agents are not waited for: what they
 * report has the pack looked at again.
 */
async function proveSoon(
  deps: JobDeps,
  edges: readonly LiveEdge[],
  proving: Proving,
  signal: AbortSignal,
): Promise<EdgeProof[]> {
  for (let round = 0; ; round++) {
    const proofs = await Promise.all(edges.map((edge) => prove(deps, edge, proving, signal)));
    const isDone = proofs.every(({ problem, isReported }) => problem === undefined || isReported);
    if (round === QUICK_ROUNDS || isDone) return proofs;
    await deps.clock.sleep(proofDelay(round), signal);
  }
}

/** What an edge shows, as its agent reported where it has one, and as it is seen from here where it is reached. */
async function prove(
  deps: JobDeps,
  edge: LiveEdge,
  { work, names, words }: Proving,
  signal: AbortSignal,
): Promise<EdgeProof & { readonly isReported?: boolean }> {
  const own = names.on(edge);
  if (edge.agent && own.length > 0) {
    const reported = proofByAgent(edge, words, work);
    if (reported.problem !== undefined || !isReached(edge)) return { ...reported, isReported: true };
  }
  return isReached(edge)
    ? verifyEdge(deps, edge, { work, names: own }, signal)
    : { edge: edge.name, observed: {} };
}

const QUICK_ROUNDS = 3;

async function wait(
  deps: JobDeps,
  work: Work,
  unproven: Pick<Unproven, 'why' | 'found' | 'proofs'>,
): Promise<undefined> {
  await recordProofs(deps, work, { ...unproven, wait: proofDelay(work.run.attempts + QUICK_ROUNDS) });
}
