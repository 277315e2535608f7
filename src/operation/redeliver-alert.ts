import { Fault } from '../kit/fault.ts';
import { type DeliveryRecord, getDelivery, queueAgain } from '../store/alert-history.ts';
import { listAlertPagerduty } from '../store/alert-pagerduty.ts';
import type { AlertKey } from '../store/alert-row.ts';
import { getAlertWebhook } from '../store/alert-webhooks.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { type Tx, transaction } from '../store/store.ts';
import { type AlertDeps, alertEvent, foundAlert } from './alert-event.ts';

/**
 * Has what could not be delivered be tried again, for as long as at first. Throws `alert_not_found`; `delivery_not_dead` for
 * what is sent, or on its way; `destination_not_found` where it has nowhere to go any more.
 */
export function redeliverAlert(
  { pool, clock }: Pick<AlertDeps, 'pool' | 'clock'>,
  key: AlertKey,
  by: Actor,
): Promise<DeliveryRecord> {
  return transaction(pool, async (tx) => {
    const now = clock.now();
    const delivery = foundAlert('alert_delivery', await getDelivery(tx, key));
    await checkDestination(tx, delivery);
    if (!(await queueAgain(tx, key, now)))
      throw new Fault(
        'delivery_not_dead',
        `the delivery is ${delivery.status}; only what is dead is sent again`,
      );
    await recordAudit(tx, alertEvent('redeliver', 'alert_delivery', delivery, by), now);
    return foundAlert('alert_delivery', await getDelivery(tx, key));
  });
}

async function checkDestination(
  tx: Tx,
  { accountId, mechanism, destination: id }: DeliveryRecord,
): Promise<void> {
  if (mechanism === 'email') return;
  const isThere =
    mechanism === 'webhooks'
      ? (await getAlertWebhook(tx, { accountId, id })) !== undefined
      : (await listAlertPagerduty(tx, accountId)).some((one) => one.id === id);
  if (!isThere)
    throw new Fault(
      'destination_not_found',
      'where it was to go is not there any more: nothing is sent again',
    );
}
