/** Looks at whether edges answer: one that nobody reaches for long is away, and holds nothing up. */
import type { EdgeRow } from '../../edge/edge.ts';
import { Fault } from '../../kit/fault.ts';
import { after, type Seconds } from '../../kit/time.ts';
import { recordEdgePresence } from '../../operation/record-edge-presence.ts';
import { presenceAfter } from '../../pack/edge-presence.ts';
import { isProvedSince } from '../../store/deployment-looks.ts';
import { type EdgeState, takeDueEdges } from '../../store/edge-states.ts';
import type { JobDeps } from '../job.ts';
import { reachedIn } from '../step/verify-edge.ts';
import { report } from './repeat.ts';

/** How often an edge is looked at. */
const NEXT: Seconds = 5;
/** How long whoever takes an edge has for it: several times the longest handshake. */
const TERM: Seconds = 20;
/** Nobody has it: that an edge says so is an answer. */
const PROBE = 'certpacks-probe.invalid';

/** Looks at the edges that are due, side by side. */
export async function lookAtEdges(deps: JobDeps, signal: AbortSignal): Promise<void> {
  const edges = reachedIn(deps.edges);
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

async function lookAt(deps: JobDeps, edge: EdgeRow, was: EdgeState, signal: AbortSignal): Promise<void> {
  const why = await trouble(deps, edge, signal);
  const { namesPerSecond, awayAfter } = deps.verification;
  const answers = why === undefined;
  // Where nobody proves anything but deployments, that it answers has to be enough.
  const isProved =
    answers &&
    was.backSince !== undefined &&
    (namesPerSecond === 0 || (await isProvedSince(deps.pool, edge.name, was.backSince)));
  const now = deps.clock.now();
  const is = { name: was.name, ...presenceAfter(was, { answers, isProved, now, awayAfter }) };
  await recordEdgePresence(deps, { edge, was, is, lookAt: after(now, NEXT) });
  tell(deps, { was, is, why });
}

/** Why nobody reaches an edge; undefined: it answers. */
async function trouble(deps: JobDeps, edge: EdgeRow, signal: AbortSignal): Promise<string | undefined> {
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
