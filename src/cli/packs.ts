import { setTimeout as delay } from 'node:timers/promises';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { REASON_NAMES } from '../ca/revoke.ts';
import { environ } from '../kit/config.ts';
import { Fault } from '../kit/fault.ts';

interface RevokeOptions {
  readonly zone: string;
  readonly reason: string;
  readonly api: string;
  readonly json?: boolean;
}

/** How long the command looks whether the CA has revoked. */
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 500;

/**
 * `certpacks packs revoke`: has every certificate of a pack revoked at its CA and the pack deleted, by the API. Ends well
 * once all are revoked; the service goes on with those that are not by then.
 */
export async function revokePack(pack: string, { zone, reason, api, json }: RevokeOptions): Promise<void> {
  if (!REASON_NAMES.includes(reason))
    throw new Fault('configuration', `--reason must be one of ${REASON_NAMES.join(', ')}`);
  const [zoneId, packId] = [zone, pack].map(encodeURIComponent);
  const url = `${api.replace(/\/$/, '')}/zones/${zoneId}/ssl/certificate_packs/${packId}/revoke`;
  let told = await ask(url, { method: 'POST', body: JSON.stringify({ reason }) });
  const end = performance.now() + PATIENCE_MS;
  while (pendingOf(told).length > 0 && performance.now() < end) {
    await delay(LOOK_EVERY_MS);
    told = await ask(url, { method: 'GET' });
  }
  process.stdout.write(json ? `${JSON.stringify(told)}\n` : table(told));
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
const envelopeShape = Compile(
  Type.Object({
    success: Type.Boolean(),
    errors: Type.Array(Type.Object({ code: Type.Number(), message: Type.String() })),
    result: Type.Union([Told, Type.Null()]),
  }),
);

async function ask(url: string, how: { readonly method: string; readonly body?: string }): Promise<Told> {
  const token = environ()['CERTPACKS_TOKEN'] ?? '';
  if (token === '')
    throw new Fault('configuration', 'an API token is wanted in the variable CERTPACKS_TOKEN');
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const answer = await fetch(url, { ...how, headers, signal: AbortSignal.timeout(30_000) }).catch(
    (cause: unknown) => {
      throw new Fault('configuration', `${url} cannot be reached; --api is the base URL of the API`, {
        cause,
      });
    },
  );
  const body: unknown = await answer.json().catch(() => undefined);
  if (!envelopeShape.Check(body))
    throw new Fault('configuration', `${url} answers no JSON envelope of this API (HTTP ${answer.status})`);
  if (body.result) return body.result;
  throw new Fault('configuration', body.errors.map(({ code, message }) => `${message} (${code})`).join('; '));
}

const pendingOf = ({ certificates }: Told) => certificates.filter(({ status }) => status !== 'revoked');

const table = ({ certificates }: Told): string =>
  certificates
    .map((one) =>
      `${one.serial_number}  ${one.status}  ${one.reason}  ${one.revoked_on ?? one.problem ?? ''}`.trimEnd(),
    )
    .join('\n')
    .concat('\n');
