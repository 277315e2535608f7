import type { Pack } from '../pack/pack.ts';
import { promoteNextCertificates } from '../store/next-certificates.ts';
import { transaction } from '../store/store.ts';
import { advance, update } from './advance.ts';
import type { OperationDeps } from './operation.ts';
import { lifeWork, type Work } from './work.ts';

/**
 * The certificates that a pack had are over, or an edge shows something else than these, and the new ones are there: these are the
 * pack's own from now on, and its deployment goes on in sight, for as long as they are good. Throws `pack_moved`.
 */
export function adoptNextCertificates(deps: OperationDeps, pack: Pack): Promise<Work> {
  const certificates = pack.renewal?.run?.certificates ?? [];
  const event = pack.environment === 'staging' ? 'stage' : 'promote';
  const now = deps.clock.now();
  const change = { event, certificates, renewal: undefined, driftedOn: pack.driftedOn ?? now } as const;
  return transaction(deps.pool, async (tx) => {
    const life = lifeWork(pack);
    const moved = pack.driftedOn
      ? await update(tx, deps, life, { ...change, statusSince: now, attempts: 0 })
      : await advance(tx, deps, life, change);
    await promoteNextCertificates(tx, pack);
    return moved;
  });
}
