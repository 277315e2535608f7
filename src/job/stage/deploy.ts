import type { EdgeRow } from '../../edge/edge.ts';
import { assignToEdges } from '../../operation/assign-to-edges.ts';
import { keepOff } from '../../operation/keep-off.ts';
import { recordProofs, type Unproven } from '../../operation/record-proofs.ts';
import { recordStep } from '../../operation/record-step.ts';
import type { Work } from '../../operation/work.ts';
import { proofDelay } from '../../pack/backoff.ts';
import { edgeFinding } from '../../pack/edge-finding.ts';
import { isManaged } from '../../pack/managed.ts';
import { allows } from '../../pack/region.ts';
import { RUNS } from '../../pack/run.ts';
import { hostsIn, inOne, noEdgeWords, outrankedWords } from '../../pack/standing.ts';
import type { Job, JobDeps } from '../job.ts';
import { splitAway } from '../step/absent-edges.ts';
import { type EdgeProof, type ServedNames, splitServedNames, verifyEdge } from '../step/verify-edge.ts';
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
  const restriction = pack.upload?.restriction;
  const edges = deps.edges.filter(
    ({ environment, location }) => environment === pack.environment && allows(restriction, location),
  );
  if (edges.length === 0) return waitForEdge(deps, work);
  const change = await assignToEdges(
    deps,
    work,
    edges.map(({ name }) => name),
  );
  if (change) deps.pushChange(change);

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
  return prove(deps, { work, edges, names }, signal);
};

/** What is to be proved, and where. */
interface Aim {
  readonly work: Work;
  readonly edges: readonly EdgeRow[];
  readonly names: ServedNames;
}

/** It goes on when all edges that count show the pack; one of them at least has to. */
async function prove(
  deps: JobDeps,
  { work, edges, names }: Aim,
  signal: AbortSignal,
): Promise<Work | undefined> {
  const { counted, away } = await splitAway(deps, edges);
  const seen = await proveSoon(deps, counted, { work, names }, signal);
  const proofs = [...seen, ...away];
  const isProved = counted.length > 0 && seen.every(({ problem }) => problem === undefined);
  if (isProved) return recordProofs(deps, work, { proofs });
  const why = proofs.flatMap(({ problem }) => problem ?? []);
  return wait(deps, work, { why, found: edgeFinding(proofs, hostsIn(names.own)), proofs });
}

async function waitForEdge(deps: JobDeps, work: Work): Promise<undefined> {
  const validationErrors = [inOne(noEdgeWords(work.pack))];
  await recordStep(deps, work, {
    wait: NO_EDGE_WAIT,
    change: { validationErrors, found: { cause: 'no_edge' } },
  });
}

/** Seconds until it is looked again: the operator adds an edge, and starts this process again, or another. */
const NO_EDGE_WAIT = 60;

/** A few rounds in quick succession, for edges that have the word but not yet the certificate. */
async function proveSoon(
  deps: JobDeps,
  edges: readonly EdgeRow[],
  { work, names }: Omit<Aim, 'edges'>,
  signal: AbortSignal,
): Promise<EdgeProof[]> {
  for (let round = 0; ; round++) {
    const proofs = await Promise.all(
      edges.map((edge) => verifyEdge(deps, edge, { work, names: names.on(edge) }, signal)),
    );
    if (round === QUICK_ROUNDS || proofs.every(({ problem }) => problem === undefined)) return proofs;
    await deps.clock.sleep(proofDelay(round), signal);
  }
}

const QUICK_ROUNDS = 3;

async function wait(
  deps: JobDeps,
  work: Work,
  unproven: Pick<Unproven, 'why' | 'found' | 'proofs'>,
): Promise<undefined> {
  await recordProofs(deps, work, { ...unproven, wait: proofDelay(work.run.attempts + QUICK_ROUNDS) });
}
