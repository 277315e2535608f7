/** A length of time in seconds. */
export type Seconds = number;

export const minutes = (n: number): Seconds => n * 60;
export const hours = (n: number): Seconds => n * 3_600;

/** A day is 86,400 seconds (BR 6.3.2). */
export const days = (n: number): Seconds => n * 86_400;

/** The instant `seconds` after `instant`. */
export const after = (instant: Date, seconds: Seconds): Date => new Date(instant.getTime() + seconds * 1_000);

/** Seconds from `from` to `to`, negative when `to` is earlier. */
export const between = (from: Date, to: Date): Seconds => (to.getTime() - from.getTime()) / 1_000;
