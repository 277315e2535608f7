/** `certpacks packs order`: orders a pack by the API, and waits for it where that is wanted. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
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
  readonly wait?: boolean;
}

/** Adds the command. */
export const addPackOrder = (packs: Command): Command =>
  asZoneClient(packs.command('order').description('order a pack').argument('<host...>'))
    .option('--ca <name>', 'lets_encrypt, google or ssl_com', 'lets_encrypt')
    .option('--method <method>', 'txt, http or email', 'txt')
    .option('--days <n>', 'validity_days', '90')
    .option('--backup', 'with a backup from another CA')
    .option('--wait', 'until it is active, telling what it waits for')
    .action(order);

async function order(
  hosts: string[],
  { zone, ca, method, days, backup, wait, ...options }: OrderOptions,
): Promise<void> {
  const terms = { certificate_authority: ca, validation_method: method, validity_days: Number(days) };
  const body = { type: 'advanced', hosts, ...terms, ...(backup && { backup }) };
  let { result } = await call(options, 'POST', `${packsOf(zone)}/order`, body);
  if (wait) result = await settled(options, zone, result);
  show(result, PACK_FIELDS, options);
  if (wait && textOf(result, 'status') !== 'active') process.exit(EXIT.refused);
}

const LOOK_MS = 1_000;

/** Looks until a pack is active or waits for somebody to act; tells each change on standard error. */
async function settled(place: ApiPlace, zone: string, pack: unknown): Promise<unknown> {
  let [seen, last] = [pack, ''];
  for (;;) {
    const status = textOf(seen, 'status');
    const line = [status, ...messagesOf(seen)].join('; ');
    if (line !== last) tellLine(line);
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
  return Array.isArray(errors) ? errors.map((one) => textOf(one, 'message')) : [];
};
