/** How often another certificate is ordered because the one that the CA delivered is of no use. */
import { after, days, type Seconds } from '../kit/time.ts';

interface Bound {
  readonly most: number;
  readonly within: Seconds;
}

/** For each pack, all algorithms and runs together. */
const BOUNDS: readonly Bound[] = [
  { most: 1, within: days(1) },
  { most: 2, within: days(7) },
];

/** The bounds in words. */
export const BOUNDS_IN_WORDS = 'at most 1 more is ordered in 24 hours and 2 in 7 days for a certificate pack';

/** How far back has to be known. */
export const LONGEST_BOUND: Seconds = Math.max(...BOUNDS.map(({ within }) => within));

/** When another may be ordered, after those that were ordered at `times` (the earliest first); undefined: now. */
export function nextReorder(times: readonly Date[], now: Date): Date | undefined {
  const waits = BOUNDS.flatMap(({ most, within }) => {
    const earliest = times.at(-most);
    const until = earliest && after(earliest, within);
    return until && until > now ? [until] : [];
  });
  return waits.toSorted((a, b) => b.getTime() - a.getTime())[0];
}
