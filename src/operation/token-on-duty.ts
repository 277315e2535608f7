import { Fault } from '../kit/fault.ts';
import { isGranted } from '../pack/permission.ts';
import type { Tx } from '../store/store.ts';
import type { Token, TokenRecord } from '../store/token-row.ts';
import { getGoodToken } from '../store/tokens.ts';

/**
 * The token that makes or changes another, as it is in the transaction that does so. Throws `invalid_token` or
 * `missing_permission` where it was taken away, switched off or narrowed since the request came.
 */
export async function tokenOnDuty(
  tx: Tx,
  { accountId, id }: Pick<Token, 'id' | 'accountId'>,
  now: Date,
): Promise<TokenRecord> {
  const token = await getGoodToken(tx, accountId, id, now);
  if (!token) throw new Fault('invalid_token', 'the API token is not valid here');
  if (isGranted(token.policies, 'API Tokens Write')) return token;
  throw new Fault('missing_permission', "this token has no 'API Tokens Write'");
}
