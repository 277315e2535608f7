import { newHexId } from '../kit/id.ts';
import { MOST_POLICIES } from '../pack/alert-terms.ts';
import type { KeyedRequest } from '../store/account-requests.ts';
import {
  type AlertPolicy,
  getAlertPolicy,
  insertAlertPolicy,
  listAlertPolicies,
} from '../store/alert-policies.ts';
import { ensureAlertReader } from '../store/alert-readers.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { lockAccount } from '../store/quotas.ts';
import { transaction } from '../store/store.ts';
import { type AlertDeps, alertEvent, checkCount } from './alert-event.ts';
import { checkAlertPolicy } from './check-alert-policy.ts';
import { onceByKey } from './once-by-key.ts';

/** What a client says of a policy. */
export type PolicyTerms = Omit<AlertPolicy, 'id' | 'accountId' | 'createdOn' | 'modifiedOn'>;

/**
 * Makes a policy: what happens from now on is told by it. Throws `quota_reached`, `key_reused`, and as `checkAlertPolicy`. The id is given
 * where it is known beforehand.
 */
export function createAlertPolicy(
  { pool, clock }: Pick<AlertDeps, 'pool' | 'clock'>,
  {
    accountId,
    terms,
    id = newHexId(),
    request,
  }: {
    readonly accountId: string;
    readonly terms: PolicyTerms;
    readonly id?: string;
    readonly request?: KeyedRequest | undefined;
  },
  by: Actor,
): Promise<AlertPolicy> {
  return transaction(pool, async (tx) => {
    const now = clock.now();
    await lockAccount(tx, accountId);
    return onceByKey<AlertPolicy>(tx, request, now, {
      idsOf: (policy) => [policy.id],
      find: ([earlier = '']) => getAlertPolicy(tx, { accountId, id: earlier }),
      make: async () => {
        checkCount('alert_policy', (await listAlertPolicies(tx, accountId)).length + 1, MOST_POLICIES);
        const policy = { ...terms, accountId, id, createdOn: now, modifiedOn: now };
        await checkAlertPolicy(tx, policy);
        await insertAlertPolicy(tx, policy);
        if (policy.isEnabled) await ensureAlertReader(tx, accountId, now);
        await recordAudit(tx, alertEvent('create', 'alert_policy', policy, by), now);
        return policy;
      },
    });
  });
}
