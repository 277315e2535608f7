import { X509Certificate } from 'node:crypto';
import { REVOCATION_REASONS, type RevocationReason } from '../acme/acme.ts';
import { isProblem, problemOf } from '../acme/problem.ts';
import type { AcmeDirectory } from './acme-directory.ts';
import type { RevokeAsk } from './ca.ts';

/** Names of the reasons that a subscriber may give (RFC 5280 5.3.1, BR 7.2.2). */
export const REASON_NAMES: readonly string[] = Object.keys(REVOCATION_REASONS);

/**
 * Revokes the leaf of a chain; one that was revoked before is no failure. As the account that one of ours has for itself,
 * where it has one; what the account of all ordered before is revoked as that.
 */
export async function revokeAsOwner(
  directory: AcmeDirectory,
  ask: RevokeAsk,
  signal: AbortSignal,
): Promise<void> {
  const { row, ofTenant } = directory;
  if (!row.hasAccountPerTenant || ask.tenant === undefined) return revoke(directory, ask, signal);
  try {
    await revoke(ofTenant(ask.tenant), ask, signal);
  } catch (error) {
    const problem = problemOf(error);
    if (!problem || !isProblem(problem, 'unauthorized')) throw error;
    await revoke(directory, ask, signal);
  }
}

async function revoke(
  directory: AcmeDirectory,
  { chain, reason }: RevokeAsk,
  signal: AbortSignal,
): Promise<void> {
  const account = await directory.account.get(signal);
  const ask = { certificate: new X509Certificate(chain), reason: codeOf(reason) };
  try {
    await directory.client.revoke(account, ask, signal);
  } catch (error) {
    const problem = problemOf(error);
    if (!problem || !isProblem(problem, 'alreadyRevoked')) throw error;
  }
}

const codeOf = (reason: string): RevocationReason =>
  Object.entries(REVOCATION_REASONS).find(([name]) => name === reason)?.[1] ?? REVOCATION_REASONS.unspecified;
