import type { IncomingHttpHeaders } from 'node:http';
import type { Seconds } from '../kit/time.ts';

/** Longest wait that a server may ask for: a day. */
const LONGEST = 86_400;

/**
 * Seconds that the server asks to wait (Retry-After, RFC 9110 10.2.3), from 0 to a day, or undefined. An HTTP
 * date is read against the answer's own Date, so that no clock but the server's has a say.
 */
export function retryAfterOf(headers: IncomingHttpHeaders): Seconds | undefined {
  const text = headers['retry-after']?.trim() ?? '';
  const seconds = /^\d{1,10}$/.test(text) ? Number(text) : untilDate(text, headers.date);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), LONGEST) : undefined;
}

/** An IMF-fixdate; the obsolete forms are not read. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

function untilDate(then: string, now: string | undefined): number {
  if (!HTTP_DATE.test(then) || !HTTP_DATE.test(now ?? '')) return Number.NaN;
  return (Date.parse(then) - Date.parse(now ?? '')) / 1_000;
}
