import { RUNS } from '../pack/run.ts';
import { transaction } from '../store/store.ts';
import { advance } from './advance.ts';
import type { OperationDeps } from './operation.ts';
import type { Work } from './work.ts';

/**
 * A run that was on its way to the edges ends beside them: a renewal with its certificates in the place of those that the pack
 * had, the pack itself by being taken off where it got to. Throws `pack_moved`.
 */
export function keepOff(deps: OperationDeps, work: Work): Promise<Work> {
  const event = RUNS[work.run.kind].isAside ? 'back_up' : 'withdraw';
  return transaction(deps.pool, (tx) => advance(tx, deps, work, { event, validationErrors: [] }));
}
