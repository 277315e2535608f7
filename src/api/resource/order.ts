import { createHash } from 'node:crypto';
import { type FastifyPluginAsyncTypebox, type Static, Type } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { checkOrderPolicy } from '../../ca/order-policy.ts';
import { Fault } from '../../kit/fault.ts';
import { newUuid } from '../../kit/id.ts';
import { after, minutes } from '../../kit/time.ts';
import { insert } from '../../operation/advance.ts';
import { isInZone, toNames, withoutWildcard } from '../../pack/hosts.ts';
import * as words from '../../pack/pack.ts';
import { challengeName } from '../../pack/pack-json.ts';
import type { Actor } from '../../store/audit.ts';
import { getByBody, getByKey, type OrderRequest, putOrderRequest } from '../../store/order-requests.ts';
import { allSent, pipelinedAfter, stateOf, type Tx } from '../../store/store.ts';
import { takeOrd, type Zone } from '../../store/zones.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, zoneOf } from '../http/auth.ts';
import { okText, sendJson } from '../http/envelope.ts';
import { waitForRecords } from './wait-for-records.ts';

const Order = Type.Object({
  type: Type.String(),
  hosts: Type.Array(Type.String({ maxLength: 300 }), { maxItems: 1_000 }),
  certificate_authority: Type.Enum([...words.CERTIFICATE_AUTHORITIES]),
  validation_method: Type.Enum([...words.VALIDATION_METHODS]),
  validity_days: Type.Enum([...words.VALIDITY_DAYS]),
  cloudflare_branding: Type.Optional(Type.Boolean()),
  deploy: Type.Optional(Type.Enum([...words.ENVIRONMENTS])),
});
type Order = Static<typeof Order>;

/** Route of POST /zones/{zone_id}/ssl/certificate_packs/order. */
export const orderRoute =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/zones/:zone_id/ssl/certificate_packs/order',
      { schema: { params: Type.Object({ zone_id: Type.String() }), body: Order } },
      async (request, reply) => {
        const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Write');
        const asked = requestOf(request, zone, request.body);
        const earlier = await repeated(deps, request, asked);
        const id = earlier ?? (await take(deps, zone, request.body, { ...asked, by: actorOf(request) }));
        const wire = await waitForRecords(deps, { zoneId: zone.id, id, isNew: earlier === undefined });
        if (wire === undefined)
          throw new Fault('pack_not_found', `certificate pack ${id} was deleted meanwhile`);
        return sendJson(reply, okText(wire));
      },
    );
  };

/** A repeat is known by its key, or by its body where the client says that it tries again. */
function requestOf(request: FastifyRequest, zone: Zone, body: Order): OrderRequest {
  const key = request.headers['idempotency-key'];
  if (key !== undefined && (typeof key !== 'string' || key.length === 0 || key.length > 255)) {
    throw new Fault('malformed_request', 'the header Idempotency-Key must have 1 to 255 characters');
  }
  const canonical = JSON.stringify(body, Object.keys(body).toSorted());
  const bodyHash = createHash('sha256').update(canonical).digest();
  return { tokenId: request.token.id, zoneId: zone.id, bodyHash, ...(key !== undefined && { key }) };
}

/** How long after a request its repetition by the client's own retry is recognised. */
const RETRY_WINDOW = minutes(2);

/** The pack that this request ordered before, or undefined. */
async function repeated(
  deps: ApiDeps,
  request: FastifyRequest,
  asked: OrderRequest,
): Promise<string | undefined> {
  const byKey = asked.key === undefined ? undefined : await getByKey(deps.pool, asked);
  if (byKey) return sameOrder(byKey);
  const isRetry = Number(request.headers['x-stainless-retry-count']) > 0;
  return isRetry ? getByBody(deps.pool, asked, after(deps.clock.now(), -RETRY_WINDOW)) : undefined;
}

/** The pack that a key ordered. Throws `key_reused` where it was for another body. */
function sameOrder({ packId, isSameBody }: { packId: string; isSameBody: boolean }): string {
  if (isSameBody) return packId;
  throw new Fault('key_reused', 'this Idempotency-Key was used with another body; take a new one');
}

