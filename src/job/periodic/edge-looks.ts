/** Looks at whether edges answer: one that nobody reaches for long is away, and holds nothing up. */
import type { LiveEdge } from '../../edge/edge.ts';
import { Fault } from '../../kit/fault.ts';
import { after, type Seconds } from '../../kit/time.ts';
import { recordEdgePresence } from '../../operation/record-edge-presence.ts';
import { presenceAfter, troubleOf } from '../../pack/edge-presence.ts';
import { isProvedSince, isReportedSince } from '../../store/deployment-looks.ts';
import { type EdgeState, takeDueEdges } from '../../store/edge-states.ts';
import type { JobDeps } from '../job.ts';
import { isReached, waitedFor } from '../step/verify-edge.ts';
import { report } from './repeat.ts';

/** How often an edge is looked at. */
const NEXT: Seconds = 5;
/** How long whoever takes an edge has for it: several times the longest handshake. */
const TERM: Seconds = 20;
/** Nobody has it: that an edge says so is an answer. */
const PROBE = 'certpacks-probe.invalid';

/** Looks at the edges that are due, side by side. */
export async function lookAtEdges(deps: JobDeps, signal: AbortSignal): Promise<void> {
  const edges = waitedFor(deps.edges);
  if (edges.length === 0) return;
  const now = deps.clock.now();
  const names = edges.map(({ name }) => name);
  const due = await takeDueEdges(deps.pool, { names, now, until: after(now, TERM) });
  await Promise.all(
    due.map(async (was) => {
      const edge = edges.find(({ name }) => name === was.name);
      try {
        if (edge) await lookAt(deps, edge, was, signal);
      } catch (error) {
        if (!signal.aborted) report(deps, error, `look at edge ${was.name}`);
      }
    }),
  );
}

async function lookAt(deps: JobDeps, edge: LiveEdge, was: EdgeState, signal: AbortSignal): Promise<void> {
  const why = await trouble(deps, edge, signal);
  const { awayAfter } = deps.verification;
  const answers = why === undefined;
  const isProved = answers && was.backSince !== undefined && (await hasShownAll(deps, edge, was.backSince));
  const now = deps.clock.now();
  const is = { name: was.name, ...presenceAfter(was, { answers, isProved, now, awayAfter }) };
  await recordEdgePresence(deps, { edge, was, is, lookAt: after(now, NEXT) });
  tell(deps, { was, is, why });
}

/** What its agent reported, and what it showed to the service where that reaches it. */
async function hasShownAll({ pool, verification }: JobDeps, edge: LiveEdge, since: Date): Promise<boolean> {
  if (edge.agent && !(await isReportedSince(pool, edge.agent.id, since))) return false;
  // Where nobody proves anything but deployments, that it answers has to be enough.
  if (!isReached(edge) || verification.namesPerSecond === 0) return true;
  return isProvedSince(pool, edge.name, since);
}

/** Why an edge gets nothing that is new, or nobody reaches it; undefined: it answers. */
async function trouble(deps: JobDeps, edge: LiveEdge, signal: AbortSignal): Promise<string | undefined> {
  const why = troubleOf(edge.agent);
  if (why !== undefined) return `edge ${edge.name}: ${why}`;
  if (!isReached(edge)) return undefined;
  try {
    await deps.showLeaf(edge, { name: PROBE, algorithm: 'ecdsa' }, signal);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Fault)) throw error;
    return error.message;
  }
}

/** Whoever looked tells once what became of it. */
function tell(
  { log }: JobDeps,
  { was, is, why }: { readonly was: EdgeState; readonly is: EdgeState; readonly why: string | undefined },
): void {
  const about = { edge: is.name };
  if (!was.awaySince && is.awaySince)
    log.warn(
      { ...about, since: is.unreachableSince },
      `the edge ${is.name} is away and is not waited for: ${why}`,
    );
  if (!was.backSince && is.backSince)
    log.warn(
      about,
      `the edge ${is.name} answers again, and counts once it has shown all that it is to serve`,
    );
  if (was.awaySince && !is.awaySince) log.warn(about, `the edge ${is.name} has shown all and counts again`);
}
