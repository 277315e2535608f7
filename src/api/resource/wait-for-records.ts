import type { Seconds } from '../../kit/time.ts';
import { render } from '../../operation/render.ts';
import type { Pack } from '../../pack/pack.ts';
import { getRenderedJson, type RenderedJson } from '../../store/rendered-json.ts';
import type { ApiDeps } from '../deps.ts';

/** How often, in milliseconds, it is looked whether a worker of another process was the one. */
const LOOK_MS = 100;

/** Which pack, and whether it was stored just now, so that a worker has yet to take it. */
interface Awaited {
  readonly zoneId: string;
  readonly id: string;
  readonly isNew: boolean;
  /** Longest time to wait; `orderWait` unless told. */
  readonly within?: Seconds | undefined;
}

/**
 * A pack's JSON once the CA named its validation records, or it is known why it did not, or as it is when the configured time
 * for that is over; undefined where the zone has no such pack any more.
 */
export async function waitForRecords(
  deps: ApiDeps,
  { zoneId, id, isNew, within = deps.orderWait }: Awaited,
): Promise<string | undefined> {
  const end = performance.now() + within * 1_000;
  let moved = isNew ? await deps.moves.next(id, Math.min(LOOK_MS, within * 1_000)) : undefined;
  for (;;) {
    if (moved && isKnown(moved)) return render(deps, moved).json;
    // Listened for before it is looked: it may move in between.
    const next = deps.moves.next(id, LOOK_MS);
    const row = await getRenderedJson(deps.pool, zoneId, id);
    if (!row || isSettled(row) || performance.now() >= end) return row?.json;
    moved = await next;
  }
}

/** Whether what the CA wants to see is known of a pack, or why it is not. */
const isKnown = ({ status, validationRecords, validationErrors }: Pack): boolean =>
  validationErrors.length > 0 ||
  (status !== 'initializing' && (status !== 'pending_validation' || validationRecords.length > 0));

/** Whether a pack waits no longer for its CA, or says why there are no records. */
function isSettled({ json, isWaiting }: Pick<RenderedJson, 'json' | 'isWaiting'>): boolean {
  if (!isWaiting) return true;
  const { validation_errors: errors }: { readonly validation_errors?: readonly object[] } = JSON.parse(json);
  return errors !== undefined && errors.length > 0;
}
