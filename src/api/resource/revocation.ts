import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { REASON_NAMES } from '../../ca/revoke.ts';
import { packNotFound } from '../../operation/locked-pack.ts';
import { revokePack } from '../../operation/revoke-pack.ts';
import { toWireTime } from '../../pack/pack-json.ts';
import { listRevocations, type Revocation } from '../../store/revocations.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, zoneOf } from '../http/auth.ts';
import { ok, okOf } from '../http/envelope.ts';
import { packId } from './pack-id.ts';

const Params = Type.Object({ zone_id: Type.String(), certificate_pack_id: Type.String() });
const Body = Type.Optional(
  Type.Union([Type.Null(), Type.Object({ reason: Type.Optional(Type.Enum([...REASON_NAMES])) })]),
);
const Revoked = Type.Object({ id: Type.String(), certificates: Type.Array(Type.Unknown()) });
const POST = {
  operationId: 'revoke-certificate-pack',
  summary: 'Revoke the certificates of a pack at their CA, and delete it',
  params: Params,
  body: Body,
  response: okOf(Revoked),
};
const GET = {
  operationId: 'get-certificate-pack-revocation',
  summary: 'How far a revocation is',
  params: Params,
  response: okOf(Revoked),
};
const PATH = '/zones/:zone_id/ssl/certificate_packs/:certificate_pack_id/revoke';

/**
 * Routes of ours beside Cloudflare's: POST revokes every certificate of a pack at its CA and deletes the pack, so that no
 * edge serves what is revoked; GET tells how far that is, also when the pack is gone.
 */
export const revocationRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(PATH, { schema: POST }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      const id = packId(request.params.certificate_pack_id);
      const reason = request.body?.reason ?? 'unspecified';
      await revokePack(deps, { zoneId: zone.id, id, by: actorOf(request), reason });
      deps.poke(id);
      return ok(toReply(id, await listRevocations(deps.pool, zone.id, id)));
    });

    app.get(PATH, { schema: GET }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Read');
      const id = packId(request.params.certificate_pack_id);
      const known = await listRevocations(deps.pool, zone.id, id);
      if (known.length === 0) throw packNotFound(id);
      return ok(toReply(id, known));
    });
  };

const toReply = (id: string, revocations: readonly Revocation[]) => ({
  id,
  certificates: revocations.map(({ serial, fingerprint, reason, askedOn, revokedOn, problem }) => ({
    serial_number: serial,
    fingerprint_sha256: fingerprint,
    reason,
    status: revokedOn ? 'revoked' : 'pending',
    requested_on: toWireTime(askedOn),
    ...(revokedOn && { revoked_on: toWireTime(revokedOn) }),
    ...(problem !== undefined && { problem }),
  })),
});
