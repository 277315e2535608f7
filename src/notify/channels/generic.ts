/** What Cloudflare sends to a webhook: developers.cloudflare.com/notifications/reference/webhook-payload-schema, and of custom hostnames what SaaS webhooks have too. */
import type { Message, Shape } from '../notify.ts';

/** The payload. Of a digest it has `data.digest`, which Cloudflare's has not. */
export function payloadOf({ id, accountId, policyId, policyName, alertType, body, madeOn }: Message) {
  const { digest, hostname } = body;
  return {
    account_id: accountId,
    alert_correlation_id: body.correlationId,
    alert_event: body.state === 'end' ? 'ALERT_STATE_EVENT_END' : 'ALERT_STATE_EVENT_START',
    alert_type: alertType,
    data: { ...body.data, ...hostname?.data, ...(digest && { digest }) },
    ...(hostname && {
      metadata: {
        event: { id, type: hostname.type, created_at: body.madeOn },
        account: { id: accountId },
        zone: { id: hostname.zoneId },
      },
    }),
    name: policyName,
    policy_id: policyId,
    policy_name: policyName,
    text: `${body.title}\n${body.text}`,
    ts: Math.floor(madeOn.getTime() / 1_000),
  };
}

export const generic: Shape = (message) => ({ json: payloadOf(message) });
