import { rerenderAll } from '../operation/rerender.ts';

/** Renders all packs again in the background, if that is due. Returns what stops it. */
export function startRendering(deps: Parameters<typeof rerenderAll>[0]): () => Promise<void> {
  const stopped = new AbortController();
  const done = rerenderAll(deps, stopped.signal).catch((error: unknown) =>
    deps.log.warn({ err: error }, 'packs are not all rendered; that goes on at the next start'),
  );
  return async () => {
    stopped.abort();
    await done;
  };
}
