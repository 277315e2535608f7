/** Longest lives of public TLS certificates: BR 6.3.2 as amended by ballot SC-081, by date of issue. */
const LONGEST_VALIDITY = [
  { from: '2029-03-15', days: 47 },
  { from: '2027-03-15', days: 100 },
  { from: '2026-03-15', days: 200 },
  { from: '0000-01-01', days: 398 },
] as const;

/** Days that a public certificate issued at `instant` may be valid at most. */
export function longestValidity(instant: Date): number {
  const day = instant.toISOString().slice(0, 10);
  return LONGEST_VALIDITY.find(({ from }) => day >= from)?.days ?? 398;
}

/** Days for which a CA may go by control that was shown once: BR 4.2.1 as amended by ballot SC-081, by date of use. */
const LONGEST_REUSE = [
  { from: '2029-03-15', days: 10 },
  { from: '2027-03-15', days: 100 },
  { from: '2026-03-15', days: 200 },
  { from: '0000-01-01', days: 398 },
] as const;

/** Days that control of a name which was shown at `instant` may be gone by at most. */
export function longestReuse(instant: Date): number {
  const day = instant.toISOString().slice(0, 10);
  return LONGEST_REUSE.find(({ from }) => day >= from)?.days ?? 398;
}

/** Validation by mail (BR 3.2.2.4.4, 3.2.2.4.13) as ballot SC-090 ends it for public certificates. */
export const emailEnds = {
  on: '2028-03-15',
  hasCome: (instant: Date): boolean => instant.toISOString().slice(0, 10) >= '2028-03-15',
} as const;
