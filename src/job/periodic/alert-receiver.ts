import { pagerdutyPurpose, webhookSecretPurpose, webhookSigningPurpose } from '../../key/purpose.ts';
import type { Receiver } from '../../notify/send.ts';
import type { TakenDelivery } from '../../store/alert-deliveries.ts';
import { getPagerdutyKey } from '../../store/alert-pagerduty.ts';
import { getSealedWebhook } from '../../store/alert-webhooks.ts';
import type { JobDeps } from '../job.ts';

/** Who is told, with what is secret opened; undefined: it is not there any more. Throws `key_sealed_elsewhere`. */
export async function receiverOf(
  { pool, seal }: JobDeps,
  { accountId, mechanism, destination: id }: TakenDelivery,
): Promise<Receiver | undefined> {
  if (mechanism === 'email') return { mechanism, address: id };
  if (mechanism === 'pagerduty') {
    const key = await getPagerdutyKey(pool, { accountId, id });
    return key && { mechanism, key: seal.open(key, pagerdutyPurpose(accountId, id)).toString() };
  }
  const webhook = await getSealedWebhook(pool, { accountId, id });
  if (!webhook) return undefined;
  const { kind, url, secret, signingKey } = webhook;
  return {
    mechanism,
    kind,
    url,
    secret: secret && seal.open(secret, webhookSecretPurpose(accountId, id)).toString(),
    signingKey: seal.open(signingKey, webhookSigningPurpose(accountId, id)).toString(),
  };
}
