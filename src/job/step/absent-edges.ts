import type { LiveEdge } from '../../edge/edge.ts';
import { awayWords } from '../../pack/edge-presence.ts';
import { inOne } from '../../pack/standing.ts';
import { type EdgeState, listAbsentEdges } from '../../store/edge-states.ts';
import type { JobDeps } from '../job.ts';
import type { EdgeProof } from './verify-edge.ts';

/** Edges by whether anything waits for them. */
export interface EdgesByPresence {
  readonly counted: readonly LiveEdge[];
  /** Of each that is away, in words. */
  readonly away: readonly EdgeProof[];
}

/** The edges that are waited for, and those that are away. */
export async function splitAway(
  { pool }: Pick<JobDeps, 'pool'>,
  edges: readonly LiveEdge[],
): Promise<EdgesByPresence> {
  const away = new Map((await listAbsentEdges(pool)).filter(isAway).map((state) => [state.name, state]));
  return {
    counted: edges.filter(({ name }) => !away.has(name)),
    away: edges.flatMap(({ name }) => {
      const state = away.get(name);
      return state ? [{ edge: name, observed: {}, problem: inOne(awayWords(name, state)) }] : [];
    }),
  };
}

/** Whether nothing waits for an edge. */
export const isAway = ({ awaySince }: EdgeState): boolean => awaySince !== undefined;
