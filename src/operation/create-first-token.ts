import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { newHexId } from '../kit/id.ts';
import { policyFor } from '../pack/permission.ts';
import type { Account } from '../store/accounts.ts';
import { OPERATOR } from '../store/audit.ts';
import type { Pool } from '../store/store.ts';
import { countTokens } from '../store/tokens.ts';
import { createToken } from './create-token.ts';
import { defaultAccount } from './default-account.ts';

/**
 * Makes the first token of an account, which may all in it; its secret. Of no account in particular: of one that is made with
 * it. Throws `configuration` where there is a token already.
 */
export async function createFirstToken(
  deps: { readonly pool: Pool; readonly clock: Clock },
  account?: Account,
): Promise<string> {
  if ((await countTokens(deps.pool, account?.id)) > 0) {
    const way = 'more are made by the API (`token create NAME`); where none is known any more, `user create`';
    throw new Fault('configuration', `there is a token already: ${way}`);
  }
  const { id: accountId } = account ?? (await defaultAccount(deps));
  const token = { accountId, name: 'first', policies: [policyFor(newHexId(), 'write')] };
  return (await createToken(deps, token, { by: OPERATOR })).secret;
}
