import type { Finding, NewEvidence } from './found.ts';
import { halvesOf } from './subscriber-message.ts';

/** An edge that was asked, and in words what is wrong with its answer, if anything. */
interface SeenEdge {
  readonly edge: string;
  readonly problem?: string | undefined;
}

/** Edges that do not show what they are to, or still show what they are not to. */
export function edgeFinding(seen: readonly SeenEdge[], about: string): Finding {
  const evidence = seen.flatMap(({ edge, problem }): NewEvidence[] =>
    problem === undefined ? [] : [{ by: 'edge', who: edge, about, said: halvesOf(problem).what }],
  );
  return { cause: 'edge_behind', evidence };
}
