/** What becomes of policies when somebody cannot be told any more. */
import { deleteAlertPagerduty, listAlertPagerduty } from '../store/alert-pagerduty.ts';
import {
  type AlertPolicy,
  listAlertPolicies,
  type Mechanism,
  replaceAlertPolicy,
} from '../store/alert-policies.ts';
import type { AlertKey } from '../store/alert-row.ts';
import { deleteAlertWebhook as deleteRow, getAlertWebhook } from '../store/alert-webhooks.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { lockAccount } from '../store/quotas.ts';
import { type Tx, transaction } from '../store/store.ts';
import { type AlertDeps, alertEvent, foundAlert } from './alert-event.ts';

/** Takes a webhook away, and out of the policies that name it. Throws `alert_not_found`. */
export function deleteAlertWebhook(
  { pool, clock }: Pick<AlertDeps, 'pool' | 'clock'>,
  key: AlertKey,
  by: Actor,
): Promise<void> {
  return transaction(pool, async (tx) => {
    const now = clock.now();
    await lockAccount(tx, key.accountId);
    const webhook = foundAlert('alert_webhook', await getAlertWebhook(tx, key));
    await leavePolicies(tx, 'webhooks', [webhook], { by, now });
    await deleteRow(tx, key);
    await recordAudit(tx, alertEvent('delete', 'alert_webhook', webhook, by), now);
  });
}

/** Takes all services of PagerDuty of an account away, or one, and out of the policies. Throws `alert_not_found` for one. */
export function deletePagerduty(
  { pool, clock }: Pick<AlertDeps, 'pool' | 'clock'>,
  { accountId, id }: { readonly accountId: string; readonly id?: string },
  by: Actor,
): Promise<void> {
  return transaction(pool, async (tx) => {
    const now = clock.now();
    await lockAccount(tx, accountId);
    const all = await listAlertPagerduty(tx, accountId);
    const gone = id === undefined ? all : all.filter((one) => one.id === id);
    if (id !== undefined) foundAlert('alert_pagerduty', gone[0]);
    await leavePolicies(tx, 'pagerduty', gone, { by, now });
    for (const one of gone) {
      await deleteAlertPagerduty(tx, one);
      await recordAudit(tx, alertEvent('delete', 'alert_pagerduty', one, by), now);
    }
  });
}

/** Takes what goes out of the policies of its account. */
async function leavePolicies(
  tx: Tx,
  kind: Mechanism,
  gone: readonly AlertKey[],
  { by, now }: { readonly by: Actor; readonly now: Date },
): Promise<void> {
  const [first] = gone;
  if (!first) return;
  for (const policy of await listAlertPolicies(tx, first.accountId)) {
    const left = without(policy, kind, gone);
    if (!left) continue;
    await replaceAlertPolicy(tx, { ...left, modifiedOn: now });
    await recordAudit(tx, alertEvent('update', 'alert_policy', policy, by), now);
  }
}

/** The policy without them; undefined: it names none of them. */
function without(policy: AlertPolicy, kind: Mechanism, gone: readonly AlertKey[]): AlertPolicy | undefined {
  const named = policy.mechanisms[kind] ?? [];
  const kept = named.filter(({ id }) => !gone.some((one) => one.id === id));
  if (kept.length === named.length) return undefined;
  return { ...policy, mechanisms: { ...policy.mechanisms, [kind]: kept } };
}
