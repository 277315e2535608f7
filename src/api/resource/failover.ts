import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { failOver, type Swapped } from '../../operation/fail-over.ts';
import { CERTIFICATE_AUTHORITIES, PACK_STATUSES, type Pack } from '../../pack/pack.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, zoneOf } from '../http/auth.ts';
import { type Message, ok, okOf } from '../http/envelope.ts';
import { MESSAGE_CODES } from '../http/message-codes.ts';
import { packId } from './pack-id.ts';

const One = Type.Object({
  id: Type.String(),
  status: Type.Enum([...PACK_STATUSES]),
  certificate_authority: Type.Optional(Type.Enum([...CERTIFICATE_AUTHORITIES])),
});
const POST = {
  operationId: 'fail-over-certificate-pack',
  summary: 'Have a pack and its backup change places on the edges',
  params: Type.Object({ zone_id: Type.String(), certificate_pack_id: Type.String() }),
  body: Type.Optional(Type.Union([Type.Null(), Type.Object({})])),
  response: okOf(Type.Object({ id: Type.String(), serving: One, standby: One })),
};

/**
 * Route of ours beside Cloudflare's: the one of a pack and its backup that stands by goes to the edges, the other is taken off
 * once every edge showed it. Either id is taken; the same call again within two minutes changes nothing.
 */
export const failoverRoute =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const path = '/zones/:zone_id/ssl/certificate_packs/:certificate_pack_id/failover';
    app.post(path, { schema: POST }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      const id = packId(request.params.certificate_pack_id);
      const swapped = await failOver(deps, { zoneId: zone.id, id, by: actorOf(request) });
      deps.poke(swapped.serving.id);
      const { serving, standby } = swapped;
      return ok({ id, serving: toReply(serving), standby: toReply(standby) }, messagesOf(swapped));
    });
  };

const toReply = ({ id, status, certificateAuthority }: Pack) => ({
  id,
  status,
  ...(certificateAuthority && { certificate_authority: certificateAuthority }),
});

function messagesOf({ isChanged, standby }: Swapped): Message[] {
  if (isChanged) return [];
  const message = `this repeats the last call, and changes nothing; the same for ${standby.id}, or this again in two minutes, has them change places`;
  return [{ code: MESSAGE_CODES.same_failover, message }];
}
