import { createPublicKey, X509Certificate } from 'node:crypto';
import { REVOCATION_REASONS } from '../../acme/acme.ts';
import type { Answer, CaContext, Signed } from './context.ts';
import { type Jwk, thumbprintOf } from './keys.ts';
import type { Account, IssuedCertificate } from './ledger.ts';
import { Refusal } from './problems.ts';
import { readBase64url, stringIn } from './reading.ts';

/** Who asks: an account, or whoever has the key of the certificate. */
type Signer = { readonly account: Account } | { readonly jwk: Jwk };

/** Revokes a certificate for the account that ordered it, or for its own key (RFC 8555 7.6). */
export function onRevoke(ca: CaContext, { payload = {} }: Signed, signer: Signer): Answer {
  const found = issuedOf(ca, readBase64url(stringIn(payload, 'certificate', 'the request'), '"certificate"'));
  if (!mayRevoke(found, signer))
    throw new Refusal('unauthorized', 'neither the account that ordered the certificate nor its key asks');
  if (found.revoked) throw new Refusal('alreadyRevoked', `revoked on ${found.revoked.on}`);
  const revoked = { on: ca.clock.now().toISOString(), reason: reasonIn(payload['reason']) };
  ca.ledger.record({ certificate: { ...found, revoked } });
  return { status: 200 };
}

function issuedOf(ca: CaContext, der: Buffer): IssuedCertificate {
  const certificate = certificateIn(der);
  const found = ca.ledger.certificates.get(certificate.serialNumber.toLowerCase());
  if (found && new X509Certificate(found.chain).raw.equals(der)) return found;
  throw new Refusal('malformed', 'this CA did not issue the certificate', { status: 404 });
}

function certificateIn(der: Buffer): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch {
    throw new Refusal('malformed', 'that is no certificate');
  }
}

function mayRevoke({ accountId, chain }: IssuedCertificate, signer: Signer): boolean {
  if ('account' in signer) return signer.account.id === accountId;
  const { kty, crv = '', x = '', y = '', n = '', e = '' } = createPublicKey(chain).export({ format: 'jwk' });
  const own: Jwk = kty === 'RSA' ? { kty, n, e } : { kty: 'EC', crv, x, y };
  return thumbprintOf(signer.jwk) === thumbprintOf(own);
}

function reasonIn(value: unknown): number {
  if (value === undefined) return REVOCATION_REASONS.unspecified;
  const known = Object.values(REVOCATION_REASONS).find((code) => code === value);
  if (known !== undefined) return known;
  throw new Refusal('badRevocationReason', `reasons are ${Object.values(REVOCATION_REASONS).join(', ')}`);
}
