/** `certpacks packs list`: packs of a zone as people want to see them, and whole for programs. */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { systemClock } from '../kit/clock.ts';
import { between, days } from '../kit/time.ts';
import { callAll } from './client.ts';
import { asZoneClient, type ClientOptions, packsOf, part } from './client-command.ts';
import { tellLine } from './print.ts';
import { show } from './table.ts';

interface ListOptions extends ClientOptions {
  readonly zone: string;
  readonly status?: string;
}

const FIELDS = ['id', 'type', 'status', 'expires', 'life_left', 'ca', 'hosts', 'cause'];

/** What to try where nothing is listed. */
function whyNone(status: string | undefined): string {
  if (status === 'all') return 'the zone has no packs';
  if (status !== undefined) return `no pack of the zone has the status ${status}`;
  return 'no pack of the zone is served; --status all lists those that are not yet, or no longer';
}

/** Adds the command. */
export const addPackList = (packs: Command): Command =>
  asZoneClient(packs.command('list').description('packs of a zone, all pages'))
    .option('--status <status>', 'all, or one status; served packs unless given')
    .action(async ({ zone, status, ...options }: ListOptions) => {
      const asked = status === undefined ? '' : `?status=${part(status)}`;
      const found = await callAll(options, `${packsOf(zone)}${asked}`);
      if (found.length === 0 && !options.json) tellLine(`certpacks: ${whyNone(status)}`);
      const now = systemClock().now();
      show(options.json ? found : found.map((pack) => toRow(pack, now)), FIELDS, options);
    });

const Shape = Compile(
  Type.Object({
    certificate_authority: Type.Optional(Type.String()),
    validity_days: Type.Optional(Type.Number()),
    certificates: Type.Array(Type.Object({ expires_on: Type.String() })),
    validation_errors: Type.Optional(Type.Array(Type.Object({ message: Type.String() }))),
  }),
);

/** What a person wants to know of a pack at once: until when it is good, how much of its life is left, and what is wrong. */
function toRow(pack: unknown, now: Date): object {
  if (!Shape.Check(pack)) return Object(pack);
  const ends = pack.certificates.map(({ expires_on }) => expires_on).toSorted();
  const [soonest] = ends;
  return {
    ...pack,
    ca: pack.certificate_authority,
    expires: soonest?.slice(0, 10),
    life_left: soonest === undefined ? undefined : shareLeft(soonest, pack.validity_days, now),
    cause: pack.validation_errors?.[0]?.message,
  };
}

/** Share of the ordered days that is left, e.g. `66 %`; undefined where they were not told. */
function shareLeft(end: string, validity: number | undefined, now: Date): string | undefined {
  if (validity === undefined) return undefined;
  const share = between(now, new Date(end)) / days(validity);
  return `${Math.round(100 * Math.min(1, Math.max(0, share)))} %`;
}
