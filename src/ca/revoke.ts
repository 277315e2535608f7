import { X509Certificate } from 'node:crypto';
import { REVOCATION_REASONS, type RevocationReason } from '../acme/acme.ts';
import { errorStatusOf, isProblem, isUnknownThere, problemOf } from '../acme/problem.ts';
import type { AcmeDirectory } from './acme-directory.ts';
import type { RevokeAsk, Revoked } from './ca.ts';

/** Names of the reasons that a subscriber may give (RFC 5280 5.3.1, BR 7.2.2). */
export const REASON_NAMES: readonly string[] = Object.keys(REVOCATION_REASONS);

/**
 * Revokes the leaf of a chain. As the account that one of ours has for itself, where that is the one of the directory; what the
 * account of all ordered before is revoked as that.
 */
export async function revokeAsOwner(
  directory: AcmeDirectory,
  ask: RevokeAsk,
  signal: AbortSignal,
): Promise<Revoked> {
  try {
    return await revoke(directory, ask, signal);
  } catch (error) {
    const problem = problemOf(error);
    if (directory.tenant === undefined || !problem || !isProblem(problem, 'unauthorized')) throw error;
    return revoke(directory.ofTenant(undefined), ask, signal);
  }
}

/**
 * Revokes the leaf of a chain. One that was revoked before is no failure, in whatever words the CA says so; for one that the CA
 * says has ended, or goes on not to know, nothing is to be done. Where a reason is refused, it is revoked without.
 */
async function revoke(
  directory: AcmeDirectory,
  { chain, reason }: RevokeAsk,
  signal: AbortSignal,
): Promise<Revoked> {
  const certificate = new X509Certificate(chain);
  const account = await directory.account.get(signal);
  const code = codeOf(reason);
  const ask = (given: RevocationReason) =>
    directory.client.revoke(account, { certificate, ...(given > 0 && { reason: given }) }, signal);
  try {
    await ask(code);
    return { kind: 'revoked' };
  } catch (error) {
    const settled = settledBy(error);
    if (settled) return settled;
    if (code === REVOCATION_REASONS.unspecified || !mayBeOfReason(error)) throw error;
  }
  return ask(REVOCATION_REASONS.unspecified).then(
    () => ({ kind: 'revoked' }),
    (error: unknown) => {
      const settled = settledBy(error);
      if (settled) return settled;
      throw error;
    },
  );
}

const codeOf = (reason: string): RevocationReason =>
  Object.entries(REVOCATION_REASONS).find(([name]) => name === reason)?.[1] ?? REVOCATION_REASONS.unspecified;

/** Why there is nothing to revoke of the leaf of a chain, whatever its CA says: it has ended. Undefined: it has not. */
export function whyEnded(chain: string, now: Date): string | undefined {
  const { validToDate: end } = new X509Certificate(chain);
  if (now <= end) return undefined;
  return `the certificate ended on ${end.toISOString().slice(0, 10)}; nothing is left to revoke`;
}

/** What a refusal says of a certificate for which nothing is left to do. */
function settledBy(error: unknown): Revoked | undefined {
  const problem = problemOf(error);
  if (!problem) return undefined;
  const { detail } = problem;
  if (isProblem(problem, 'alreadyRevoked') || REVOKED.test(detail)) return { kind: 'revoked' };
  if (isProblem(problem, 'accountDoesNotExist')) return undefined;
  const moot = (kind: 'moot' | 'unknown', what: string): Revoked => ({
    kind,
    why: `the CA ${what}: ${detail}; nothing is left to revoke`,
  });
  if (/\bexpired\b/i.test(detail) && /certificate/i.test(detail))
    return moot('moot', 'says that the certificate has ended');
  const isUnknown = isUnknownThere(error) || UNKNOWN.test(detail);
  return isUnknown ? moot('unknown', 'does not know the certificate') : undefined;
}

/** How CAs say, where the type of the problem does not, that a certificate was revoked before, and that they have no such one. */
const REVOKED =
  /\b(?:already|previously|certificate is|certificate was|has been) (?:already |previously |been )*revoked\b|\brevoked (?:already|previously|before)\b|\bstatus(?: is|:) '?"?revoked\b/i;
const UNKNOWN =
  /\b(?:unknown|no such|unrecogni[sz]ed) (?:certificate|serial)\b|\b(?:certificate|serial)\b[^.;]{0,60}(?:\bnot (?:be )?(?:found|known|exist)\b|\bis unknown\b)/i;

/** Whether it can be the reason that is refused: not where the CA is in trouble, or refuses who asks. */
function mayBeOfReason(error: unknown): boolean {
  const problem = problemOf(error);
  const status = errorStatusOf(error) ?? 500;
  if (status >= 500 || status === 429) return false;
  return !problem || !['accountDoesNotExist', 'badNonce'].some((name) => isProblem(problem, name));
}
