/** Alertmanager: github.com/prometheus/alertmanager, api/v2/openapi.yaml, postAlerts. */
import { after, days } from '../../kit/time.ts';
import type { Shape } from '../notify.ts';
import { cut, oneLine, plain } from '../text.ts';

/** It ends an alert by itself that nobody tells it of again, unless it is told until when it lasts. */
const LASTS = days(7);
const PATH = '/api/v2/alerts';

/** Labels are the same when it begins and when it ends: by them it is known. */
export const alertmanager: Shape = ({ body, policyId, policyName, accountId, alertType }, target) => {
  const begun = new Date(body.madeOn);
  const end = body.state === 'end' ? target.now : after(begun, LASTS);
  return {
    url: withPath(target.url),
    usesSecret: true,
    headers: target.secret === undefined ? {} : { authorization: `Bearer ${target.secret}` },
    json: [
      {
        labels: {
          alertname: 'CertpacksAlert',
          alert_type: alertType,
          account: accountId,
          policy: policyId,
          zone: cut(body.data['zone_name'] ?? '', 255),
          pack: body.data['certificate_pack_id'] ?? '',
          correlation: body.correlationId,
        },
        annotations: {
          summary: cut(oneLine(body.title), 1_000),
          description: cut(plain(body.text), 8_000),
          severity: body.severity,
          event: body.event,
          policy_name: cut(oneLine(policyName), 500),
        },
        ...(body.state === 'start' && { startsAt: body.madeOn }),
        endsAt: end.toISOString(),
        ...(body.link && { generatorURL: body.link }),
      },
    ],
  };
};

function withPath(text: string): string {
  const url = new URL(text);
  if (!url.pathname.endsWith(PATH)) url.pathname = url.pathname.replace(/\/$/, '') + PATH;
  return url.href;
}
