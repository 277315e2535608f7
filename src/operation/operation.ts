/**
 * Whatever changes a pack, a zone or a token: one file, one function, one transaction each. The API and the jobs call
 * these; nothing else writes what they write. The front file: what an operation is given. Terms:
 * - advance: to move a pack along its lifecycle; the only writer of its status.
 * - work: what a stage works on, a pack with its run and its orders (`work.ts`).
 * - record a step: to write what a stage changed, all of it or nothing (`record-step.ts`).
 */
import type { Clock } from '../kit/clock.ts';
import type { JsonContext } from '../pack/pack-json.ts';
import type { Pool } from '../store/store.ts';

/** What writing a pack down needs. */
export interface AdvanceDeps {
  readonly clock: Clock;
  readonly json: JsonContext;
  /** Domain of the operator's below which branded certificates have a name; '' for none: none is branded. */
  readonly brandingDomain: string;
}

/** What an operation needs: it opens its transaction itself. */
export interface OperationDeps extends AdvanceDeps {
  readonly pool: Pool;
}
