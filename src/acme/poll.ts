import type { Clock } from '../kit/clock.ts';
import { after, between, type Seconds } from '../kit/time.ts';

const SHORTEST: Seconds = 0.02;
const LONGEST: Seconds = 5;
/** How much longer each wait is than the one before: a look too early is a request for nothing. */
const GROWTH = 3;

/** Learns how long a server takes for something, so that the first look comes when it is likely done. */
export class Pace {
  #usual: Seconds = 0.1;
  #hasBeenEarly = false;

  /** How long to wait before the first look. */
  get first(): Seconds {
    return this.#usual;
  }

  /** Takes note that look number `looks` (from 1), `waited` after the start, was the first to see it done. */
  saw(waited: Seconds, looks: number): void {
    this.#hasBeenEarly ||= looks > 1;
    // Quickly down to where a look comes too early, then slowly: an early look is a request for nothing.
    const usual = looks > 1 ? waited : this.#usual * (this.#hasBeenEarly ? 0.95 : 0.7);
    this.#usual = Math.min(Math.max(usual, SHORTEST / 2), LONGEST);
  }
}

/** When to look. */
export interface PollOptions {
  readonly clock: Clock;
  readonly pace: Pace;
  /** Longest time to look for. */
  readonly within: Seconds;
  /** What the server asked to wait before the first look, if it did. */
  readonly retryAfter?: Seconds | undefined;
}

/**
 * Looks until `isDone`, at the times the server asks for (Retry-After), else with waits that grow threefold.
 * Gives what was seen last when the time is over or the next look would come after it; undefined for nothing.
 */
export async function poll<T extends { readonly retryAfter?: Seconds }>(
  look: () => Promise<T>,
  isDone: (seen: T) => boolean,
  { clock, pace, within, retryAfter }: PollOptions,
  signal: AbortSignal,
): Promise<T | undefined> {
  const end = after(clock.now(), within);
  let step = Math.max(SHORTEST, pace.first / 2);
  let wait = retryAfter || pace.first;
  let seen: T | undefined;
  for (let looks = 1, waited = 0; wait <= between(clock.now(), end); looks += 1) {
    await clock.sleep(wait, signal);
    waited += wait;
    seen = await look();
    if (isDone(seen)) {
      pace.saw(waited, looks);
      break;
    }
    wait = seen.retryAfter || step * (1 + Math.random() / 4);
    step *= GROWTH;
  }
  return seen;
}
