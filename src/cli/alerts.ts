/** `certpacks alerts`: who is told of what happens, by the API. */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../kit/fault.ts';
import { call, callAll } from './client.ts';
import { asClient, type ClientOptions, part } from './client-command.ts';
import { ownAccount } from './own-account.ts';
import { printJson, printLine } from './print.ts';
import { show } from './table.ts';

/** Options of these commands. */
export interface AlertOptions extends ClientOptions {
  readonly account?: string;
}

/** Adds the options that all of them have. */
export const asAlertClient = (command: Command): Command =>
  asClient(command).option('--account <id>', 'id of the account; the token’s own unless given');

/** Path of what there is of alerts. */
export const alertingOf = async (options: AlertOptions): Promise<string> =>
  `/accounts/${part(options.account ?? (await ownAccount(options)))}/alerting/v3`;

const DELIVERY = ['id', 'status', 'created_on', 'event_type', 'title', 'mechanism', 'attempts', 'problem'];
const HISTORY = ['sent', 'alert_type', 'name', 'mechanism_type', 'mechanism', 'alert_body'];
const WEBHOOK = ['id', 'name', 'type', 'url', 'last_success', 'last_failure'];

/** Adds the commands that list, and those that take away. */
export function addAlertReads(alerts: Command): void {
  addList(alerts, 'types', 'types of alerts, by what each can be narrowed');
  for (const [name, [what, path, fields]] of Object.entries(LISTS))
    asAlertClient(alerts.command(name).description(what)).action(async (options: AlertOptions) =>
      show(await callAll(options, `${await alertingOf(options)}${path}`), fields, options),
    );
  addDeliveries(alerts);
}

const LISTS: Readonly<Record<string, readonly [what: string, path: string, fields: readonly string[]]>> = {
  list: [
    'policies: who is told of what',
    '/policies',
    ['id', 'name', 'enabled', 'alert_type', 'mechanisms', 'filters'],
  ],
  webhooks: ['webhooks that alerts can be sent to', '/destinations/webhooks', WEBHOOK],
  pagerduty: ['services of PagerDuty that alerts can be sent to', '/destinations/pagerduty', ['id', 'name']],
  silences: [
    'times in which policies tell nobody',
    '/silences',
    ['id', 'policy_id', 'start_time', 'end_time'],
  ],
  history: ['what was told, the last first', '/history', HISTORY],
};

const Types = Compile(
  Type.Record(
    Type.String(),
    Type.Array(
      Type.Object({
        type: Type.String(),
        description: Type.String(),
        filter_options: Type.Array(Type.Object({ Key: Type.String() })),
      }),
    ),
  ),
);

function addList(alerts: Command, name: string, what: string): void {
  asAlertClient(alerts.command(name).description(what)).action(async (options: AlertOptions) => {
    const { result } = await call(options, 'GET', `${await alertingOf(options)}/available_alerts`);
    if (options.json) return printJson(result);
    if (!Types.Check(result)) throw new Fault('configuration', `${options.api} lists no types of alerts`);
    const rows = Object.values(result)
      .flat()
      .map((one) => ({ ...one, filters: one.filter_options.map(({ Key }) => Key) }));
    show(rows, ['type', 'filters', 'description'], options);
  });
}

function addDeliveries(alerts: Command): void {
  asAlertClient(alerts.command('deliveries').description('what is to be told, was told, or could not be'))
    .option('--status <status>', 'queued, sent, dead, silenced or cancelled')
    .option('--most <n>', 'how many are shown, the newest first', '50')
    .action(async (options: AlertOptions & { readonly status?: string; readonly most: string }) => {
      const { status, most } = options;
      const query = new URLSearchParams({ per_page: most, ...(status !== undefined && { status }) });
      const path = `${await alertingOf(options)}/deliveries?${query.toString()}`;
      show((await call(options, 'GET', path)).result, DELIVERY, options);
    });
  asAlertClient(
    alerts.command('redeliver').description('have what is dead be tried again').argument('<id>'),
  ).action(async (id: string, options: AlertOptions) => {
    const path = `${await alertingOf(options)}/deliveries/${part(id)}/redeliver`;
    show((await call(options, 'POST', path)).result, DELIVERY, options);
  });
}

/** Where each thing that can be taken away is. */
const REMOVED: Readonly<Record<string, string>> = {
  policy: '/policies',
  webhook: '/destinations/webhooks',
  pagerduty: '/destinations/pagerduty',
  silence: '/silences',
};

/** Adds the command that takes away. */
export function addAlertRemove(alerts: Command): void {
  asAlertClient(
    alerts
      .command('remove')
      .description('take a policy, a webhook, a service of PagerDuty or a silence away')
      .argument('<what>', Object.keys(REMOVED).join(', '))
      .argument('<id>'),
  ).action(async (what: string, id: string, options: AlertOptions) => {
    const path = Object.hasOwn(REMOVED, what) ? REMOVED[what] : undefined;
    if (path === undefined)
      throw new Fault('configuration', `one of ${Object.keys(REMOVED).join(', ')} can be taken away`);
    const { result } = await call(options, 'DELETE', `${await alertingOf(options)}${path}/${part(id)}`);
    if (options.json) printJson(result);
    else printLine(`${what} ${id} is gone`);
  });
}
