/** `certpacks audit`: who did what in an account, by the API. */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { systemClock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { after, days, minutes } from '../kit/time.ts';
import { addChains } from './audit-chain.ts';
import { type ApiPlace, call } from './client.ts';
import { asClient } from './client-command.ts';
import { ownAccount } from './own-account.ts';
import { show } from './table.ts';
import { takesZoneNames } from './zone-name.ts';

interface AuditOptions extends ApiPlace {
  readonly json?: boolean;
  readonly account?: string;
  readonly since?: string;
  readonly before?: string;
  readonly zone?: string;
  readonly most: string;
}

/** Adds the command. */
export function addAudit(certpacks: Command): void {
  const command = certpacks
    .command('audit')
    .description('who did what in an account, the latest first, by the API');
  takesZoneNames(asClient(command))
    .option('--account <id>', 'id of the account; the token’s own unless given')
    .option('--since <instant>', 'a date or an instant (RFC 3339); 30 days ago unless given')
    .option('--before <instant>', 'a date or an instant; now unless given')
    .option('--zone <zone>', 'what was done in this zone alone, by its name or id')
    .option('--most <n>', 'how many records are shown', '100')
    .action(audit);
  addChains(command);
}

const Records = Compile(
  Type.Array(
    Type.Object({
      action: Type.Object({
        time: Type.String(),
        type: Type.String(),
        description: Type.Optional(Type.String()),
      }),
      actor: Type.Record(Type.String(), Type.Unknown()),
      resource: Type.Record(Type.String(), Type.Unknown()),
      zone: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    }),
  ),
);

const PAGE = 1_000;
const FIELDS = ['time', 'did', 'resource', 'id', 'zone', 'by', 'from'];

async function audit(options: AuditOptions): Promise<void> {
  const most = /^\d{1,7}$/.test(options.most) ? Number(options.most) : 0;
  if (most < 1) throw new Fault('configuration', '--most is a number from 1 on');
  const account = options.account ?? (await ownAccount(options));
  const now = systemClock().now();
  const asked = new URLSearchParams({
    since: options.since ?? after(now, -days(30)).toISOString(),
    before: options.before ?? after(now, minutes(1)).toISOString(),
    limit: String(Math.min(most, PAGE)),
    ...(options.zone !== undefined && { zone_id: options.zone }),
  });
  const shown = await recordsOf(options, `/accounts/${encodeURIComponent(account)}/logs/audit`, asked, most);
  show(options.json ? shown : toRows(shown), FIELDS, options);
}

/** Up to `most` records, page by page. */
async function recordsOf(
  place: ApiPlace,
  path: string,
  asked: URLSearchParams,
  most: number,
): Promise<unknown[]> {
  const records: unknown[] = [];
  for (;;) {
    const { result, cursor } = await call(place, 'GET', `${path}?${asked.toString()}`);
    if (Array.isArray(result)) records.push(...result);
    if (cursor === undefined || records.length >= most) return records.slice(0, most);
    asked.set('cursor', cursor);
  }
}

function toRows(records: readonly unknown[]): object[] {
  if (!Records.Check(records))
    throw new Fault('configuration', 'the API answers with records of another shape');
  return records.map(({ action, actor, resource, zone }) => ({
    time: action.time,
    did: action.description ?? action.type,
    resource: resource['type'],
    id: resource['id'],
    zone: zone?.['name'] ?? zone?.['id'],
    by: actor['token_name'] ?? actor['email'] ?? actor['token_id'] ?? actor['id'],
    from: actor['ip_address'],
  }));
}
