import { randomBytes } from 'node:crypto';
import type { Clock } from '../kit/clock.ts';
import { newHexId } from '../kit/id.ts';
import { policyFor } from '../pack/permission.ts';
import type { Account } from '../store/accounts.ts';
import { OPERATOR, recordAudit } from '../store/audit.ts';
import { type Pool, type Tx, transaction } from '../store/store.ts';
import type { TokenTerms } from '../store/token-row.ts';
import {
  changeSecret,
  getTokenNamed,
  insertToken,
  keySecret,
  lockTokens,
  updateToken,
} from '../store/tokens.ts';
import { defaultAccount } from './default-account.ts';
import { holdChildren } from './hold-children.ts';
import { tokenEvent } from './token-event.ts';

/** Makes a user of an account, the installation's first unless told; or gives one another key, and all rights. The key. */
export async function createUser(
  deps: { readonly pool: Pool; readonly clock: Clock },
  email: string,
  account?: Account,
): Promise<string> {
  const { id: accountId } = account ?? (await defaultAccount(deps));
  const key = randomBytes(32).toString('hex').slice(0, 45);
  const user = {
    accountId,
    name: `user ${email.toLowerCase()}`,
    policies: [policyFor(newHexId(), 'write')],
  };
  await transaction(deps.pool, async (tx) => {
    await lockTokens(tx, accountId);
    await put(tx, user, keySecret(email, key), deps.clock.now());
  });
  return key;
}

/** What earlier restrictions a user who gets another key is rid of. */
const ANEW = {
  requestIp: undefined,
  notBefore: undefined,
  expiresOn: undefined,
  isDisabled: false,
  isHeld: false,
};

/** Keeps the token of a user who was there before: what it made is good as long as it is. */
async function put(tx: Tx, user: TokenTerms, secret: string, now: Date): Promise<void> {
  const before = await getTokenNamed(tx, user.accountId, user.name);
  const id = before ? before.id : await insertToken(tx, user, secret, now);
  if (before) {
    await changeSecret(tx, before, secret, now);
    await updateToken(tx, { ...ANEW, ...user, id }, now);
    await holdChildren(tx, { ...before, ...ANEW, ...user }, now);
  }
  await recordAudit(tx, tokenEvent(before ? 'roll' : 'create', { ...user, id }, OPERATOR), now);
}
