import { Fault } from '../kit/fault.ts';
import type { PackKey } from '../pack/pack.ts';
import { recordAudit, WORKER } from '../store/audit.ts';
import { listNewRisks, noteRisk } from '../store/risks.ts';
import { EVERY_CELL } from '../store/zone-key.ts';
import { withLockedPack } from './locked-pack.ts';
import type { OperationDeps } from './operation.ts';

/** Packs that are looked at in one go. */
const MOST = 200;

/** Records of each pack whose renewal is late by a tenth of its life that it is at risk: once in the life of its certificates. */
export async function recordRisks(
  deps: Pick<OperationDeps, 'pool' | 'clock'>,
  signal: AbortSignal,
): Promise<void> {
  const { pool, clock } = deps;
  while (!signal.aborted) {
    const late = await listNewRisks(pool, { cells: EVERY_CELL, now: clock.now(), limit: MOST });
    for (const pack of late) if (!signal.aborted) await recordRisk(deps, pack);
    if (late.length < MOST) return;
  }
}

/** A pack that went meanwhile is at no risk. */
async function recordRisk(
  { pool, clock }: Pick<OperationDeps, 'pool' | 'clock'>,
  key: PackKey,
): Promise<void> {
  const which = { zoneId: key.zone.id, id: key.id, by: WORKER };
  try {
    await withLockedPack(pool, which, async (tx, pack) => {
      const now = clock.now();
      if (!(await noteRisk(tx, pack, now))) return pack;
      const { id, zone } = pack;
      const about = { resource: 'certificate_pack', resourceId: id, name: undefined } as const;
      const whose = { accountId: zone.accountId, zoneId: zone.id };
      await recordAudit(tx, { ...about, ...whose, event: 'at_risk', actor: WORKER }, now);
      return pack;
    });
  } catch (error) {
    if (!(error instanceof Fault) || error.fault !== 'pack_not_found') throw error;
  }
}
