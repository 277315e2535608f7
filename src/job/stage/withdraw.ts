import type { LiveEdge } from '../../edge/edge.ts';
import { recordStep } from '../../operation/record-step.ts';
import { releaseEdge } from '../../operation/release-edge.ts';
import { takeOffEdges } from '../../operation/take-off-edges.ts';
import { proofDelay } from '../../pack/backoff.ts';
import { edgeFinding } from '../../pack/edge-finding.ts';
import { toName } from '../../pack/hosts.ts';
import { isLeaving, type PackEvent } from '../../pack/lifecycle.ts';
import type { Certificate, Pack } from '../../pack/pack.ts';
import { hostsIn } from '../../pack/standing.ts';
import { isOfAnother, listEdgesOf } from '../../store/deployments.ts';
import { listAbsentEdges } from '../../store/edge-states.ts';
import type { Job, JobDeps } from '../job.ts';
import { isAway } from '../step/absent-edges.ts';
import { type Words, wakeIfHeard, wordsOf } from '../step/agent-word.ts';
import { isReached } from '../step/verify-edge.ts';

/**
 * Takes the pack off every edge that was given it, and its records out of our DNS. Done when handshakes show
 * that no edge serves its leaves any more; another pack may serve the same names from then on.
 */
export const withdraw: Job = async (deps, work, signal) => {
  const change = await takeOffEdges(deps, work.pack);
  if (change) deps.pushChange(change);
  const words = await wordsOf(deps, work.pack, deps.edges);
  const holding = await holdouts(deps, work.pack, words, signal);
  const why = whyItEnds(work.pack);
  if (holding.length === 0)
    return recordStep(deps, work, { event: whenOff(work.pack), change: { validationErrors: why } });
  const wait = proofDelay(work.run.attempts);
  const validationErrors = [...holding.map(({ problem }) => problem), ...why];
  const found = { ...edgeFinding(holding, hostsIn(work.pack.hosts)), why };
  await recordStep(deps, work, { wait, change: { validationErrors, found } });
  await wakeIfHeard(deps, work.pack, deps.edges, words);
  return undefined;
};

/** Why a pack was not renewed that goes off the edges at its end: that is told as long as it is there. */
const whyItEnds = ({ status, found, validationErrors }: Pack): readonly string[] =>
  status === 'pending_expiration' ? (found?.why ?? validationErrors) : [];

/** A backup that led back is one as before. */
const whenOff = ({ status, pair }: Pack): PackEvent =>
  status === 'deactivating' && pair?.role === 'backup' && pair.isStandby ? 'back_up' : 'done';

/** Asks each edge that had the pack, but for those that are not waited for; those that let go are struck off, of the others is told in words. */
async function holdouts(deps: JobDeps, pack: Pack, words: Words, signal: AbortSignal): Promise<Holdout[]> {
  const given = await listEdgesOf(deps.pool, pack);
  const present = deps.edges.filter(({ environment }) => environment === pack.environment);
  // An edge that was configured since may have pulled the pack as well.
  const names = new Set([...given, ...(given.length > 0 ? present.map(({ name }) => name) : [])]);
  const configured = (name: string) => deps.edges.find((edge) => edge.name === name);
  const absent = await notWaitedFor(deps, pack);
  const answers = await Promise.all(
    [...names]
      .filter((name) => !absent.has(name))
      .map(async (name) => {
        const edge = configured(name);
        const problem = edge && (heldBy(edge, words) ?? (await stillServes(deps, edge, pack, signal)));
        if (problem === undefined) await releaseEdge(deps, pack, name);
        return problem === undefined ? [] : [{ edge: name, problem }];
      }),
  );
  return answers.flat();
}

/** Edges that are away. What is deleted is off every edge, so those are waited for: one that comes back would still have it. */
async function notWaitedFor({ pool }: JobDeps, { status }: Pack): Promise<ReadonlySet<string>> {
  if (isLeaving(status)) return new Set();
  return new Set((await listAbsentEdges(pool)).filter(isAway).map(({ name }) => name));
}

/** Words where the agent of an edge was given the pack and has not said that it is off. */
const heldBy = ({ name, agent }: LiveEdge, words: Words): string | undefined =>
  agent?.isWaitedFor && words.get(name)?.isGiven
    ? `edge ${name} has not reported yet that the certificates are off`
    : undefined;

/** An edge that has not let go, as far as is known. */
interface Holdout {
  readonly edge: string;
  readonly problem: string;
}

/** All certificates of a pack that an edge may have been given. */
const certificatesOf = ({ certificates, renewal }: Pack): readonly Certificate[] => [
  ...certificates,
  ...(renewal?.run?.certificates ?? []),
];

/** Words when the edge still serves a leaf of the pack, and not for another one with the same certificate, or does not answer. */
async function stillServes(
  deps: JobDeps,
  edge: LiveEdge,
  pack: Pack,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!isReached(edge) || edge.agent?.isWaitedFor === false) return undefined;
  const given = certificatesOf(pack);
  const leaves = given.map(({ fingerprint }) => fingerprint);
  const algorithms = new Set(given.map(({ algorithm }) => algorithm));
  for (const name of pack.hosts.map(toName)) {
    for (const algorithm of algorithms) {
      const shown = await deps.showLeaf(edge, { name, algorithm }, signal).catch((error: unknown) => error);
      signal.throwIfAborted();
      if (shown instanceof Error) return `edge ${edge.name} does not answer, so it may still serve ${name}`;
      const leaf = leafIn(shown);
      if (leaf === undefined || !leaves.includes(leaf)) continue;
      if (!(await isOfAnother(deps.pool, pack, edge.name, leaf)))
        return `edge ${edge.name} still serves ${name}`;
    }
  }
  return undefined;
}

const leafIn = (shown: unknown): string | undefined =>
  typeof shown === 'object' && shown !== null && 'fingerprint' in shown
    ? String(shown.fingerprint)
    : undefined;