/** Checks an order and stores its pack, due at once. Returns the id; of the first, where two with one key race. */
async function take(
  deps: ApiDeps,
  zone: Zone,
  order: Order,
  { by, ...asked }: OrderRequest & { readonly by: Actor },
): Promise<string> {
  const names = check(deps, zone, order);
  const id = newUuid();
  try {
    const seatIn = (tx: Tx) => takeOrd(tx, zone, names.map(withoutWildcard));
    await pipelinedAfter(deps.pool, seatIn, (tx, { ord, lane, deeperZone }) => {
      checkZone(deeperZone, names);
      const pack = newPack(deps, zone, order, { id, ord });
      const now = deps.clock.now();
      return allSent(insert(tx, deps, pack, { lane, by }), putOrderRequest(tx, asked, id, now));
    });
  } catch (error) {
    const first = stateOf(error) === '23505' ? await getByKey(deps.pool, asked) : undefined;
    if (!first) throw error;
    return sameOrder(first);
  }
  deps.poke();
  return id;
}

/** The names of an order's hosts, in A-labels. Throws a Fault with a pointer for an order that nobody could fulfil. */
function check(deps: ApiDeps, zone: Zone, order: Order): string[] {
  if (order.type !== 'advanced') {
    throw new Fault('type_not_orderable', "type must be 'advanced': only such packs are ordered", {
      pointer: '/type',
    });
  }
  const names = toNames(order.hosts, zone.name);
  checkRecordNames(names);
  if (deps.isApexDemanded && !names.includes(zone.name)) {
    throw new Fault('invalid_host', `hosts must contain the zone's apex ${zone.name}`, { pointer: '/hosts' });
  }
  checkMethod(order.validation_method, names);
  const row = deps.rows.get(order.certificate_authority);
  if (!row) {
    const known = [...deps.rows.keys()].join(', ') || 'none';
    const sentence = `${order.certificate_authority} is not configured here; configured: ${known}`;
    throw new Fault('ca_not_configured', sentence, { pointer: '/certificate_authority' });
  }
  checkOrderPolicy(row, { names, validityDays: order.validity_days }, deps.clock.now(), [
    ...deps.rows.values(),
  ]);
  return names;
}

/** A file proves no wildcard (BR 3.2.2.4.19); mail is not offered. */
function checkMethod(method: words.ValidationMethod, names: readonly string[]): void {
  const wildcard = names.find((name) => name.startsWith('*.'));
  const why =
    method === 'email'
      ? 'email is not offered by this service'
      : `no CA proves ${wildcard} over HTTP; order with 'txt', or without wildcards`;
  if (method === 'txt' || (method === 'http' && wildcard === undefined)) return;
  throw new Fault('method_not_offered', `validation_method ${method}: ${why}`, {
    pointer: '/validation_method',
  });
}

/** The record that shows control has a longer name than its host, and DNS has no name over 253 characters. */
function checkRecordNames(names: readonly string[]): void {
  const i = names.findIndex((name) => challengeName(name).length > 253);
  if (i < 0) return;
  const sentence = `the validation record of ${names[i]} would have a name longer than DNS allows; use a shorter host`;
  throw new Fault('invalid_host', sentence, { pointer: `/hosts/${i}` });
}

/** A host belongs to the deepest zone that holds it: a permission for one zone is none for those below it. */
function checkZone(deeperZone: string | undefined, names: readonly string[]): void {
  if (deeperZone === undefined) return;
  const i = names.findIndex((name) => isInZone(name, deeperZone));
  const sentence = `${names[i]} belongs to the zone ${deeperZone}; order it there`;
  throw new Fault('invalid_host', sentence, { pointer: `/hosts/${i}` });
}

function newPack(deps: ApiDeps, zone: Zone, order: Order, place: { id: string; ord: number }): words.Pack {
  const now = deps.clock.now();
  return {
    ...place,
    zone,
    type: 'advanced',
    status: 'initializing',
    statusSince: now,
    hosts: order.hosts,
    certificateAuthority: order.certificate_authority,
    validationMethod: order.validation_method,
    validityDays: order.validity_days,
    environment: order.deploy ?? 'production',
    isBranded: order.cloudflare_branding ?? false,
    createdOn: now,
    modifiedOn: now,
    validationRecords: [],
    validationErrors: [],
    certificates: [],
    attempts: 0,
    claim: 0,
  };
}
