/** How often whoever owns a pack may have it changed or tried: each time may cost an order at the CA, and its limits are for all. */
import { days, hours } from '../kit/time.ts';

/** So many at once, and as many again in so long, a little at a time. */
export const WISH_BOUNDS = {
  /** What is worked on is begun anew with what was changed. */
  change: { most: 6, within: days(1) },
  /** What waits is tried at once. */
  hurry: { most: 30, within: hours(1) },
} as const;

export type WishKind = keyof typeof WISH_BOUNDS;

/** The bound of changes in words. */
export const CHANGES_IN_WORDS =
  'a certificate pack is changed at most 6 times at once, and once more every 4 hours';
