/** Alerts of Opsgenie: docs.opsgenie.com/docs/alert-api. */
import type { AlertSeverity } from '../../pack/alert-body.ts';
import type { Shape } from '../notify.ts';
import { cut, oneLine, plain } from '../text.ts';

const PRIORITIES: Readonly<Record<AlertSeverity, string>> = {
  info: 'P5',
  warning: 'P3',
  error: 'P2',
  critical: 'P1',
};

/** Makes an alert, or closes it: by an alias that both know. */
export const opsgenie: Shape = ({ body, policyName, alertType }, { url, secret }) => {
  const headers = secret === undefined ? {} : { authorization: `GenieKey ${secret}` };
  const text = cut(plain(body.text), 10_000);
  if (body.state === 'end')
    return { usesSecret: true, headers, url: closeUrl(url, body.correlationId), json: { note: text } };
  return {
    usesSecret: true,
    headers,
    json: {
      message: cut(oneLine(body.title), 130),
      alias: body.correlationId,
      description: text,
      priority: PRIORITIES[body.severity],
      source: 'certpacks',
      tags: [alertType, body.event],
      details: { ...body.data, policy_name: cut(policyName, 500), ...(body.link && { link: body.link }) },
    },
  };
};

function closeUrl(url: string, alias: string): string {
  const close = new URL(url);
  close.pathname = `${close.pathname.replace(/\/$/, '')}/${alias}/close`;
  close.searchParams.set('identifierType', 'alias');
  return close.href;
}
