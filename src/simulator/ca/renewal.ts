import { X509Certificate } from 'node:crypto';
import { renewalIdOf } from '../../acme/renewal-id.ts';
import { after, between, hours, type Seconds } from '../../kit/time.ts';
import type { Answer, CaContext } from './context.ts';
import type { Account, IssuedCertificate } from './ledger.ts';
import { Refusal } from './problems.ts';

/** How long an answer holds (RFC 9773 4.3.1). */
const ASK_AGAIN: Seconds = hours(6);
/** Length of the window in which renewals are wanted, as a part of the certificate's life. */
const WINDOW = 1 / 48;

/** When the CA wants a certificate to be renewed (RFC 9773 4.2): at a third of life left, at once when it is revoked. */
export function renewalInfo(ca: CaContext, id: string): Answer {
  const { notBefore, notAfter, revoked } = certificateOf(ca, id);
  const life = between(new Date(notBefore), new Date(notAfter));
  const start = revoked ? new Date(notBefore) : after(new Date(notAfter), -life / 3);
  const end = after(start, life * WINDOW);
  const suggestedWindow = { start: start.toISOString(), end: end.toISOString() };
  return { status: 200, headers: { 'retry-after': String(ASK_AGAIN) }, body: { suggestedWindow } };
}

/** The certificate that a new order is to come in place of (RFC 9773 5). Throws `malformed`, or `alreadyReplaced`. */
export function replacedBy(ca: CaContext, id: unknown, account: Account): IssuedCertificate | undefined {
  if (id === undefined) return undefined;
  if (typeof id !== 'string') throw new Refusal('malformed', 'replaces must be a string');
  const found = certificateOf(ca, id);
  if (found.accountId !== account.id)
    throw new Refusal('unauthorized', 'the certificate to replace is of another account');
  if (found.replacedBy !== undefined) throw new Refusal('alreadyReplaced', 'another order replaces it');
  return found;
}

function certificateOf(ca: CaContext, id: string): IssuedCertificate {
  const [, serial = ''] = id.split('.');
  const hex = Buffer.from(serial, 'base64url').toString('hex').replace(/^00/, '');
  const found = ca.ledger.certificates.get(hex);
  if (found && renewalIdOf(new X509Certificate(found.chain)) === id) return found;
  throw new Refusal('malformed', 'this CA did not issue such a certificate', { status: 404 });
}
