import { deleteAlertPolicy as deleteRow, getAlertPolicy } from '../store/alert-policies.ts';
import type { AlertKey } from '../store/alert-row.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { lockAccount } from '../store/quotas.ts';
import { transaction } from '../store/store.ts';
import { type AlertDeps, alertEvent, foundAlert } from './alert-event.ts';

/** Takes a policy away, with its silences. Throws `alert_not_found`. */
export function deleteAlertPolicy(
  { pool, clock }: Pick<AlertDeps, 'pool' | 'clock'>,
  key: AlertKey,
  by: Actor,
): Promise<void> {
  return transaction(pool, async (tx) => {
    await lockAccount(tx, key.accountId);
    const policy = foundAlert('alert_policy', await getAlertPolicy(tx, key));
    await deleteRow(tx, key);
    await recordAudit(tx, alertEvent('delete', 'alert_policy', policy, by), clock.now());
  });
}
