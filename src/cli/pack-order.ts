/** `certpacks packs order`: orders a pack by the API, and waits for it where that is wanted. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { isSettled } from '../pack/lifecycle.ts';
import { ENVIRONMENTS, PACK_STATUSES } from '../pack/pack.ts';
import { type ApiPlace, call, EXIT } from './client.ts';
import { asZoneClient, type ClientOptions, PACK_FIELDS, packsOf, part } from './client-command.ts';
import { tellLine } from './print.ts';
import { show } from './table.ts';

interface OrderOptions extends ClientOptions {
  readonly zone: string;
  readonly ca: string;
  readonly method: string;
  readonly days: string;
  readonly backup?: boolean;
  readonly branding?: boolean;
  readonly deploy?: string;
  readonly wait?: boolean;
}

/** Adds the command. */
export const addPackOrder = (packs: Command): Command =>
  asZoneClient(packs.command('order').description('order a pack').argument('<host...>'))
    .option('--ca <name>', 'lets_encrypt, google or ssl_com', 'lets_encrypt')
    .option('--method <method>', 'txt, http or email', 'txt')
    .option('--days <n>', 'validity_days', '90')
    .option('--backup', 'with a backup from another CA')
    .option('--branding', "with a name below the operator's branding domain as common name")
    .addOption(
      new Option('--deploy <environment>', 'which edges serve it; production unless given').choices([
        ...ENVIRONMENTS,
      ]),
    )
    .option('--wait', 'until it is active, telling what it waits for')
    .action(order);

async function order(
  hosts: string[],
  { zone, ca, method, days, backup, branding, deploy, wait, ...options }: OrderOptions,
): Promise<void> {
  const terms = { certificate_authority: ca, validation_method: method, validity_days: Number(days) };
  const extras = {
    ...(backup && { backup }),
    ...(branding && { cloudflare_branding: true }),
    ...(deploy !== undefined && { deploy }),
  };
  const body = { type: 'advanced', hosts, ...terms, ...extras };
  let { result } = await call(options, 'POST', `${packsOf(zone)}/order`, body);
  if (wait) result = await settled(options, zone, result);
  show(result, PACK_FIELDS, options);
  const served = deploy === 'staging' ? 'staging_active' : 'active';
  if (wait && textOf(result, 'status') !== served) process.exit(EXIT.refused);
}

/** How long, in seconds, an answer may be waited for, so that what is told meanwhile is told soon. */
const WAIT_S = 5;
/** Least time between two looks, in milliseconds: an API that does not know `wait_for` answers at once. */
const LOOK_MS = 1_000;

/** Waits until nothing is under way for a pack; tells each change on standard error. */
async function settled(place: ApiPlace, zone: string, pack: unknown): Promise<unknown> {
  const path = `${packsOf(zone)}/${part(textOf(pack, 'id'))}?wait_for=settled&timeout=${WAIT_S}`;
  let [seen, last, began] = [pack, '', 0];
  for (;;) {
    const status = textOf(seen, 'status');
    const line = [status, ...messagesOf(seen)].join('; ');
    if (line !== last) tellLine(line);
    last = line;
    if (PACK_STATUSES.some((one) => one === status && isSettled(one))) return seen;
    await delay(Math.max(0, began + LOOK_MS - performance.now()));
    began = performance.now();
    ({ result: seen } = await call(place, 'GET', path));
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
  return Array.isArray(errors) ? errors.map((one) => textOf(one, 'message')) : [];
};
