import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { after, minutes } from '../kit/time.ts';
import { getByBody, getByKey, type OrderRequest } from '../store/order-requests.ts';
import { type Pool, stateOf } from '../store/store.ts';

/** A request that makes a pack. */
export interface MakingRequest {
  readonly request: OrderRequest;
  /** Whether the client says that it tries again. */
  readonly isRetry: boolean;
}

/** A pack that was made, now or by an earlier request that this one repeats. */
export interface Ordered {
  readonly id: string;
  readonly isNew: boolean;
}

interface RepeatDeps {
  readonly pool: Pool;
  readonly clock: Clock;
}

/** How long after a request its repetition by the client's own retry is recognised. */
export const RETRY_WINDOW = minutes(2);

/** The pack that this request made before, or undefined. Throws `key_reused` where its key was for another body. */
export async function repeated(
  { pool, clock }: RepeatDeps,
  { request, isRetry }: MakingRequest,
): Promise<string | undefined> {
  const byKey = request.key === undefined ? undefined : await getByKey(pool, request);
  if (byKey) return sameOrder(byKey);
  return isRetry ? getByBody(pool, request, after(clock.now(), -RETRY_WINDOW)) : undefined;
}

/**
 * Makes a pack by `making`, unless this request did before: also where two of the same key come at once. Throws `key_reused`,
 * and what `making` throws.
 */
export async function unlessRepeated(
  deps: RepeatDeps,
  ask: MakingRequest,
  making: () => Promise<string>,
): Promise<Ordered> {
  try {
    return { id: await making(), isNew: true };
  } catch (error) {
    const first = stateOf(error) === '23505' ? await getByKey(deps.pool, ask.request) : undefined;
    if (!first) throw error;
    return { id: sameOrder(first), isNew: false };
  }
}

/** The pack that a key made. */
function sameOrder({ packId, isSameBody }: { packId: string; isSameBody: boolean }): string {
  if (isSameBody) return packId;
  throw new Fault('key_reused', 'this Idempotency-Key was used with another body; take a new one');
}
