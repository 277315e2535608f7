import { checkIsValid } from './accounts.ts';
import type { Answer, CaContext } from './context.ts';
import { type Jws, readJws } from './jws.ts';
import { checkSignature, type Jwk, readJwk } from './keys.ts';
import type { Account } from './ledger.ts';
import type { Nonces } from './nonces.ts';
import { Refusal } from './problems.ts';
import { readObject } from './reading.ts';
import { routeOf } from './routes.ts';

/** Authenticates one POST (RFC 8555 6.2 to 6.5) and has it answered. Throws `Refusal`. */
export async function authenticate(
  ca: CaContext,
  nonces: Nonces,
  { target, body }: { readonly target: string; readonly body: Buffer },
): Promise<Answer> {
  const [path = '', search = ''] = target.split('?', 2);
  const found = routeOf(path);
  if (!found) throw new Refusal('malformed', 'there is no such resource', { status: 404 });
  const { route, id } = found;
  const url = ca.url(target);
  const jws = readJws(readObject(body, 'the request'));
  checkReplay(jws, url, nonces);
  const asked = { url, id, query: new URLSearchParams(search), payload: payloadOf(jws) };
  if (route.by === 'jwk') return route.answer(ca, asked, keyIn(jws));
  if (route.by === 'either')
    return route.answer(ca, asked, jws.header.jwk ? { jwk: keyIn(jws) } : { account: signerOf(ca, jws) });
  const account = signerOf(ca, jws);
  checkTakes(route.takes, asked.payload !== undefined);
  return route.answer(ca, asked, account);
}

function checkTakes(takes: 'read' | 'write' | 'both', hasPayload: boolean): void {
  if (hasPayload && takes === 'read') throw new Refusal('malformed', 'this resource takes POST-as-GET alone');
  if (!hasPayload && takes === 'write') throw new Refusal('malformed', 'the payload is empty');
}

/** The key in the header, by which the request is signed. */
function keyIn(jws: Jws): Jwk {
  if (jws.header.jwk === undefined)
    throw new Refusal('malformed', 'this resource is asked with jwk, not kid');
  const jwk = readJwk(jws.header.jwk);
  checkSignature(jws, jwk);
  return jwk;
}

/** The valid account by which the request is signed. */
function signerOf(ca: CaContext, jws: Jws): Account {
  const account = accountOf(ca, jws);
  checkSignature(jws, account.jwk);
  checkIsValid(account);
  return account;
}

function checkReplay({ header }: Jws, url: string, nonces: Nonces): void {
  if (header.url !== url) {
    throw new Refusal('unauthorized', `url in the protected header must be ${url}`);
  }
  if (header.nonce === undefined || !nonces.use(header.nonce)) {
    throw new Refusal('badNonce', 'the nonce is not one of this server, or was used; take the fresh one');
  }
}

const payloadOf = ({ payload }: Jws) =>
  payload.length === 0 ? undefined : readObject(payload, 'the payload');

function accountOf(ca: CaContext, { header }: Jws): Account {
  if (header.kid === undefined) throw new Refusal('malformed', 'this resource is asked with kid, not jwk');
  const prefix = ca.url('/acme/account/');
  const id = header.kid.startsWith(prefix) ? header.kid.slice(prefix.length) : '';
  const account = ca.ledger.accounts.get(id);
  if (!account) throw new Refusal('accountDoesNotExist', 'kid names no account of this CA');
  return account;
}
