/** Whether whoever is told of changes is still there: what is sent to a machine that is gone looks for minutes as if it came. */
import type { Http2Session } from 'node:http2';

/** How often a sign of life is asked for, and the longest time without one, in milliseconds. */
export interface LifeBounds {
  readonly everyMs: number;
  readonly silenceMs: number;
}

const BOUNDS: LifeBounds = { everyMs: 10_000, silenceMs: 30_000 };

/** Asks the other side again and again, by pings of HTTP/2, and ends the session of one that is silent. Call what it returns to stop. */
export function demandLife(session: Http2Session, { everyMs, silenceMs } = BOUNDS): () => void {
  let heardAt = performance.now();
  const heard = (error: Error | null): void => {
    if (!error) heardAt = performance.now();
  };
  const asking = setInterval(() => {
    if (session.destroyed) clearInterval(asking);
    else if (performance.now() - heardAt > silenceMs) session.destroy();
    else session.ping(heard);
  }, everyMs).unref();
  return () => clearInterval(asking);
}
