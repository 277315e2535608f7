/** `certpacks alerts add`, `webhook`, `silence` and their like: what is made of alerts, by the API. */
import type { Command } from 'commander';
import { environ } from '../kit/config.ts';
import { Fault } from '../kit/fault.ts';
import { type AlertOptions, addAlertReads, addAlertRemove, alertingOf, asAlertClient } from './alerts.ts';
import { call } from './client.ts';
import { show } from './table.ts';

/** Adds the commands. */
export function addAlerts(certpacks: Command): void {
  const alerts = certpacks.command('alerts').description('who is told of what happens to packs and zones');
  addAlertReads(alerts);
  addAdd(alerts);
  addWebhook(alerts);
  addPagerduty(alerts);
  addSilence(alerts);
  addAlertRemove(alerts);
}

interface AddOptions extends AlertOptions {
  readonly type: string;
  readonly email: readonly string[];
  readonly webhook: readonly string[];
  readonly pagerduty: readonly string[];
  readonly filter: readonly string[];
  readonly interval?: string;
}

const ids = (all: readonly string[]) => all.map((id) => ({ id }));
const collect = (one: string, all: readonly string[]): string[] => [...all, one];

function addAdd(alerts: Command): void {
  asAlertClient(alerts.command('add').description('have somebody told of what happens').argument('<name>'))
    .option('--type <type>', 'as `alerts types` lists them', 'dedicated_ssl_certificate_event_type')
    .option('--email <address>', 'who is told by mail; may be repeated', collect, [])
    .option('--webhook <id>', 'a webhook that is told; may be repeated', collect, [])
    .option('--pagerduty <id>', 'a service of PagerDuty that is told; may be repeated', collect, [])
    .option('--filter <name=value>', 'as `alerts types` names them; may be repeated', collect, [])
    .option('--interval <length>', 'how often the same is told again, as 24h')
    .action(async (name: string, options: AddOptions) => {
      const { email, webhook, pagerduty } = options;
      const body = {
        name,
        alert_type: options.type,
        enabled: true,
        mechanisms: { email: ids(email), webhooks: ids(webhook), pagerduty: ids(pagerduty) },
        filters: filtersOf(options.filter),
        ...(options.interval !== undefined && { alert_interval: options.interval }),
      };
      await make(options, '/policies', body, ['id']);
    });
}

function filtersOf(given: readonly string[]): Record<string, string[]> {
  const filters: Record<string, string[]> = {};
  for (const one of given) {
    const [, name, value] = /^([^=]+)=(.+)$/s.exec(one) ?? [];
    if (name === undefined || value === undefined)
      throw new Fault('configuration', `--filter is name=value, not ${JSON.stringify(one)}`);
    filters[name] = [...(filters[name] ?? []), value];
  }
  return filters;
}

interface WebhookOptions extends AlertOptions {
  readonly type?: string;
}

/** The secret is read from the environment: arguments are seen by everybody on a machine. */
function addWebhook(alerts: Command): void {
  asAlertClient(
    alerts
      .command('add-webhook')
      .description(
        'make a webhook, and print the key that is signed with for it; a secret is taken from CERTPACKS_WEBHOOK_SECRET',
      )
      .argument('<name>')
      .argument('<url>'),
  )
    .option('--type <type>', 'shape of what is sent; by the host of the URL unless given')
    .action(async (name: string, url: string, options: WebhookOptions) => {
      const secret = environ()['CERTPACKS_WEBHOOK_SECRET'];
      const body = { name, url, ...(secret && { secret }), ...(options.type && { type: options.type }) };
      await make(options, '/destinations/webhooks', body, ['id', 'signing_key']);
    });
}

function addPagerduty(alerts: Command): void {
  asAlertClient(
    alerts
      .command('add-pagerduty')
      .description('add a service of PagerDuty; its integration key is taken from CERTPACKS_PAGERDUTY_KEY')
      .argument('<name>'),
  ).action(async (name: string, options: AlertOptions) => {
    const key = environ()['CERTPACKS_PAGERDUTY_KEY'];
    if (!key)
      throw new Fault(
        'configuration',
        'CERTPACKS_PAGERDUTY_KEY has to have the integration key of the service',
      );
    await make(options, '/destinations/pagerduty', { name, integration_key: key }, ['id']);
  });
}

interface SilenceOptions extends AlertOptions {
  readonly from: string;
  readonly until: string;
}

function addSilence(alerts: Command): void {
  asAlertClient(
    alerts.command('silence').description('have a policy tell nobody for a time').argument('<policy>'),
  )
    .requiredOption('--from <instant>', 'a date or an instant (RFC 3339)')
    .requiredOption('--until <instant>', 'a date or an instant')
    .action(async (policy: string, options: SilenceOptions) => {
      const body = [{ policy_id: policy, start_time: options.from, end_time: options.until }];
      await make(options, '/silences', body, ['id', 'policy_id', 'start_time', 'end_time']);
    });
}

async function make(options: AlertOptions, path: string, body: object, fields: string[]): Promise<void> {
  const { result } = await call(options, 'POST', `${await alertingOf(options)}${path}`, body);
  show(result, fields, options);
}
