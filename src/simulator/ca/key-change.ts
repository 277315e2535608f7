import type { Answer, CaContext, Signed } from './context.ts';
import { readJws } from './jws.ts';
import { checkSignature, readJwk, thumbprintOf } from './keys.ts';
import type { Account } from './ledger.ts';
import { Refusal } from './problems.ts';
import { isObject, type JsonObject, readObject } from './reading.ts';

/** Puts another key in the place of an account's (RFC 8555 7.3.5): signed by the old one around the new one. */
export function onKeyChange(ca: CaContext, { url, payload = {} }: Signed, account: Account): Answer {
  const inner = readJws(payload);
  if (inner.header.jwk === undefined) throw new Refusal('malformed', 'the inner JWS must have the new key');
  if (inner.header.nonce !== undefined) throw new Refusal('malformed', 'the inner JWS must have no nonce');
  if (inner.header.url !== url) throw new Refusal('malformed', 'the inner JWS is for another URL');
  const jwk = readJwk(inner.header.jwk);
  checkSignature(inner, jwk);
  checkChange(ca, readObject(inner.payload, 'the inner payload'), account);
  const thumbprint = thumbprintOf(jwk);
  const other = ca.ledger.accountOfKey(thumbprint);
  if (other) {
    const headers = { location: ca.url(`/acme/account/${other.id}`) };
    throw new Refusal('malformed', 'the new key is that of an account', { status: 409, headers });
  }
  ca.ledger.record({ account: { ...account, jwk, thumbprint } });
  return { status: 200 };
}

function checkChange(ca: CaContext, change: JsonObject, { id, thumbprint }: Account): void {
  if (change['account'] !== ca.url(`/acme/account/${id}`))
    throw new Refusal('malformed', 'the inner JWS is for another account');
  const old = change['oldKey'];
  if (!isObject(old) || thumbprintOf(readJwk(old)) !== thumbprint)
    throw new Refusal('malformed', 'oldKey is not the key of the account');
}
