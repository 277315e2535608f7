import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { type Pool, type Tx, transaction } from '../store/store.ts';
import type { Token, TokenRecord, TokenTerms } from '../store/token-row.ts';
import { getTokenRecord, lockTokens, updateToken as updateRow } from '../store/tokens.ts';
import { holdChildren } from './hold-children.ts';
import { beyond, checkBounds, checkRank } from './token-bounds.ts';
import { tokenEvent } from './token-event.ts';
import { tokenOnDuty } from './token-on-duty.ts';

/** New terms of a token, and who gives it these. */
interface TokenChange {
  readonly id: string;
  readonly terms: TokenTerms;
  readonly by: Actor;
  readonly changer: Pick<Token, 'id' | 'accountId'>;
}

/**
 * Gives a token other terms, which hold from the next request on, also for what it made. Throws `missing_permission` where
 * it may more than who changes it, or, with a pointer, where it is given more than that one has or its own maker has;
 * `token_not_found`.
 */
export function updateToken(
  { pool, clock }: { readonly pool: Pool; readonly clock: Clock },
  { id, terms, by, changer }: TokenChange,
): Promise<void> {
  return transaction(pool, async (tx) => {
    const now = clock.now();
    await lockTokens(tx, terms.accountId);
    const before = await getTokenRecord(tx, terms.accountId, id);
    if (!before) throw new Fault('token_not_found', `there is no token ${id}`);
    const actor = await tokenOnDuty(tx, changer, now);
    checkRank(before, actor);
    if (isWider(terms, before)) checkBounds(terms, actor);
    const changed = { ...before, ...terms, ...(await heldBy(tx, before, terms)) };
    await updateRow(tx, changed, now);
    await holdChildren(tx, changed, now);
    await recordAudit(tx, tokenEvent('update', changed, by), now);
  });
}

/** Whether a token could do anything by its new terms that it could not by the old ones. */
const isWider = (terms: TokenTerms, before: TokenRecord): boolean =>
  beyond(terms, before) !== undefined ||
  (before.isDisabled && !terms.isDisabled) ||
  (before.notBefore !== undefined && (!terms.notBefore || terms.notBefore < before.notBefore));

/** What follows from the token's maker. Throws `missing_permission` with a pointer where the terms go beyond that one. */
async function heldBy(
  tx: Tx,
  { accountId, madeBy }: TokenRecord,
  terms: TokenTerms,
): Promise<Pick<TokenRecord, 'isHeld' | 'expiresOn'>> {
  const maker = madeBy === undefined ? undefined : await getTokenRecord(tx, accountId, madeBy);
  if (!maker) return { isHeld: false, expiresOn: terms.expiresOn };
  const expiresOn = terms.expiresOn ?? maker.expiresOn;
  checkBounds({ ...terms, expiresOn }, maker, `the token ${maker.id}, which made it,`);
  return { isHeld: maker.isDisabled || maker.isHeld, expiresOn };
}
