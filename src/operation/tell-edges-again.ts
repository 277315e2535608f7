import { logChange } from '../store/edge-changes.ts';
import { transaction } from '../store/store.ts';
import type { ServedChange } from './assign-to-edges.ts';
import type { OperationDeps } from './operation.ts';

/** Has the edges of every process told again of names of which one shows something else than it is to: it asks anew for them. */
export const tellEdgesAgain = (deps: OperationDeps, change: ServedChange): Promise<void> =>
  transaction(deps.pool, (tx) => logChange(tx, change, deps.clock.now()));
