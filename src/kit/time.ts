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

/**
 * Whether the time of something has come that is due `most` seconds ahead at most: what is farther off was set by a clock that was
 * put back since, and would be waited for as long as that.
 */
export const hasCome = (due: Date, now: Date, most: Seconds): boolean =>
  due <= now || between(now, due) > most;
