import { newUuid } from '../kit/id.ts';
import { tokenKeyUri } from '../pack/key-elsewhere.ts';
import type { Algorithm, Pack } from '../pack/pack.ts';
import { transaction } from '../store/store.ts';
import { noteKeyMade, type SpareKey, takeSpareKey, useSpareKey } from '../store/token-keys.ts';
import type { OperationDeps } from './operation.ts';

type Deps = Pick<OperationDeps, 'pool' | 'clock'>;

/**
 * The key of a pack in a token that is for its next order: one that was made for it before and is in no order, else one that is to be
 * made, noted before it is. `token` is the label of the token.
 */
export function takeTokenKey(
  { pool, clock }: Deps,
  pack: Pack,
  algorithm: Algorithm,
  token: string,
): Promise<SpareKey> {
  const id = newUuid();
  const uri = tokenKeyUri(token, pack, algorithm, id);
  return transaction(pool, (tx) => takeSpareKey(tx, pack, { id, uri, algorithm }, clock.now()));
}

/** Notes that a key is in the token. */
export const noteTokenKey = ({ pool }: Deps, pack: Pack, { id }: SpareKey): Promise<void> =>
  noteKeyMade(pool, pack, id);

/** Notes that the key for the next order of a pack is about to be in one. */
export const useTokenKey = ({ pool, clock }: Deps, pack: Pack, algorithm: Algorithm): Promise<void> =>
  useSpareKey(pool, pack, algorithm, clock.now());
