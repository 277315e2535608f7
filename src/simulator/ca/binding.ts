import { createHmac, timingSafeEqual } from 'node:crypto';
import type { CaContext } from './context.ts';
import { type Jws, readJws } from './jws.ts';
import { readJwk, thumbprintOf } from './keys.ts';
import { Refusal } from './problems.ts';
import { isObject, readObject } from './reading.ts';

/** What the request for an account says of its binding. */
interface Claim {
  readonly url: string;
  /** Of the account's key. */
  readonly thumbprint: string;
  /** The member `externalAccountBinding`. */
  readonly value: unknown;
}

/**
 * The binding of a new account to an account outside of ACME (RFC 8555 7.3.4); undefined where none is demanded.
 * Throws `externalAccountRequired` when it is missing, `unauthorized` when its MAC is not of a key given out.
 */
export function bindingIn(ca: CaContext, claim: Claim): unknown {
  const { eab } = ca.authority;
  if (!eab) return undefined;
  if (!isObject(claim.value)) {
    const detail = 'this CA wants the account bound to one that you have with it (externalAccountBinding)';
    throw new Refusal('externalAccountRequired', detail);
  }
  const jws = readJws(claim.value);
  checkShape(jws, claim);
  const mac = createHmac('sha256', Buffer.from(eab.hmacKey, 'base64url')).update(jws.signingInput).digest();
  const isGenuine = jws.header.kid === eab.kid && jws.signature.length === mac.length;
  if (!isGenuine || !timingSafeEqual(mac, jws.signature)) {
    throw new Refusal('unauthorized', 'externalAccountBinding was not made with a key of this CA');
  }
  return claim.value;
}

function checkShape({ header, payload }: Jws, { url, thumbprint }: Claim): void {
  if (header.alg !== 'HS256') refuse('must be signed with HS256');
  if (header.kid === undefined) refuse('must name its key by kid');
  if (header.nonce !== undefined) refuse('must not have a nonce');
  if (header.url !== url) refuse('must have the url of the request around it');
  const bound = thumbprintOf(readJwk(readObject(payload, 'externalAccountBinding')));
  if (bound !== thumbprint) refuse('must hold the key of the account');
}

function refuse(why: string): never {
  throw new Refusal('malformed', `externalAccountBinding ${why}`);
}
