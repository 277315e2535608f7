/** What a request says of a token: its name, its policies, from where and when it is good. */
import { type Static, Type } from '@fastify/type-provider-typebox';
import { Fault } from '../../kit/fault.ts';
import { hasUnprintable } from '../../kit/unprintable.ts';
import { isNetwork, type RequestIp } from '../../pack/client-address.ts';
import type { TokenTerms } from '../../store/token-row.ts';
import { Policies, toPolicies } from './token-policies.ts';

const Networks = Type.Array(Type.String({ maxLength: 50 }), { maxItems: 100 });
const Addresses = Type.Object(
  { in: Type.Optional(Networks), not_in: Type.Optional(Networks) },
  { additionalProperties: false },
);
/** Cloudflare's client writes `request_ip`, its documentation `request.ip`. */
const Condition = Type.Object(
  { request_ip: Type.Optional(Addresses), 'request.ip': Type.Optional(Addresses) },
  { additionalProperties: false },
);
const Instant = Type.Union([Type.Null(), Type.String({ minLength: 10, maxLength: 40 })]);

const FIELDS = {
  name: Type.String({ minLength: 1, maxLength: 120 }),
  policies: Policies,
  condition: Type.Optional(Type.Union([Type.Null(), Condition])),
  not_before: Type.Optional(Instant),
  expires_on: Type.Optional(Instant),
  status: Type.Optional(Type.Enum(['active', 'disabled'])),
};

/** Body of a new token. */
export const NewTokenBody = Type.Object(FIELDS, { additionalProperties: false });

/** Body of a token's change. What is only told may come back with it, and changes nothing. */
export const TokenBody = Type.Object(
  {
    ...FIELDS,
    id: Type.Optional(Type.String()),
    issued_on: Type.Optional(Type.String()),
    modified_on: Type.Optional(Type.String()),
    last_used_on: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);

/** The terms of a request, for a token of that account. Throws `malformed_request` with a pointer. */
export function toTerms(body: Static<typeof NewTokenBody>, accountId: string): TokenTerms {
  if (hasUnprintable(body.name)) throw refuse('/name', 'has a character that cannot be seen');
  const notBefore = instantOf(body.not_before, '/not_before');
  const expiresOn = instantOf(body.expires_on, '/expires_on');
  if (notBefore && expiresOn && notBefore >= expiresOn)
    throw refuse('/expires_on', 'must be after not_before');
  return {
    accountId,
    name: body.name,
    policies: toPolicies(body.policies, accountId),
    requestIp: toRequestIp(body.condition),
    notBefore,
    expiresOn,
    isDisabled: body.status === 'disabled',
  };
}

/** RFC 3339. */
function instantOf(text: string | null | undefined, pointer: string): Date | undefined {
  if (text === undefined || text === null) return undefined;
  const instant = new Date(/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text) ? text : Number.NaN);
  if (!Number.isNaN(instant.getTime())) return instant;
  throw refuse(pointer, 'must be an instant of RFC 3339');
}

function toRequestIp(condition: Static<typeof Condition> | null | undefined): RequestIp | undefined {
  const { request_ip: addresses, 'request.ip': dotted } = condition ?? {};
  if (addresses && dotted) throw refuse('/condition', 'has both request_ip and request.ip');
  if (dotted) return toAddresses(dotted, '/condition/request.ip');
  return addresses && toAddresses(addresses, '/condition/request_ip');
}

function toAddresses(
  { in: inside, not_in: outside = [] }: Static<typeof Addresses>,
  pointer: string,
): RequestIp | undefined {
  if (inside?.length === 0) throw refuse(`${pointer}/in`, 'has no network: the token would be good nowhere');
  if (!inside && outside.length === 0) return undefined;
  return {
    ...(inside && { in: checked(inside, `${pointer}/in`) }),
    ...(outside.length > 0 && { not_in: checked(outside, `${pointer}/not_in`) }),
  };
}

function checked(networks: readonly string[], pointer: string): readonly string[] {
  const i = networks.findIndex((text) => !isNetwork(text));
  if (i >= 0) throw refuse(`${pointer}/${i}`, 'must be a network in CIDR notation, as 192.0.2.1/32');
  return networks;
}

const refuse = (pointer: string, why: string): Fault =>
  new Fault('malformed_request', `${pointer.slice(1).replaceAll('/', '.')} ${why}`, { pointer });
