import { kindOfUrl } from '../pack/webhook.ts';
import type { AlertKey } from '../store/alert-row.ts';
import { getSealedWebhook, replaceAlertWebhook, type SealedWebhook } from '../store/alert-webhooks.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { lockAccount } from '../store/quotas.ts';
import { transaction } from '../store/store.ts';
import { type AlertDeps, alertEvent, foundAlert } from './alert-event.ts';
import { newSigningKey, sealedSecret, sealedSigningKey, type WebhookTerms } from './create-alert-webhook.ts';
import { queueTestAlert } from './queue-test-alert.ts';

/**
 * Gives a webhook other terms; its secret stays where none is given, and its shape where the URL stays. One that has another URL is
 * sent a test, unless it is pinned. Throws
 * `alert_not_found`.
 */
export async function changeAlertWebhook(
  deps: AlertDeps,
  key: AlertKey,
  { name, url, kind, secret, isPinned }: WebhookTerms & { readonly isPinned?: boolean },
  by: Actor,
): Promise<void> {
  const to = (before: SealedWebhook) => ({
    name,
    url,
    kind: kind ?? (url === before.url ? before.kind : kindOfUrl(url)),
    secret: secret === undefined ? before.secret : sealedSecret(deps.seal, key, secret),
  });
  await change(deps, key, to, { event: 'update', by, ...(isPinned && { isPinned }) });
}

/** Gives a webhook another key to sign with, which is told once. Throws `alert_not_found`. */
export async function rollSigningKey(deps: AlertDeps, key: AlertKey, by: Actor): Promise<string> {
  const signingKey = newSigningKey();
  const sealed = sealedSigningKey(deps.seal, key, signingKey);
  await change(deps, key, () => ({ signingKey: sealed }), { event: 'roll', by });
  return signingKey;
}

function change(
  { pool, clock }: AlertDeps,
  key: AlertKey,
  to: (before: SealedWebhook) => Partial<SealedWebhook>,
  {
    event,
    by,
    isPinned = false,
  }: { readonly event: string; readonly by: Actor; readonly isPinned?: boolean },
): Promise<void> {
  return transaction(pool, async (tx) => {
    await lockAccount(tx, key.accountId);
    const before = foundAlert('alert_webhook', await getSealedWebhook(tx, key, 'locked'));
    const webhook = { ...before, ...to(before) };
    const now = clock.now();
    await replaceAlertWebhook(tx, webhook);
    if (webhook.url !== before.url && !isPinned) await queueTestAlert(tx, webhook, now);
    await recordAudit(tx, alertEvent(event, 'alert_webhook', webhook, by), now);
  });
}
