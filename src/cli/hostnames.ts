/** `certpacks hostnames`: custom hostnames of a zone, by the API. */
import { type Command, Option } from 'commander';
import { CERTIFICATE_AUTHORITIES } from '../pack/pack.ts';
import { call, callAll } from './client.ts';
import { asZoneClient, part } from './client-command.ts';
import { addHostnameChanges } from './hostname-changes.ts';
import { hostnamesOf, idOf, ONE, tell, type ZoneOptions } from './hostname-client.ts';
import { show } from './table.ts';

const LISTED = ['hostname', 'status', 'ssl_status', 'method', 'certificate_authority', 'expires_on', 'id'];

/** Adds the commands. */
export function addHostnames(certpacks: Command): void {
  const hostnames = certpacks
    .command('hostnames')
    .description('custom hostnames of a zone, by the API; the token is taken from CERTPACKS_TOKEN');
  addList(hostnames);
  addHostnameChanges(hostnames);
  for (const [name, method] of [
    ['get', 'GET'],
    ['check', 'PATCH'],
    ['delete', 'DELETE'],
  ] as const)
    asZoneClient(
      hostnames.command(name).description(WHAT[name]).argument('<hostname>', 'its name or id'),
    ).action(async (which: string, { zone, ...options }: ZoneOptions) => {
      const path = `${hostnamesOf(zone)}/${part(await idOf(which, { zone, ...options }))}`;
      const { result } = await call(options, method, path, method === 'PATCH' ? {} : undefined);
      tell(result, name === 'delete' ? ['id'] : ONE, options);
    });
  asZoneClient(hostnames.command('quota').description('how many a zone may have')).action(
    async ({ zone, ...options }: ZoneOptions) =>
      show(
        (await call(options, 'GET', `${hostnamesOf(zone)}/quota`)).result,
        ['used', 'allocated', 'hard_cap', 'exceeded'],
        options,
      ),
  );
  addFallbackOrigin(hostnames);
}

const WHAT = {
  get: 'one hostname, and what is to be shown for it',
  check: 'have control of a hostname looked for at once, and its certificates tried again',
  delete: 'delete a hostname with its certificates',
} as const;

interface ListOptions extends ZoneOptions {
  readonly exact?: string;
  readonly startsWith?: string;
  readonly contain?: string;
  readonly id?: string;
  readonly status?: string;
  readonly sslStatus?: string;
  readonly ca?: string;
  readonly wildcard?: string;
  readonly withSsl?: boolean;
  readonly origin?: string;
  readonly order?: string;
  readonly direction?: string;
}

function addList(hostnames: Command): void {
  const list = asZoneClient(hostnames.command('list').description('hostnames of a zone, all pages'));
  const ways = ['exact', 'startsWith', 'contain', 'id'];
  const way = (flags: string, what: string, own: string) =>
    list.addOption(new Option(flags, what).conflicts(ways.filter((one) => one !== own)));
  way('--exact <name>', 'the one of that name', 'exact');
  way('--starts-with <text>', 'how the name begins', 'startsWith');
  way('--contain <text>', 'a part of the name', 'contain');
  way('--id <id>', 'the one of that id; beside no other filter', 'id');
  list
    .option('--status <status>', 'of the hostname, e.g. pending or moved')
    .option('--ssl-status <status>', 'of its certificates')
    .addOption(new Option('--ca <name>', 'of its certificates').choices([...CERTIFICATE_AUTHORITIES]))
    .addOption(
      new Option('--wildcard <yes>', 'with the names below it, or without').choices(['true', 'false']),
    )
    .option('--with-ssl', 'those that have certificates')
    .option('--origin <name>', 'where its clients are sent')
    .addOption(new Option('--order <field>', 'the oldest first unless given').choices(['ssl', 'ssl_status']))
    .addOption(new Option('--direction <direction>', 'of the order').choices(['asc', 'desc']))
    .action(listed);
}

async function listed({ zone, ...options }: ListOptions): Promise<void> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filtersOf(options)))
    if (value !== undefined) query.set(name, value);
  const asked = query.size > 0 ? `?${query.toString()}` : '';
  tell(await callAll(options, `${hostnamesOf(zone)}${asked}`), LISTED, options);
}

const filtersOf = (options: Omit<ListOptions, 'zone'>) => ({
  'hostname.exact': options.exact,
  'hostname.startsWith': options.startsWith,
  'hostname.contain': options.contain,
  id: options.id,
  hostname_status: options.status,
  ssl_status: options.sslStatus,
  certificate_authority: options.ca,
  wildcard: options.wildcard,
  ssl: options.withSsl ? '1' : undefined,
  custom_origin_server: options.origin,
  order: options.order,
  direction: options.direction,
});

const ORIGIN = ['origin', 'status', 'errors', 'created_at', 'updated_at'];

async function askOrigin(method: string, { zone, ...options }: ZoneOptions, body?: object): Promise<void> {
  const path = `${hostnamesOf(zone)}/fallback_origin`;
  show((await call(options, method, path, body)).result, ORIGIN, options);
}

function addFallbackOrigin(hostnames: Command): void {
  const origin = hostnames
    .command('fallback-origin')
    .description('where the hostnames of a zone are sent that have no origin of their own');
  asZoneClient(origin.command('get').description('what it is, and whether its record was seen')).action(
    (options: ZoneOptions) => askOrigin('GET', options),
  );
  asZoneClient(origin.command('set').description('have it be a name of the zone').argument('<name>')).action(
    (name: string, options: ZoneOptions) => askOrigin('PUT', options, { origin: name }),
  );
  asZoneClient(origin.command('remove').description('take it away')).action((options: ZoneOptions) =>
    askOrigin('DELETE', options),
  );
}
