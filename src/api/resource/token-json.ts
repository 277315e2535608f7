/** Tokens as they are answered. */
import { type Static, Type } from 'typebox';
import type { RequestIp } from '../../pack/client-address.ts';
import { toWireTime } from '../../pack/pack-json.ts';
import type { TokenRecord } from '../../store/token-row.ts';
import { PolicyReply, toPolicyReplies } from './token-policies.ts';

const Networks = Type.Optional(Type.Array(Type.String()));

/** A token without its secret. */
export const TokenReply = Type.Object({
  id: Type.String(),
  name: Type.String(),
  status: Type.String(),
  issued_on: Type.String(),
  modified_on: Type.String(),
  last_used_on: Type.Optional(Type.String()),
  not_before: Type.Optional(Type.String()),
  expires_on: Type.Optional(Type.String()),
  policies: Type.Array(PolicyReply),
  condition: Type.Optional(Type.Object({ request_ip: Type.Object({ in: Networks, not_in: Networks }) })),
});

/** When a token is good, as it is answered. */
export const timesOf = ({ notBefore, expiresOn }: TokenRecord) => ({
  ...(notBefore && { not_before: toWireTime(notBefore) }),
  ...(expiresOn && { expires_on: toWireTime(expiresOn) }),
});

/** A token as it is answered at `now`. */
export const toTokenReply = (token: TokenRecord, now: Date): Static<typeof TokenReply> => ({
  id: token.id,
  name: token.name,
  status: statusOf(token, now),
  issued_on: toWireTime(token.createdOn),
  modified_on: toWireTime(token.modifiedOn),
  ...(token.lastUsedOn && { last_used_on: toWireTime(token.lastUsedOn) }),
  ...timesOf(token),
  policies: toPolicyReplies(token.policies, token.accountId),
  ...(token.requestIp && { condition: { request_ip: toAddresses(token.requestIp) } }),
});

const toAddresses = ({ in: inside, not_in: outside }: RequestIp) => ({
  ...(inside && { in: [...inside] }),
  ...(outside && { not_in: [...outside] }),
});

function statusOf({ expiresOn, isDisabled, isHeld }: TokenRecord, now: Date): string {
  if (expiresOn && expiresOn <= now) return 'expired';
  return isDisabled || isHeld ? 'disabled' : 'active';
}
