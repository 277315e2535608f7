/** One operation on many packs of an account, done by workers, a batch at a time. */
export const BULK_ACTIONS = ['restart', 'revoke', 'failover'] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];

export const BULK_STATUSES = ['running', 'cancelling', 'cancelled', 'finished', 'stopped'] as const;
/** `cancelling`: the batch in hand is done yet. `stopped`: its token may no longer. */
export type BulkStatus = (typeof BULK_STATUSES)[number];

/** Most jobs of an account that are not at their end. */
export const MOST_BULK_JOBS = 5;
/** Most packs that are named one by one. */
export const MOST_NAMED = 1_000;
/** Most refusals that are kept of a job, each with its reason; all are counted. */
export const MOST_FAILURES = 1_000;
