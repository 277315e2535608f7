import { days, minutes, type Seconds } from '../kit/time.ts';

/** How much is granted at first: a wish of a day is often that of a page that nobody looks after. */
const AT_FIRST: Seconds = minutes(10);

/** No wish is granted for longer. */
export const LONGEST_WISH: Seconds = days(1);

/**
 * How much of a CA's wish for patience is granted after so many failures of the same work: ten minutes at first, and twice as
 * much each time that it says so again, up to a day.
 */
export const grantedWish = (wish: Seconds, failures: number): Seconds =>
  Math.min(wish, AT_FIRST * 2 ** failures, LONGEST_WISH);
