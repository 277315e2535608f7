import { toName } from '../pack/hosts.ts';
import { isLeaving } from '../pack/lifecycle.ts';
import type { Actor } from '../store/audit.ts';
import { logChange } from '../store/edge-changes.ts';
import { putPriority } from '../store/served-hosts.ts';
import { type Tx, transaction } from '../store/store.ts';
import { putUploadPriority } from '../store/uploads.ts';
import { touchZone } from '../store/zones.ts';
import { amend } from './advance.ts';
import { certificateNotFound, lockUpload } from './locked-upload.ts';
import type { AdvanceDeps, OperationDeps } from './operation.ts';

/** Which of several uploads of one type is to go first: the one with the higher number. */
export interface Prioritizing {
  readonly zoneId: string;
  readonly priorities: readonly { readonly id: string; readonly priority: number }[];
  readonly by: Actor;
}

/** Sets priorities of custom certificates, all or none. Throws `certificate_not_found`. */
export function prioritizeUploads(
  deps: OperationDeps,
  { zoneId, priorities, by }: Prioritizing,
): Promise<void> {
  return transaction(deps.pool, async (tx) => {
    await touchZone(tx, zoneId);
    // In one order for all who do so at once.
    for (const one of priorities.toSorted((a, b) => (a.id < b.id ? -1 : 1)))
      await prioritize(tx, deps, { zoneId, ...one, by });
  });
}

type One = Omit<Prioritizing, 'priorities'> & Prioritizing['priorities'][number];

async function prioritize(tx: Tx, deps: AdvanceDeps, { zoneId, id, priority, by }: One): Promise<void> {
  const pack = await lockUpload(tx, zoneId, id);
  const { upload, environment, hosts } = pack;
  if (!upload || isLeaving(pack.status)) throw certificateNotFound(id);
  if (upload.priority === priority) return;
  await putUploadPriority(tx, pack, priority);
  await amend(tx, deps, { ...pack, upload: { ...upload, priority } }, { event: 'prioritize', by });
  if (await putPriority(tx, pack, priority))
    await logChange(tx, { environment, hosts: hosts.map(toName) }, deps.clock.now());
}
