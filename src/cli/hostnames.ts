/** `certpacks hostnames`: custom hostnames of a zone, by the API. */
import type { Command } from 'commander';
import { call, callAll } from './client.ts';
import { asZoneClient, type ClientOptions, part } from './client-command.ts';
import { show } from './table.ts';

type ZoneOptions = ClientOptions & { readonly zone: string };

const LISTED = ['hostname', 'status', 'ssl_status', 'method', 'certificate_authority', 'expires_on', 'id'];
const ONE = ['hostname', 'status', 'ssl_status', 'shown_by', 'value', 'verification_errors', 'id'];

/** Adds the commands. */
export function addHostnames(certpacks: Command): void {
  const hostnames = certpacks
    .command('hostnames')
    .description('custom hostnames of a zone, by the API; the token is taken from CERTPACKS_TOKEN');
  asZoneClient(hostnames.command('list').description('hostnames of a zone'))
    .option('--status <status>', 'of the hostname, e.g. pending or moved')
    .option('--ssl-status <status>', 'of its certificates')
    .option('--contain <text>', 'a part of the name')
    .action(list);
  asZoneClient(hostnames.command('add').description('make a hostname').argument('<hostname>'))
    .option('--method <method>', 'txt, http or email; none: without certificates', 'txt')
    .option('--ca <name>', 'lets_encrypt, google or ssl_com; the service chooses unless told')
    .option('--wildcard', 'with the names below it')
    .option('--origin <name>', 'where its clients are sent')
    .action(add);
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
}

const WHAT = {
  get: 'one hostname, and what is to be shown for it',
  check: 'have control of a hostname looked for at once, and its certificates tried again',
  delete: 'delete a hostname with its certificates',
} as const;

const hostnamesOf = (zone: string): string => `/zones/${part(zone)}/custom_hostnames`;

interface ListOptions extends ZoneOptions {
  readonly status?: string;
  readonly sslStatus?: string;
  readonly contain?: string;
}

async function list({ zone, status, sslStatus, contain, ...options }: ListOptions): Promise<void> {
  const asked = { hostname_status: status, ssl_status: sslStatus, 'hostname.contain': contain };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(asked)) if (value !== undefined) query.set(name, value);
  tell(
    await callAll(options, `${hostnamesOf(zone)}${query.size > 0 ? `?${query.toString()}` : ''}`),
    LISTED,
    options,
  );
}

interface AddOptions extends ZoneOptions {
  readonly method: string;
  readonly ca?: string;
  readonly wildcard?: boolean;
  readonly origin?: string;
}

async function add(
  hostname: string,
  { zone, method, ca, wildcard, origin, ...options }: AddOptions,
): Promise<void> {
  const more = { ...(ca !== undefined && { certificate_authority: ca }), ...(wildcard && { wildcard }) };
  const ssl = method === 'none' ? {} : { ssl: { method, type: 'dv', ...more } };
  const body = { hostname, ...ssl, ...(origin !== undefined && { custom_origin_server: origin }) };
  tell((await call(options, 'POST', hostnamesOf(zone), body)).result, ONE, options);
}

/** The id of a hostname of that name; what is none is taken for an id. */
async function idOf(which: string, { zone, ...options }: ZoneOptions): Promise<string> {
  if (!which.includes('.')) return which;
  const found = await callAll(options, `${hostnamesOf(zone)}?hostname=${part(which)}`);
  return textOf(found[0], 'id') || which;
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
const textOf = (value: unknown, name: string): string => {
  const text = fieldOf(value, name);
  return typeof text === 'string' ? text : '';
};

/** Prints hostnames; a table has what stands deeper in them beside the rest. */
function tell(result: unknown, fields: readonly string[], options: ClientOptions): void {
  const flat = (one: unknown) => {
    const [ssl, token] = [fieldOf(one, 'ssl'), fieldOf(one, 'ownership_verification')];
    return {
      ...Object.fromEntries(fields.map((name) => [name, fieldOf(one, name)])),
      ssl_status: fieldOf(ssl, 'status'),
      method: fieldOf(ssl, 'method'),
      certificate_authority: fieldOf(ssl, 'certificate_authority'),
      expires_on: fieldOf(ssl, 'expires_on'),
      shown_by: fieldOf(token, 'name'),
      value: fieldOf(token, 'value'),
    };
  };
  if (options.json) show(result, fields, options);
  else show(Array.isArray(result) ? result.map(flat) : flat(result), fields, options);
}
