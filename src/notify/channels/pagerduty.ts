/** Events of PagerDuty, version 2: developer.pagerduty.com/docs/events-api-v2. */
import type { Message, Shape, Shaped } from '../notify.ts';
import { cut, oneLine, plain } from '../text.ts';

/** Opens an incident, or resolves it: by a key that both know. */
export function pagerdutyEvent({ body, policyName, alertType, accountId }: Message, key: string): Shaped {
  const event = { routing_key: key, dedup_key: body.correlationId };
  if (body.state === 'end') return { usesSecret: true, json: { ...event, event_action: 'resolve' } };
  return {
    usesSecret: true,
    json: {
      ...event,
      event_action: 'trigger',
      client: 'certpacks',
      ...(body.link && { client_url: body.link, links: [{ href: body.link, text: 'Open in certpacks' }] }),
      payload: {
        summary: cut(oneLine(body.title), 1_024),
        severity: body.severity,
        source: cut(body.data['zone_name'] ?? accountId, 255),
        timestamp: body.madeOn,
        component: body.data['certificate_pack_id'] ?? '',
        group: cut(policyName, 255),
        class: body.event,
        custom_details: { ...body.data, text: cut(plain(body.text), 8_000), alert_type: alertType },
      },
    },
  };
}

/** A webhook whose secret is the key. */
export const pagerduty: Shape = (message, { secret }) => pagerdutyEvent(message, secret ?? '');
