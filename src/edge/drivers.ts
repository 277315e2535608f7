import type { EdgeKind } from '../pack/pack.ts';
import type { ShowLeaf } from './edge.ts';
import { showLeaf } from './handshake.ts';

/** What is done with edges of one make. */
export interface EdgeDriver {
  /** How it is seen what an edge serves. */
  readonly showLeaf: ShowLeaf;
}

/** The makes of edges. The bundled one pulls what it serves (`pull/`), so nothing has to be brought to it. */
export const EDGE_DRIVERS: Readonly<Record<EdgeKind, EdgeDriver>> = {
  bundled: { showLeaf },
};
