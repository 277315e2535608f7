/** Calls that the suites of Cloudflare's own client make of alerts, by the ids of the documentation. */
import { type Calls, ID, type RefusedCall } from './suite-calls.ts';

const aliased = { account_id: ID } as const;
const POLICY = '0da2b59ef118439d8097bdfb215203c9';
const HOOK = 'b115d5ec15c641ee8b7692c449b5227b';
const SILENCE = 'f878e90c23f44126ae3cfc399f646977';
const NAMED = 'f174e90afafe4643bbbc4a0ed4fc8415';
const policy = {
  alert_type: 'universal_ssl_event_type' as const,
  enabled: true,
  mechanisms: {},
  name: 'SSL Notification Event Policy',
};
const more = {
  mechanisms: { email: [{ id: 'test@example.com' }], pagerduty: [{ id: NAMED }], webhooks: [{ id: NAMED }] },
  alert_interval: '30m',
  description: 'Something describing the policy.',
  filters: { zones: ['22b1de5f1c0e4b3ea97bb1e963b06a43'], event_type: ['validation.failed'] },
};
const webhook = {
  name: 'Slack Webhook',
  url: 'https://hooks.slack.com/services/Ds3fdBFbV/456464Gdd',
};
const times = { end_time: '2022-01-01T00:00:00Z', start_time: '2022-01-01T00:00:00Z' };

/** What the suites fill with words that are no values of filters is here with some that are. */
export const alerting: Readonly<Record<string, Calls>> = {
  'alerting.availableAlerts.list': [(c) => c.alerting.availableAlerts.list(aliased)],
  'alerting.destinations.eligible.get': [(c) => c.alerting.destinations.eligible.get(aliased)],
  'alerting.destinations.pagerduty.delete': [(c) => c.alerting.destinations.pagerduty.delete(aliased)],
  'alerting.destinations.pagerduty.get': [(c) => c.alerting.destinations.pagerduty.get(aliased)],
  'alerting.destinations.webhooks.create': [
    (c) => c.alerting.destinations.webhooks.create({ ...aliased, ...webhook }),
    (c) => c.alerting.destinations.webhooks.create({ ...aliased, ...webhook, secret: 'string' }),
  ],
  'alerting.destinations.webhooks.update': [
    (c) => c.alerting.destinations.webhooks.update(HOOK, { ...aliased, ...webhook }),
    (c) =>
      c.alerting.destinations.webhooks.update('b115d5ec-15c6-41ee-8b76-92c449b5227b', {
        ...aliased,
        ...webhook,
        secret: 'string',
      }),
  ],
  'alerting.destinations.webhooks.list': [(c) => c.alerting.destinations.webhooks.list(aliased)],
  'alerting.destinations.webhooks.delete': [(c) => c.alerting.destinations.webhooks.delete(HOOK, aliased)],
  'alerting.destinations.webhooks.get': [(c) => c.alerting.destinations.webhooks.get(HOOK, aliased)],
  'alerting.history.list': [
    (c) => c.alerting.history.list(aliased),
    (c) =>
      c.alerting.history.list({
        ...aliased,
        before: '2022-05-20T20:29:58.679897Z',
        page: 1,
        per_page: 5,
        since: '2022-05-19T20:29:58.679897Z',
      }),
  ],
  'alerting.policies.create': [
    (c) => c.alerting.policies.create({ ...aliased, ...policy }),
    (c) => c.alerting.policies.create({ ...aliased, ...policy, ...more }),
  ],
  'alerting.policies.update': [
    (c) => c.alerting.policies.update(POLICY, aliased),
    (c) => c.alerting.policies.update(POLICY, { ...aliased, ...policy, ...more }),
  ],
  'alerting.policies.list': [(c) => c.alerting.policies.list(aliased)],
  'alerting.policies.delete': [(c) => c.alerting.policies.delete(POLICY, aliased)],
  'alerting.policies.get': [(c) => c.alerting.policies.get(POLICY, aliased)],
  'alerting.silences.create': [
    (c) => c.alerting.silences.create({ ...aliased, body: [{ ...times, policy_id: POLICY }] }),
  ],
  'alerting.silences.update': [
    (c) => c.alerting.silences.update({ ...aliased, body: [{ ...times, id: SILENCE }] }),
  ],
  'alerting.silences.list': [(c) => c.alerting.silences.list(aliased)],
  'alerting.silences.delete': [(c) => c.alerting.silences.delete(SILENCE, aliased)],
  'alerting.silences.get': [(c) => c.alerting.silences.get(SILENCE, aliased)],
};

/** Those that are refused, and why. */
export const ALERTING_REFUSED: readonly RefusedCall[] = [
  [
    'a policy with filters of other types of alerts: it would tell of more than it says',
    400,
    1400,
    (c) =>
      c.alerting.policies.create({ ...aliased, ...policy, filters: { slo: ['99.9'], zones: ['string'] } }),
  ],
  [
    'a policy that mails to what is no address',
    400,
    1400,
    (c) => c.alerting.policies.create({ ...aliased, ...policy, mechanisms: { email: [{ id: 'id' }] } }),
  ],
  ['a silence of nothing', 400, 1400, (c) => c.alerting.silences.create({ ...aliased, body: [{}] })],
  ['a change of no silence', 400, 1400, (c) => c.alerting.silences.update({ ...aliased, body: [{}] })],
  [
    'a sign-in at PagerDuty: services are added by their key',
    400,
    1465,
    (c) => c.alerting.destinations.pagerduty.create(aliased),
  ],
  [
    'the end of a sign-in at PagerDuty',
    400,
    1465,
    (c) => c.alerting.destinations.pagerduty.link('8c71e667571b4f61b94d9e4b12158038', aliased),
  ],
];
