import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { createAccount } from '../store/accounts.ts';
import { OPERATOR } from '../store/audit.ts';
import type { Pool } from '../store/store.ts';
import { countTokens } from '../store/tokens.ts';
import { createToken } from './create-token.ts';

/** Makes an account and its first token; the token's secret. Throws `configuration` where there is a token already. */
export async function createFirstToken(deps: {
  readonly pool: Pool;
  readonly clock: Clock;
}): Promise<string> {
  if ((await countTokens(deps.pool)) > 0) {
    const way = 'more are made by the API (`token create NAME`); where none is known any more, `user create`';
    throw new Fault('configuration', `there is a token already: ${way}`);
  }
  const account = await createAccount(deps.pool, 'default', deps.clock.now());
  const token = { accountId: account.id, name: 'first', access: 'write' } as const;
  return (await createToken(deps, token, OPERATOR)).secret;
}
