import type { RevokedLeaf } from '../ca/revocation-status.ts';
import { Fault } from '../kit/fault.ts';
import { isServed } from '../pack/lifecycle.ts';
import type { Certificate, Pack, PackKey } from '../pack/pack.ts';
import { soonest } from '../pack/renewal.ts';
import { subscriberMessage } from '../pack/subscriber-message.ts';
import { TYPES } from '../pack/type.ts';
import { amend } from './advance.ts';
import { withLockedPack } from './locked-pack.ts';
import type { OperationDeps } from './operation.ts';

/** A certificate of a pack that its CA revoked, and nobody here had revoked. */
export interface Revoked {
  readonly pack: PackKey;
  /** Lower-case hexadecimal SHA-256 of the leaf. */
  readonly leaf: string;
  readonly by: RevokedLeaf;
}

/**
 * Tells, once, that a certificate that is served was revoked by its CA, and has it renewed at once where the service renews it. A pack
 * that is renewed already, or does not have that certificate any more, stays as it is. Whether it was told.
 */
export async function recordRevoked(deps: OperationDeps, { pack: key, leaf, by }: Revoked): Promise<boolean> {
  let isTold = false;
  try {
    await withLockedPack(deps.pool, { zoneId: key.zone.id, id: key.id }, async (tx, pack) => {
      const certificate = pack.certificates.find(({ fingerprint }) => fingerprint === leaf);
      if (!certificate || !isServed(pack.status) || pack.renewal?.run) return pack;
      const message = subscriberMessage(pack.hosts, wordsOf(pack, certificate, by));
      if (pack.validationErrors.includes(message)) return pack;
      isTold = true;
      const validationErrors = [...pack.validationErrors, message];
      const renewal = renewalNow(pack, certificate, deps.clock.now());
      return amend(tx, deps, pack, { event: 'revoked_by_ca', validationErrors, ...(renewal && { renewal }) });
    });
  } catch (error) {
    if (!(error instanceof Fault) || error.fault !== 'pack_not_found') throw error;
  }
  return isTold;
}

/** A renewal that is due now, or as soon as any is: a CA that revokes all that it issues is not asked without end. */
function renewalNow(pack: Pack, certificate: Certificate, now: Date): Pack['renewal'] {
  if (TYPES[pack.type].renewedBy !== 'us') return undefined;
  const at = soonest(certificate);
  return { askAt: undefined, ...pack.renewal, at: at > now ? at : now };
}

function wordsOf(
  { type }: Pack,
  { algorithm }: Certificate,
  { serial, on, reason, url }: RevokedLeaf,
): string {
  const since = on ? ` on ${on.toISOString().slice(0, 10)}` : '';
  const why = reason === undefined ? '' : ` (${reason})`;
  const what = `its CA revoked the ${algorithm} certificate with serial number ${serial}${since}${why}, as ${url} says`;
  const next = TYPES[type].renewedBy === 'us' ? 'it is renewed now' : 'upload another in its place';
  return `${what}; ${next}`;
}
