/** The HTTP event collector of Splunk: docs.splunk.com, "Format events for HTTP Event Collector". */
import type { Shape } from '../notify.ts';
import { payloadOf } from './generic.ts';

export const splunk: Shape = (message, { secret }) => ({
  usesSecret: true,
  headers: secret === undefined ? {} : { authorization: `Splunk ${secret}` },
  json: {
    time: Math.floor(Date.parse(message.body.madeOn) / 1_000),
    source: 'certpacks',
    sourcetype: '_json',
    event: { id: message.id, severity: message.body.severity, ...payloadOf(message) },
  },
});
