import { newHexId } from '../kit/id.ts';
import { correlationOf } from '../pack/alert-body.ts';
import { ensureAlertNumbers } from '../store/alert-readers.ts';
import type { AlertWebhook } from '../store/alert-webhooks.ts';
import { insertDeliveries } from '../store/new-deliveries.ts';
import type { Tx } from '../store/store.ts';

/**
 * Has a webhook be sent a test, by which its owner sees that it works: as anything else that is told, with no policy behind it. It
 * says that something is over, so that it raises no alarm anywhere.
 */
export async function queueTestAlert(
  tx: Tx,
  { accountId, id: destination, name }: Pick<AlertWebhook, 'accountId' | 'id' | 'name'>,
  now: Date,
): Promise<void> {
  const id = newHexId();
  const test = {
    id,
    policyId: '',
    policyName: name,
    alertType: 'webhook_test',
    mechanism: 'webhooks',
    destination,
    subject: destination,
    once: `test ${id}`,
    isSilenced: false,
    notBefore: now,
    body: {
      event: 'webhook.test',
      severity: 'info',
      state: 'end',
      correlationId: correlationOf('', destination),
      title: `Test of the webhook ${name}`,
      text: 'This is a test: nothing happened. Whoever reads it is told of what the policies say that name this webhook.',
      madeOn: now.toISOString(),
      data: { account_tag: accountId, event_type: 'webhook.test' },
    },
  } as const;
  await ensureAlertNumbers(tx, accountId, now);
  await insertDeliveries(tx, accountId, [test], now);
}
