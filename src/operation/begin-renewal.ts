import { brandingOf } from '../pack/branding.ts';
import type { Certificate, Pack, Renewal } from '../pack/pack.ts';
import { deleteNextCertificates } from '../store/next-certificates.ts';
import { deleteOrders } from '../store/orders.ts';
import { unpublishRecords } from '../store/published-records.ts';
import { transaction } from '../store/store.ts';
import { update } from './advance.ts';
import type { OperationDeps } from './operation.ts';
import { lifeWork, type Work } from './work.ts';

/**
 * Begins the renewal of a pack, or begins it anew: what the CA had of the last one is forgotten, but for the certificates of it
 * that are to be kept, where they have the names that the others will have. Throws `pack_moved`.
 */
export function beginRenewal(
  deps: OperationDeps,
  pack: Pack,
  { at, askAt }: Renewal,
  good: readonly Certificate[] = [],
): Promise<Work> {
  const brandedAs = brandingOf(pack, deps.brandingDomain);
  const kept = brandedAs === pack.brandedAs ? good : [];
  const run = {
    kind: 'renewal',
    status: 'initializing',
    statusSince: deps.clock.now(),
    attempts: 0,
    certificateAuthority: pack.certificateAuthority,
    certificates: kept,
  } as const;
  return transaction(deps.pool, async (tx) => {
    const change = { brandedAs, renewal: { at, askAt, run } };
    const begun = await update(tx, deps, lifeWork(pack), { event: 'renew', ...change });
    await deleteOrders(tx, pack);
    if (kept.length === 0) await deleteNextCertificates(tx, pack);
    await unpublishRecords(tx, pack);
    return begun;
  });
}
