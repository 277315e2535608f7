import { Fault } from '../kit/fault.ts';
import { getMadeBy, type KeyedRequest, putMadeBy } from '../store/account-requests.ts';
import type { Tx } from '../store/store.ts';

/** How something is made, and found again by the ids that it was given. */
interface Making<T> {
  readonly make: () => Promise<T>;
  readonly idsOf: (made: T) => readonly string[];
  /** Undefined: it is not there any more. */
  readonly find: (ids: readonly string[]) => Promise<T | undefined>;
}

/**
 * Makes something in a transaction that holds its account, unless a request with the same Idempotency-Key did, and it is there still:
 * then that. Throws `key_reused` where the key was for something else, and what `make` throws.
 */
export async function onceByKey<T>(
  tx: Tx,
  request: KeyedRequest | undefined,
  now: Date,
  { make, idsOf, find }: Making<T>,
): Promise<T> {
  if (!request) return make();
  const earlier = await getMadeBy(tx, request);
  const found = earlier && (await find(earlier.ids));
  if (found && !earlier.isSameBody)
    throw new Fault('key_reused', 'this Idempotency-Key was used with another body; take a new one');
  if (found) return found;
  const made = await make();
  await putMadeBy(tx, request, idsOf(made), now);
  return made;
}
