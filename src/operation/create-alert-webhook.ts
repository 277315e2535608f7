import { randomBytes } from 'node:crypto';
import { webhookSecretPurpose, webhookSigningPurpose } from '../key/purpose.ts';
import { newHexId } from '../kit/id.ts';
import type { Seal } from '../kit/seal.ts';
import { MOST_WEBHOOKS } from '../pack/alert-terms.ts';
import { kindOfUrl, type WebhookKind } from '../pack/webhook.ts';
import type { KeyedRequest } from '../store/account-requests.ts';
import type { AlertKey } from '../store/alert-row.ts';
import { getSealedWebhook, insertAlertWebhook, listAlertWebhooks } from '../store/alert-webhooks.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { lockAccount } from '../store/quotas.ts';
import { type Tx, transaction } from '../store/store.ts';
import { type AlertDeps, alertEvent, checkCount } from './alert-event.ts';
import { onceByKey } from './once-by-key.ts';
import { queueTestAlert } from './queue-test-alert.ts';

/** What a client says of a webhook. */
export interface WebhookTerms {
  readonly name: string;
  /** One that can be sent to (`toWebhookUrl`). */
  readonly url: string;
  /** Undefined: by its host. */
  readonly kind?: WebhookKind | undefined;
  /** For the header cf-webhook-auth. Undefined: as it is; '': none. */
  readonly secret?: string | undefined;
}

/** A new webhook. */
export interface MadeWebhook extends AlertKey {
  /** Key of the HMAC, as a client is told it: once. */
  readonly signingKey: string;
}

/**
 * Makes a webhook, and the key that is signed with for it; it is sent a test, unless it is pinned. Throws `quota_reached` and `key_reused`.
 */
export function createAlertWebhook(
  { pool, clock, seal }: AlertDeps,
  {
    accountId,
    terms,
    id = newHexId(),
    isPinned = false,
    request,
  }: {
    readonly accountId: string;
    readonly terms: WebhookTerms;
    readonly id?: string;
    readonly isPinned?: boolean;
    readonly request?: KeyedRequest | undefined;
  },
  by: Actor,
): Promise<MadeWebhook> {
  const signingKey = newSigningKey();
  const { name, url, kind = kindOfUrl(url) } = terms;
  return transaction(pool, async (tx) => {
    const now = clock.now();
    await lockAccount(tx, accountId);
    return onceByKey<MadeWebhook>(tx, request, now, {
      idsOf: (made) => [made.id],
      find: ([earlier = '']) => madeBefore(tx, seal, { accountId, id: earlier }),
      make: async () => {
        checkCount('alert_webhook', (await listAlertWebhooks(tx, accountId)).length + 1, MOST_WEBHOOKS);
        const key = { accountId, id };
        const secrets = {
          secret: sealedSecret(seal, key, terms.secret),
          signingKey: sealedSigningKey(seal, key, signingKey),
        };
        await insertAlertWebhook(tx, { ...key, name, url, kind, ...secrets, createdOn: now, ...NEVER });
        if (!isPinned) await queueTestAlert(tx, { ...key, name }, now);
        await recordAudit(tx, alertEvent('create', 'alert_webhook', { ...key, name }, by), now);
        return { ...key, signingKey };
      },
    });
  });
}

const NEVER = { lastSuccessOn: undefined, lastFailureOn: undefined } as const;

/** One that is asked for again by who did not get the answer: its key is told again. */
async function madeBefore(tx: Tx, seal: Seal, key: AlertKey): Promise<MadeWebhook | undefined> {
  const found = await getSealedWebhook(tx, key);
  if (!found) return undefined;
  const purpose = webhookSigningPurpose(key.accountId, key.id);
  return { ...key, signingKey: seal.open(found.signingKey, purpose).toString() };
}

/** 256 bits as text, which is what is signed with. */
export const newSigningKey = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/** What the header says, sealed; undefined for none. */
export const sealedSecret = (
  seal: Seal,
  { accountId, id }: AlertKey,
  secret: string | undefined,
): Buffer | undefined =>
  secret ? seal.close(Buffer.from(secret), webhookSecretPurpose(accountId, id)) : undefined;

/** The key, sealed. */
export const sealedSigningKey = (seal: Seal, { accountId, id }: AlertKey, key: string): Buffer =>
  seal.close(Buffer.from(key), webhookSigningPurpose(accountId, id));
