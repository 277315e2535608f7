import type { Answer, CaContext, Signed } from './context.ts';
import type { Account } from './ledger.ts';
import { Refusal } from './problems.ts';

/** A certificate with its chain, leaf first (RFC 8555 7.4.2). */
export function onCertificate(ca: CaContext, { id }: Signed, account: Account): Answer {
  const found = ca.ledger.certificates.get(id);
  if (!found) throw new Refusal('malformed', 'there is no such certificate', { status: 404 });
  if (found.accountId !== account.id)
    throw new Refusal('unauthorized', 'this certificate is of another account');
  return { status: 200, headers: { 'content-type': PEM_CHAIN }, content: found.chain };
}

/** RFC 8555 9.1. */
const PEM_CHAIN = 'application/pem-certificate-chain';
