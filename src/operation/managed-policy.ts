import type { CaRow } from '../ca/ca.ts';

/** Which packs the service makes by itself, and where it gets them, as the operator has it. */
export interface ManagedPolicy {
  /** Whether a zone that becomes active has Universal on. */
  readonly isUniversalOn: boolean;
  /** The configured CAs in the order in which they are wanted for such packs. */
  readonly rows: readonly CaRow[];
}

/** What makes such packs is given this. */
export interface ManagedDeps {
  readonly managed: ManagedPolicy;
}

/** No such packs. */
export const NOTHING_MANAGED: ManagedPolicy = { isUniversalOn: false, rows: [] };
