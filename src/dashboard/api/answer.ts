/** What a view asks for, while it is shown. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import { ask, Refusal, type Reply } from './client.ts';

export interface Answer<T> {
  /** What was answered last; undefined: nothing yet. */
  readonly reply: Reply<T> | undefined;
  /** Why the last question was not answered. */
  readonly refusal: Refusal | undefined;
  readonly isAsking: boolean;
  readonly again: () => void;
}

interface Kept<T> {
  readonly path: string | undefined;
  readonly reply?: Reply<T> | undefined;
  readonly refusal?: Refusal | undefined;
  readonly isAsking: boolean;
}

/**
 * Asks for a path when it is first shown, and again when the path changes, when `again` is called, and all `every` seconds while
 * the page is visible, and when `beside` is another. What was answered for the same path stays there meanwhile.
 */
export function useAnswer<T>(path: string | undefined, every = 0, beside?: unknown): Answer<T> {
  const [kept, keep] = useState<Kept<T>>({ path, isAsking: true });
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((n) => n + 1), []);
  useEffect(() => {
    if (path === undefined) return undefined;
    const stopped = new AbortController();
    keep((last) => ({ ...(last.path === path ? last : { path }), isAsking: true }));
    ask<T>('GET', path, { signal: stopped.signal })
      .then((reply) => keep({ path, reply, isAsking: false }))
      .catch((error: unknown) => {
        if (stopped.signal.aborted) return;
        keep((last) => ({ ...last, refusal: toRefusal(error), isAsking: false }));
      });
    return () => stopped.abort();
  }, [path, turn, beside]);
  useEffect(() => repeat(every, again), [every, again]);
  const isOfPath = kept.path === path;
  return {
    reply: isOfPath ? kept.reply : undefined,
    refusal: isOfPath ? kept.refusal : undefined,
    isAsking: path !== undefined && (kept.isAsking || !isOfPath),
    again,
  };
}

/** Calls it again and again while the page is visible; what ends that. */
function repeat(every: number, call: () => void): (() => void) | undefined {
  if (every === 0) return undefined;
  const timer = setInterval(() => {
    if (document.visibilityState === 'visible') call();
  }, every * 1_000);
  return () => clearInterval(timer);
}

/** Any error in words. */
export const toRefusal = (error: unknown): Refusal =>
  error instanceof Refusal ? error : new Refusal(0, [{ code: 0, message: String(error) }]);

export interface Doing {
  readonly isDoing: boolean;
  readonly refusal: Refusal | undefined;
  /** Does it; whether it worked. One thing at a time: while one is done another is not begun. */
  readonly run: (work: () => Promise<unknown>) => Promise<boolean>;
}

/** Something that a person has done, with what came of it. */
export function useDoing(): Doing {
  const [state, set] = useState<Omit<Doing, 'run'>>({ isDoing: false, refusal: undefined });
  const run = async (work: () => Promise<unknown>): Promise<boolean> => {
    if (state.isDoing) return false;
    set({ isDoing: true, refusal: undefined });
    try {
      await work();
      set({ isDoing: false, refusal: undefined });
      return true;
    } catch (error) {
      set({ isDoing: false, refusal: toRefusal(error) });
      return false;
    }
  };
  return { ...state, run };
}
