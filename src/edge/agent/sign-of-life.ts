/** Whether whoever is told of changes is still there: what is sent to a machine that is gone looks for minutes as if it came. */
import type { Http2Session } from 'node:http2';

/** How often a sign of life is asked for, in milliseconds, and how many may be missing. */
export interface LifeBounds {
  readonly everyMs: number;
  readonly missing: number;
}

const BOUNDS: LifeBounds = { everyMs: 10_000, missing: 3 };

/**
 * Asks the other side again and again, by pings of HTTP/2, and ends the session of one that is silent. They are counted: after a process
 * stood still its own time says nothing. Call what it returns to stop.
 */
export function demandLife(session: Http2Session, { everyMs, missing } = BOUNDS): () => void {
  let unanswered = 0;
  const heard = (error: Error | null): void => {
    if (!error) unanswered = 0;
  };
  const asking = setInterval(() => {
    if (session.destroyed) return clearInterval(asking);
    if (unanswered >= missing) return session.destroy();
    unanswered++;
    session.ping(heard);
  }, everyMs).unref();
  return () => clearInterval(asking);
}
