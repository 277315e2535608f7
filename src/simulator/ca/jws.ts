import { Refusal } from './problems.ts';
import { type JsonObject, readBase64url, readObject, stringIn } from './reading.ts';

/** The protected header of a request (RFC 8555 6.2). */
export interface ProtectedHeader {
  readonly alg: string;
  readonly url: string;
  readonly nonce: string | undefined;
  readonly kid: string | undefined;
  readonly jwk: unknown;
}

/** A JWS in flattened JSON serialization, read and not yet verified. */
export interface Jws {
  readonly header: ProtectedHeader;
  readonly payload: Buffer;
  readonly signingInput: Buffer;
  readonly signature: Buffer;
}

/** Reads a JWS (RFC 7515 7.2.2, with the bounds of RFC 8555 6.2). Throws `malformed`. */
export function readJws(body: JsonObject): Jws {
  // Nothing may stand outside the signature, and one signature alone is allowed.
  if ('header' in body || 'signatures' in body) {
    throw new Refusal('malformed', 'the JWS must be flattened, with a protected header alone');
  }
  const member = (name: string) => stringIn(body, name, 'the JWS');
  const [protectedHeader, payload] = [member('protected'), member('payload')];
  const header = readObject(readBase64url(protectedHeader, '"protected"'), 'the protected header');
  return {
    header: readHeader(header),
    payload: readBase64url(payload, '"payload"'),
    signingInput: Buffer.from(`${protectedHeader}.${payload}`),
    signature: readBase64url(member('signature'), '"signature"'),
  };
}

function readHeader(header: JsonObject): ProtectedHeader {
  if ('crit' in header || 'b64' in header) {
    throw new Refusal('malformed', 'the protected header has extensions that this server does not know');
  }
  const optional = (name: string) =>
    name in header ? stringIn(header, name, 'the protected header') : undefined;
  if ('jwk' in header === 'kid' in header) {
    throw new Refusal('malformed', 'the protected header must have either jwk or kid');
  }
  return {
    alg: stringIn(header, 'alg', 'the protected header'),
    url: stringIn(header, 'url', 'the protected header'),
    nonce: optional('nonce'),
    kid: optional('kid'),
    jwk: header['jwk'],
  };
}
