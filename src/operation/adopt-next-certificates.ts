import type { Pack } from '../pack/pack.ts';
import { promoteNextCertificates } from '../store/next-certificates.ts';
import { transaction } from '../store/store.ts';
import { advance } from './advance.ts';
import type { OperationDeps } from './operation.ts';
import { lifeWork, type Work } from './work.ts';

/**
 * The certificates that a pack had are over, and some edge has not shown the new ones: these are the pack's own from now
 * on, and its deployment goes on in sight. Throws `pack_moved`.
 */
export function adoptNextCertificates(deps: OperationDeps, pack: Pack): Promise<Work> {
  const certificates = pack.renewal?.run?.certificates ?? [];
  const event = pack.environment === 'staging' ? 'stage' : 'promote';
  return transaction(deps.pool, async (tx) => {
    const moved = await advance(tx, deps, lifeWork(pack), { event, certificates, renewal: undefined });
    await promoteNextCertificates(tx, pack);
    return moved;
  });
}
