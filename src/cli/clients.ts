/** `certpacks zone`, `packs` and `token`: the API for people, with tables, waits and exit statuses. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { type ApiPlace, call, callAll, EXIT } from './client.ts';
import { show } from './table.ts';

interface Common extends ApiPlace {
  readonly json?: boolean;
}

const PACK = ['id', 'status', 'certificate_authority', 'validity_days', 'hosts', 'created_on'];
const ZONE = ['id', 'name', 'type', 'status', 'created_on'];
const TOKEN = ['id', 'name', 'status', 'issued_on', 'expires_on', 'last_used_on'];

/** Options of every command that is a client. */
export const common = (command: Command): Command =>
  command
    .option('--api <url>', 'base URL of the API', 'http://127.0.0.1:8787/client/v4')
    .option('--json', 'print one line of JSON');

const part = encodeURIComponent;
const packsOf = (zone: string): string => `/zones/${part(zone)}/ssl/certificate_packs`;

/** Adds `zone`. */
export function addZones(certpacks: Command): void {
  const zone = certpacks
    .command('zone')
    .description('zones, by the API; the token is taken from CERTPACKS_TOKEN');
  common(zone.command('list').description('zones that the token sees')).action(async (options: Common) =>
    show(await callAll(options, '/zones'), ZONE, options),
  );
  common(zone.command('create').description('make a zone').argument('<name>'))
    .option('--type <type>', 'full: our name servers answer for it; partial: its DNS is elsewhere', 'partial')
    .option('--account <id>', 'id of the account; the token’s own unless given')
    .action(
      async (name: string, { type, account, ...options }: Common & { type: string; account?: string }) => {
        const body = { name, type, ...(account !== undefined && { account: { id: account } }) };
        show((await call(options, 'POST', '/zones', body)).result, ZONE, options);
      },
    );
  common(zone.command('get').description('one zone').argument('<id>')).action(
    async (id: string, options: Common) =>
      show((await call(options, 'GET', `/zones/${part(id)}`)).result, ZONE, options),
  );
  common(zone.command('delete').description('delete a zone with its packs').argument('<id>')).action(
    async (id: string, options: Common) =>
      show((await call(options, 'DELETE', `/zones/${part(id)}`)).result, ['id'], options),
  );
}

interface OrderOptions extends Common {
  readonly zone: string;
  readonly ca: string;
  readonly method: string;
  readonly days: string;
  readonly wait?: boolean;
}

const ofZone = (command: Command) => common(command).requiredOption('--zone <id>', 'id of the zone');

/** Adds to `packs`. */
export function addPackCommands(packs: Command): void {
  ofZone(packs.command('list').description('packs of a zone, all pages'))
    .option('--status <status>', 'all, or one status; served packs unless given')
    .action(async ({ zone, status, ...options }: Common & { zone: string; status?: string }) =>
      show(
        await callAll(options, `${packsOf(zone)}${status === undefined ? '' : `?status=${part(status)}`}`),
        PACK,
        options,
      ),
    );
  ofZone(packs.command('get').description('one pack').argument('<pack>')).action(
    async (pack: string, { zone, ...options }: Common & { zone: string }) =>
      show((await call(options, 'GET', `${packsOf(zone)}/${part(pack)}`)).result, PACK, options),
  );
  ofZone(packs.command('order').description('order a pack').argument('<host...>'))
    .option('--ca <name>', 'lets_encrypt, google or ssl_com', 'lets_encrypt')
    .option('--method <method>', 'txt, http or email', 'txt')
    .option('--days <n>', 'validity_days', '90')
    .option('--wait', 'until it is active, telling what it waits for')
    .action(order);
  ofZone(packs.command('restart').description('try a stage again that ran out').argument('<pack>')).action(
    async (pack: string, { zone, ...options }: Common & { zone: string }) =>
      show((await call(options, 'PATCH', `${packsOf(zone)}/${part(pack)}`, {})).result, PACK, options),
  );
  ofZone(
    packs.command('delete').description('take a pack off the edges and delete it').argument('<pack>'),
  ).action(async (pack: string, { zone, ...options }: Common & { zone: string }) =>
    show((await call(options, 'DELETE', `${packsOf(zone)}/${part(pack)}`)).result, ['id'], options),
  );
}

async function order(
  hosts: string[],
  { zone, ca, method, days, wait, ...options }: OrderOptions,
): Promise<void> {
  const terms = { certificate_authority: ca, validation_method: method, validity_days: Number(days) };
  const body = { type: 'advanced', hosts, ...terms };
  let { result } = await call(options, 'POST', `${packsOf(zone)}/order`, body);
  if (wait) result = await settled(options, zone, result);
  show(result, PACK, options);
  if (wait && textOf(result, 'status') !== 'active') process.exit(EXIT.refused);
}

const LOOK_MS = 1_000;

/** Looks until a pack is active or waits for somebody to act; tells each change on standard error. */
async function settled(place: ApiPlace, zone: string, pack: unknown): Promise<unknown> {
  let [seen, last] = [pack, ''];
  for (;;) {
    const status = textOf(seen, 'status');
    const line = [status, ...messagesOf(seen)].join('; ');
    if (line !== last) process.stderr.write(`${line}\n`);
    last = line;
    if (status === 'active' || status.endsWith('timed_out')) return seen;
    await delay(LOOK_MS);
    seen = (await call(place, 'GET', `${packsOf(zone)}/${part(textOf(pack, 'id'))}`)).result;
  }
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
const textOf = (value: unknown, name: string): string => {
  const text = fieldOf(value, name);
  return typeof text === 'string' ? text : '';
};
const messagesOf = (pack: unknown): string[] => {
  const errors = fieldOf(pack, 'validation_errors');
  return Array.isArray(errors) ? errors.map((one) => textOf(one, 'message').replaceAll(/\p{Cc}/gu, '?')) : [];
};

/** Adds to `token`. */
export function addTokenCommands(token: Command): void {
  common(token.command('list').description('tokens of the account')).action(async (options: Common) =>
    show(await callAll(options, '/user/tokens'), TOKEN, options),
  );
  common(
    token.command('roll').description('give a token another secret, and print it').argument('<id>'),
  ).action(async (id: string, options: Common) => {
    const { result } = await call(options, 'PUT', `/user/tokens/${part(id)}/value`, {});
    process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : `${String(result)}\n`);
  });
  common(token.command('revoke').description('take a token away').argument('<id>')).action(
    async (id: string, options: Common) =>
      show((await call(options, 'DELETE', `/user/tokens/${part(id)}`)).result, ['id'], options),
  );
}
