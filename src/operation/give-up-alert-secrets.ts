/** What becomes of alerts when the key-encryption key is lost: nobody can be told by what cannot be opened. */
import type { AlertKey } from '../store/alert-row.ts';
import { getAlertWebhook } from '../store/alert-webhooks.ts';
import { OPERATOR } from '../store/audit.ts';
import { listSealedOtherwise, type SealedPlace } from '../store/sealed.ts';
import type { Pool } from '../store/store.ts';
import type { AlertDeps } from './alert-event.ts';
import { changeAlertWebhook, rollSigningKey } from './change-alert-webhook.ts';
import { deletePagerduty } from './delete-alert-destination.ts';

const BATCH = 200;

/**
 * Gives up what none of the seal's keys opens: webhooks go on without their secret, and are signed for with new keys, until
 * their owners say otherwise; services of PagerDuty are taken away. Can be run again. How many of both that concerned.
 */
export async function giveUpAlertSecrets(deps: AlertDeps, kekIds: readonly string[]): Promise<number> {
  const webhooks = new Set<string>();
  const count = await forEachLost(deps.pool, 'pagerduty_keys', kekIds, (key) =>
    deletePagerduty(deps, key, OPERATOR),
  );
  await forEachLost(deps.pool, 'webhook_secrets', kekIds, async (key) => {
    webhooks.add(key.id);
    const webhook = await getAlertWebhook(deps.pool, key);
    if (webhook) await changeAlertWebhook(deps, key, { ...webhook, kind: undefined, secret: '' }, OPERATOR);
  });
  await forEachLost(deps.pool, 'webhook_signing_keys', kekIds, async (key) => {
    webhooks.add(key.id);
    await rollSigningKey(deps, key, OPERATOR);
  });
  return count + webhooks.size;
}

async function forEachLost(
  pool: Pool,
  place: SealedPlace,
  kekIds: readonly string[],
  giveUp: (key: AlertKey) => Promise<unknown>,
): Promise<number> {
  let count = 0;
  for (;;) {
    const rows = await listSealedOtherwise(pool, place, kekIds, BATCH);
    for (const {
      key: [accountId, id],
    } of rows)
      await giveUp({ accountId, id });
    count += rows.length;
    if (rows.length < BATCH) return count;
  }
}
