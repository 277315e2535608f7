/** How often whoever owns a pack may have it changed or tried: each time may cost an order at the CA, and its limits are for all. */
import { days, hours } from '../kit/time.ts';

/** So many at once, and as many again in so long, a little at a time. */
export const WISH_BOUNDS = {
  /** What is worked on is begun anew with what was changed. */
  change: { most: 6, within: days(1) },
  /** What waits is tried at once. */
  hurry: { most: 30, within: hours(1) },
  /** It is taken from edges and put on others. */
  move: { most: 30, within: hours(1) },
} as const;

export type WishKind = keyof typeof WISH_BOUNDS;

/** The bounds of what is refused over them, in words. */
export const BOUNDS_IN_WORDS = {
  change: 'a certificate pack is changed at most 6 times at once, and once more every 4 hours',
  move: 'a certificate pack goes to other edges at most 30 times at once, and once more every 2 minutes',
} as const satisfies Partial<Record<WishKind, string>>;
