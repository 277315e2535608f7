import { hours, type Seconds } from '../kit/time.ts';

/**
 * How long to wait before look number `n` (from 0) at a pack's validation records. Follows the table that
 * Cloudflare prints (120 looks, 14.6 days), which is steeper from the tenth look on than the formula beside
 * it. Source: Cloudflare, DCV validation backoff schedule.
 */
export function lookDelay(n: number): Seconds {
  const growth = n < 10 ? 1.05 ** n : 1.15 ** n;
  return Math.min(Math.floor(60 * growth), hours(4));
}

/** How long to wait before try number `n` (from 0) of work that failed for a passing reason. */
export function retryDelay(n: number): Seconds {
  return Math.min(2 ** n, 600);
}

/** How long to wait before handshake round `n` (from 0) with an edge that does not show a pack yet. */
export function proofDelay(n: number): Seconds {
  return Math.min(0.1 * 2 ** n, 60);
}
