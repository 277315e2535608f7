import { newHexId } from '../../kit/id.ts';
import { bindingIn } from './binding.ts';
import type { Answer, CaContext, Signed } from './context.ts';
import { type Jwk, thumbprintOf } from './keys.ts';
import type { Account } from './ledger.ts';
import { Refusal } from './problems.ts';
import type { JsonObject } from './reading.ts';

/** New account, or the one of this key (RFC 8555 7.3). */
export function onNewAccount(ca: CaContext, request: Signed, jwk: Jwk): Answer {
  const payload = request.payload ?? {};
  const thumbprint = thumbprintOf(jwk);
  const known = ca.ledger.accountOfKey(thumbprint);
  if (known) {
    checkIsValid(known);
    return accountAnswer(ca, known, 200);
  }
  if (payload['onlyReturnExisting'] === true) {
    throw new Refusal('accountDoesNotExist', 'no account has this key');
  }
  checkAgreement(ca, payload);
  const binding = bindingIn(ca, { url: request.url, thumbprint, value: payload['externalAccountBinding'] });
  const account: Account = {
    id: newHexId(),
    jwk,
    thumbprint,
    status: 'valid',
    contact: contactIn(payload),
    ...(binding === undefined ? {} : { binding }),
  };
  ca.ledger.record({ account });
  return accountAnswer(ca, account, 201);
}

/** The account itself (RFC 8555 7.3.2), its update and its deactivation (7.3.6). */
export function onAccount(ca: CaContext, { id, payload }: Signed, own: Account): Answer {
  if (id !== own.id) throw new Refusal('unauthorized', 'this is the account of another key');
  const changed: Account = {
    ...own,
    ...(payload && 'contact' in payload ? { contact: contactIn(payload) } : {}),
    ...(payload?.['status'] === 'deactivated' ? { status: 'deactivated' } : {}),
  };
  if (payload && Object.keys(payload).length > 0) ca.ledger.record({ account: changed });
  return accountAnswer(ca, changed, 200);
}

/** Throws `unauthorized` for an account that was deactivated (RFC 8555 7.3.6). */
export function checkIsValid(account: Account): void {
  if (account.status === 'valid') return;
  throw new Refusal('unauthorized', 'the account was deactivated', { status: 401 });
}

function accountAnswer(ca: CaContext, { id, status, contact, binding }: Account, httpStatus: number): Answer {
  const url = ca.url(`/acme/account/${id}`);
  const body = {
    status,
    contact,
    termsOfServiceAgreed: true,
    orders: `${url}/orders`,
    externalAccountBinding: binding,
  };
  return { status: httpStatus, headers: { location: url }, body };
}

function checkAgreement(ca: CaContext, payload: JsonObject): void {
  if (payload['termsOfServiceAgreed'] === true) return;
  const headers = { link: `<${ca.url('/terms')}>;rel="terms-of-service"` };
  throw new Refusal('userActionRequired', 'termsOfServiceAgreed must be true', { headers });
}

/** Contacts that one account may have. */
const MOST_CONTACTS = 10;

function contactIn({ contact = [] }: JsonObject): string[] {
  if (!Array.isArray(contact) || contact.length > MOST_CONTACTS) {
    throw new Refusal('malformed', `contact must be an array of at most ${MOST_CONTACTS} URLs`);
  }
  return contact.map(checkedContact);
}

/** One address without header fields (RFC 8555 7.3). */
function checkedContact(url: unknown): string {
  if (typeof url !== 'string') throw new Refusal('malformed', 'a contact must be a string');
  if (!url.startsWith('mailto:')) throw new Refusal('unsupportedContact', 'contacts must be mailto URLs');
  if (url.length > 261 || !/^mailto:[^\s@,?<>]+@[^\s@,?<>]+\.[^\s@,?<>]+$/.test(url)) {
    throw new Refusal('invalidContact', 'a contact must be one e-mail address');
  }
  return url;
}
