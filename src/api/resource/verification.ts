import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { changeMethod } from '../../operation/change-method.ts';
import { render } from '../../operation/render.ts';
import { MOST_RETRIED, retryValidations } from '../../operation/retry-validations.ts';
import { PACK_STATUSES, type PackStatus } from '../../pack/pack.ts';
import { toVerification, VERIFICATION_STATUSES } from '../../pack/verification.ts';
import { countVerified, listVerified } from '../../store/verifications.ts';
import type { Zone } from '../../store/zone-row.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, zoneOf } from '../http/auth.ts';
import { type Message, ok, okOf } from '../http/envelope.ts';
import { MESSAGE_CODES } from '../http/message-codes.ts';
import { Query, readChoice } from '../http/page.ts';
import { packId } from './pack-id.ts';
import { waitForRecords } from './wait-for-records.ts';

const METHODS = ['http', 'cname', 'txt', 'email'] as const;

const Verification = Type.Object({
  certificate_status: Type.Enum([...VERIFICATION_STATUSES]),
  brand_check: Type.Boolean(),
  cert_pack_uuid: Type.String(),
  signature: Type.Optional(Type.String()),
  validation_method: Type.Optional(Type.Enum([...METHODS])),
  verification_info: Type.Optional(Type.Object({ record_name: Type.String(), record_target: Type.String() })),
  verification_status: Type.Optional(Type.Boolean()),
  verification_type: Type.Optional(Type.Enum(['cname', 'meta tag'])),
});

const LIST = {
  operationId: 'ssl-verification-ssl-verification-details',
  summary: 'How far the validation of a zone’s certificate packs is; `retry=true` looks at once',
  params: Type.Object({ zone_id: Type.String() }),
  querystring: Query,
  parameters: { retry: Type.Boolean() },
  response: okOf(Type.Array(Verification)),
};
const PATCH = {
  operationId: 'ssl-verification-edit-ssl-certificate-pack-validation-method',
  summary: 'Change how control is shown for a certificate pack, and look at once',
  params: Type.Object({ zone_id: Type.String(), certificate_pack_id: Type.String() }),
  body: Type.Object({ validation_method: Type.Enum([...METHODS]) }),
  response: okOf(
    Type.Object({ status: Type.Enum([...PACK_STATUSES]), validation_method: Type.Enum([...METHODS]) }),
  ),
};

/** Most packs that one answer shows: Cloudflare's clients take it in one piece. */
const MOST_SHOWN = 1_000;

/** Routes of /zones/{zone_id}/ssl/verification. */
export const verificationRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get('/zones/:zone_id/ssl/verification', { schema: LIST }, async (request) => {
      const isRetry = readChoice(request.query, 'retry', ['true', 'false']) === 'true';
      const zone = zoneOf(request, request.params.zone_id, isRetry ? WRITE : 'SSL and Certificates Read');
      const retried = isRetry ? await retryValidations(deps, { zoneId: zone.id, by: actorOf(request) }) : [];
      for (const id of retried) deps.poke(id);
      return list(deps, zone, retried.length);
    });

    app.patch('/zones/:zone_id/ssl/verification/:certificate_pack_id', { schema: PATCH }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, WRITE);
      const which = { zoneId: zone.id, id: packId(request.params.certificate_pack_id) };
      const { validation_method: method } = request.body;
      const pack = await changeMethod(deps, { ...which, method, by: actorOf(request) });
      deps.poke(pack.id);
      const json = await waitForRecords(deps, { ...which, isNew: false });
      const { status }: { readonly status: PackStatus } = JSON.parse(json ?? render(deps, pack).json);
      return ok({ status, validation_method: method });
    });
  };

const WRITE = 'SSL and Certificates Write';

async function list({ pool, json }: ApiDeps, zone: Zone, retried: number) {
  const packs = await listVerified(pool, zone, MOST_SHOWN);
  const shown = packs.flatMap((pack) => toVerification(pack, json) ?? []);
  const total = packs.length < MOST_SHOWN ? packs.length : await countVerified(pool, zone.id);
  return ok(shown, [...cut(shown.length, total), ...left(retried)]);
}

function cut(shown: number, total: number): Message[] {
  if (total <= shown) return [];
  const message = `${shown} of ${total} certificate packs are shown, those first that are on their way; the list of packs has all`;
  return [{ code: MESSAGE_CODES.not_all_shown, message }];
}

function left(retried: number): Message[] {
  if (retried < MOST_RETRIED) return [];
  const message = `${retried} certificate packs are looked at, those first that were not for the longest time; ask again for more`;
  return [{ code: MESSAGE_CODES.not_all_retried, message }];
}
