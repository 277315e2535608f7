/** Packs that the service makes by itself: Universal ones, and those of Total TLS. When it takes them up again. */
import { after, days, hours, type Seconds } from '../kit/time.ts';
import type { Pack, PackStatus, PackType } from './pack.ts';
import { isOver, isSucceeded } from './renewal.ts';
import { TYPES } from './type.ts';

/** Types of packs that the service makes by itself. */
export const MANAGED_TYPES = ['universal', 'total_tls'] as const satisfies readonly PackType[];
export type ManagedType = (typeof MANAGED_TYPES)[number];

/** Whether nobody ordered such a pack but the service. */
export const isManaged = ({ type }: Pick<Pack, 'type'>): boolean =>
  MANAGED_TYPES.some((one) => one === type && TYPES[one].madeBy !== 'order');

/** How long a pack that was given up rests before the service takes it up again, as its owner would by PATCH. */
const RESTS: Readonly<Partial<Record<PackStatus, Seconds>>> = {
  initializing_timed_out: hours(1),
  validation_timed_out: days(1),
  issuance_timed_out: days(1),
  deployment_timed_out: hours(1),
  expired: hours(1),
};

/** When the service takes up a pack again that it made and gave up; undefined: it did not, or somebody ordered it. */
export function takenUpAt(pack: Pick<Pack, 'type' | 'status' | 'statusSince'>): Date | undefined {
  const rest = RESTS[pack.status];
  return rest !== undefined && isManaged(pack) ? after(pack.statusSince, rest) : undefined;
}

/** Whether a pack is off the edges, or on its way off, and kept. */
export const isOff = ({ status }: Pick<Pack, 'status'>): boolean =>
  status === 'deactivating' || status === 'inactive';

/** What is to become of a pack that the service keeps; undefined: it goes its way. */
export function nextOf(
  pack: Pack,
  { isAtOnce, now }: { readonly isAtOnce: boolean; readonly now: Date },
): 'restart' | 'replace' | 'redeploy' | undefined {
  const at = takenUpAt(pack);
  // Certificates that only an edge did not show are tried again.
  if (at && (isAtOnce || at <= now)) return pack.status === 'deployment_timed_out' ? 'restart' : 'replace';
  if (!isOff(pack)) return undefined;
  return isSucceeded(pack) || !isOver(pack, now) ? 'redeploy' : 'replace';
}
