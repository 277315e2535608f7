import type { Clock } from '../kit/clock.ts';
import type { ZoneType } from '../pack/pack.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { type Pool, transaction } from '../store/store.ts';
import { createZone as insertZone } from '../store/zones.ts';
import { zoneEvent } from './zone-event.ts';

/** A zone that is asked for; its name in A-labels. */
export interface NewZone {
  readonly accountId: string;
  readonly name: string;
  readonly type: ZoneType;
}

/** Makes a zone; its id. Throws `zone_exists`. */
export function createZone(
  { pool, clock }: { readonly pool: Pool; readonly clock: Clock },
  zone: NewZone,
  by: Actor,
): Promise<string> {
  return transaction(pool, async (tx) => {
    const now = clock.now();
    const id = await insertZone(tx, zone, now);
    await recordAudit(tx, zoneEvent('create', { ...zone, id }, by), now);
    return id;
  });
}
