import type { IncomingHttpHeaders } from 'node:http';
import { between, days, type Seconds } from '../kit/time.ts';
import { readHttpDate } from './instant.ts';

/** Longest wait that a server may ask for. */
const LONGEST: Seconds = days(1);

/**
 * Seconds that the server asks to wait (Retry-After, RFC 9110 10.2.3), from 0 to a day, or undefined. A date is read against
 * the answer's own Date, so that no clock but the server's has a say; against `now` where it has none.
 */
export function retryAfterOf(headers: IncomingHttpHeaders, now: Date): Seconds | undefined {
  const text = headers['retry-after']?.trim() ?? '';
  const seconds = /^\d{1,10}(\.\d{1,9})?$/.test(text) ? Number(text) : untilDate(text, headers.date, now);
  return seconds === undefined ? undefined : Math.min(Math.max(seconds, 0), LONGEST);
}

function untilDate(then: string, date: string | undefined, now: Date): Seconds | undefined {
  const instant = readHttpDate(then);
  return instant && between(readHttpDate(date ?? '') ?? now, instant);
}
