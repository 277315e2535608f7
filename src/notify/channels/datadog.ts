/** Events of Datadog: docs.datadoghq.com/api/latest/events, version 1. */
import type { AlertBody } from '../../pack/alert-body.ts';
import type { Shape } from '../notify.ts';
import { cut, oneLine, plain } from '../text.ts';

/** A text is Markdown only where it says so itself, between `%%%`. */
export const datadog: Shape = ({ body, alertType }, { secret }) => ({
  usesSecret: true,
  headers: secret === undefined ? {} : { 'dd-api-key': secret },
  json: {
    title: cut(unmarked(oneLine(body.title)), 100),
    text: cut(unmarked(plain(body.text)), 3_900),
    alert_type: typeOf(body),
    aggregation_key: body.correlationId,
    source_type_name: 'certpacks',
    date_happened: Math.floor(Date.parse(body.madeOn) / 1_000),
    tags: [`alert_type:${alertType}`, `event:${body.event}`, `zone:${body.data['zone_name'] ?? ''}`],
  },
});

const unmarked = (text: string): string => text.replaceAll(/%{3,}/g, '%');

function typeOf({ state, severity }: AlertBody): string {
  if (state === 'end') return 'success';
  return severity === 'critical' ? 'error' : severity;
}
