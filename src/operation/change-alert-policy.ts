import { type AlertPolicy, getAlertPolicy, replaceAlertPolicy } from '../store/alert-policies.ts';
import { ensureAlertReader } from '../store/alert-readers.ts';
import type { AlertKey } from '../store/alert-row.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { lockAccount } from '../store/quotas.ts';
import { transaction } from '../store/store.ts';
import { type AlertDeps, alertEvent, foundAlert } from './alert-event.ts';
import { checkAlertPolicy } from './check-alert-policy.ts';
import type { PolicyTerms } from './create-alert-policy.ts';

/**
 * Gives a policy other terms: `change` is told those that it has. Throws `alert_not_found`, as `change` does, and as
 * `checkAlertPolicy` for what is given anew.
 */
export function changeAlertPolicy(
  { pool, clock }: Pick<AlertDeps, 'pool' | 'clock'>,
  key: AlertKey,
  change: (before: AlertPolicy) => Partial<PolicyTerms>,
  by: Actor,
): Promise<AlertPolicy> {
  return transaction(pool, async (tx) => {
    const now = clock.now();
    await lockAccount(tx, key.accountId);
    const before = foundAlert('alert_policy', await getAlertPolicy(tx, key));
    const given = change(before);
    // What it had, and is not there any more, does not keep anybody from changing the rest.
    await checkAlertPolicy(tx, { accountId: key.accountId, mechanisms: {}, filters: {}, ...given });
    const policy = { ...before, ...given, modifiedOn: now };
    await replaceAlertPolicy(tx, policy);
    if (policy.isEnabled) await ensureAlertReader(tx, key.accountId, now);
    await recordAudit(tx, alertEvent('update', 'alert_policy', policy, by), now);
    return policy;
  });
}
