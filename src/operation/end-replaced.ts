import { isServed } from '../pack/lifecycle.ts';
import type { Pack } from '../pack/pack.ts';
import { lockPack } from '../store/packs.ts';
import type { Tx } from '../store/store.ts';
import { listReplaced } from '../store/uploads.ts';
import type { By } from './advance.ts';
import { deleteHeld } from './delete-held.ts';
import type { AdvanceDeps } from './operation.ts';

/** Has the packs deleted in whose place this upload came, in a transaction that holds their zone: it is shown by every edge, or goes too. */
export async function endReplaced(
  tx: Tx,
  deps: AdvanceDeps,
  { zone, upload }: Pack,
  by: By = {},
): Promise<void> {
  if (!upload?.isCurrent) return;
  for (const id of await listReplaced(tx, zone.id, upload.line)) {
    const replaced = await lockPack(tx, zone.id, id);
    if (replaced) await deleteHeld(tx, deps, replaced, by);
  }
}

/**
 * Has the packs of an upload's line deleted that others followed before all edges had shown them, in a transaction that holds their
 * zone: who changes an upload again and again has the one that is served, the last one, and what comes now.
 */
export async function endPassedOver(
  tx: Tx,
  deps: AdvanceDeps,
  { zone, upload }: Pack,
  by: By = {},
): Promise<void> {
  if (!upload) return;
  for (const id of await listReplaced(tx, zone.id, upload.line)) {
    const passed = await lockPack(tx, zone.id, id);
    if (passed && !isServed(passed.status)) await deleteHeld(tx, deps, passed, by);
  }
}
