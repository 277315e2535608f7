/** `certpacks packs revoke`: has the certificates of a pack revoked at their CA. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { REASON_NAMES } from '../ca/revoke.ts';
import { Fault } from '../kit/fault.ts';
import { type ApiPlace, call } from './client.ts';
import { asZoneClient } from './client-command.ts';
import { printJson, printLine } from './print.ts';

interface RevokeOptions {
  readonly zone: string;
  readonly reason: string;
  readonly api: string;
  readonly json?: boolean;
}

/** How long the command looks whether the CA has revoked. */
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 500;

/** Adds the command. */
export const addPackRevoke = (packs: Command): Command =>
  asZoneClient(
    packs
      .command('revoke')
      .description('revoke every certificate of a pack at its CA, and delete the pack')
      .argument('<pack>', 'id of the certificate pack'),
  )
    .option('--reason <name>', REASON_NAMES.join(', '), 'unspecified')
    .action(revokePack);

/**
 * Has every certificate of a pack revoked at its CA and the pack deleted, by the API. Ends well
 * once all are revoked; the service goes on with those that are not by then.
 */
async function revokePack(pack: string, { zone, reason, api, json }: RevokeOptions): Promise<void> {
  if (!REASON_NAMES.includes(reason))
    throw new Fault('configuration', `--reason must be one of ${REASON_NAMES.join(', ')}`);
  const [zoneId, packId] = [zone, pack].map(encodeURIComponent);
  const path = `/zones/${zoneId}/ssl/certificate_packs/${packId}/revoke`;
  let told = await ask({ api }, 'POST', path, { reason });
  const end = performance.now() + PATIENCE_MS;
  while (pendingOf(told).length > 0 && performance.now() < end) {
    await delay(LOOK_EVERY_MS);
    told = await ask({ api }, 'GET', path);
  }
  if (json) printJson(told);
  else for (const line of linesOf(told)) printLine(line);
  const [first] = pendingOf(told);
  if (first)
    throw new Fault(
      'ca_refused',
      `not revoked yet, and tried again: ${first.problem ?? 'the CA was not asked yet'}`,
    );
}

const Told = Type.Object({
  id: Type.String(),
  certificates: Type.Array(
    Type.Object({
      serial_number: Type.String(),
      fingerprint_sha256: Type.String(),
      reason: Type.String(),
      status: Type.String(),
      requested_on: Type.String(),
      revoked_on: Type.Optional(Type.String()),
      problem: Type.Optional(Type.String()),
    }),
  ),
});
type Told = Type.Static<typeof Told>;
const shape = Compile(Told);

async function ask(place: ApiPlace, method: string, path: string, body?: object): Promise<Told> {
  const { result } = await call(place, method, path, body);
  if (shape.Check(result)) return result;
  throw new Fault('configuration', `${place.api} does not revoke packs: that is a route of certpacks alone`);
}

const pendingOf = ({ certificates }: Told) => certificates.filter(({ status }) => status !== 'revoked');

const linesOf = ({ certificates }: Told): string[] =>
  certificates.map((one) =>
    `${one.serial_number}  ${one.status}  ${one.reason}  ${one.revoked_on ?? one.problem ?? ''}`.trimEnd(),
  );
