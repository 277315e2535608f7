import { type FastifyPluginAsyncTypebox, type Static, Type } from '@fastify/type-provider-typebox';
import { FAULTS, Fault } from '../../kit/fault.ts';
import type { Seconds } from '../../kit/time.ts';
import { createPack, type PackOrder } from '../../operation/create-pack.ts';
import * as words from '../../pack/pack.ts';
import { VALIDATION_METHODS } from '../../pack/validation-method.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, zoneOf } from '../http/auth.ts';
import { okOf, okText, sendJson } from '../http/envelope.ts';
import { makingRequest } from './making-request.ts';
import { orderMessages } from './order-messages.ts';
import { PackReply } from './pack-schema.ts';
import { waitForRecords } from './wait-for-records.ts';

const Order = Type.Object({
  type: Type.String(),
  hosts: Type.Array(Type.String({ maxLength: 300 }), { maxItems: 1_000 }),
  certificate_authority: Type.Enum([...words.CERTIFICATE_AUTHORITIES]),
  validation_method: Type.Enum([...VALIDATION_METHODS]),
  validity_days: Type.Enum([...words.VALIDITY_DAYS]),
  cloudflare_branding: Type.Optional(Type.Boolean()),
  deploy: Type.Optional(Type.Enum([...words.ENVIRONMENTS])),
  backup: Type.Optional(Type.Boolean()),
});
type Order = Static<typeof Order>;

const SCHEMA = {
  operationId: 'certificate-packs-order-advanced-certificate-manager-certificate-pack',
  summary: 'Order a certificate pack',
  params: Type.Object({ zone_id: Type.String() }),
  body: Order,
  response: okOf(PackReply),
};

/** Route of POST /zones/{zone_id}/ssl/certificate_packs/order. */
export const orderRoute =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post('/zones/:zone_id/ssl/certificate_packs/order', { schema: SCHEMA }, async (request, reply) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
      const { id, isNew } = await createPack(deps, {
        zone,
        order: toOrder(request.body),
        ...makingRequest(request, zone, request.body),
        by: actorOf(request),
      });
      if (isNew) deps.poke();
      const trouble = deps.caTrouble?.(request.body.certificate_authority);
      const within = trouble === undefined ? undefined : Math.min(deps.orderWait, SHORT_WAIT);
      const json = await waitForRecords(deps, { zoneId: zone.id, id, isNew, within });
      if (json === undefined)
        throw new Fault('pack_not_found', `certificate pack ${id} was deleted meanwhile`);
      const order = toOrder(request.body);
      const { isPaused } = zone;
      const taken = { ...order, key: { id, zone }, isNew, isPaused, unread: unreadIn(request.body), json };
      const messages = await orderMessages(deps, taken);
      if (trouble !== undefined) messages.unshift(awayMessage(request.body, trouble));
      return sendJson(reply, okText(json, messages));
    });
  };

/** Fields that are no part of an order. */
const unreadIn = (body: Order): string[] =>
  Object.keys(body).filter((name) => !Object.hasOwn(Order.properties, name));

/** How long the records of a CA are waited for that was away when it was asked last: it may be back. */
const SHORT_WAIT: Seconds = 0.5;

/** Why an order has no records yet, and what becomes of it. */
const awayMessage = ({ certificate_authority: ca }: Order, why: string) => ({
  code: FAULTS.ca_unreachable.code,
  message: `${ca} does not work now (${why}): it is asked again by itself`,
});

const toOrder = (body: Order): PackOrder => ({
  type: body.type,
  hosts: body.hosts,
  certificateAuthority: body.certificate_authority,
  validationMethod: body.validation_method,
  validityDays: body.validity_days,
  environment: body.deploy ?? 'production',
  isBranded: body.cloudflare_branding ?? false,
  hasBackup: body.backup,
});
