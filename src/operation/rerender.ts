import type { Log } from '../kit/log.ts';
import type { PackKey } from '../pack/pack.ts';
import { JSON_VERSION } from '../pack/pack-json.ts';
import { getSetting, putSetting } from '../store/installation-settings.ts';
import { getPack, listKeysAfter } from '../store/packs.ts';
import { putRenderedJson } from '../store/rendered-json.ts';
import { transaction } from '../store/store.ts';
import { touchZone } from '../store/zones.ts';
import type { OperationDeps } from './operation.ts';
import { render } from './render.ts';

/** How many packs are looked for at once. */
const BATCH = 200;

/**
 * Renders every pack again, after an upgrade or a change of the configuration made their JSON another; the database
 * remembers for which edition that was done. Lists render what they meet before. Begins anew after an interruption.
 */
export async function rerenderAll(
  deps: OperationDeps & { readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  const edition = `${JSON_VERSION} ${deps.json.delegationZone}`;
  if ((await getSetting(deps.pool, 'rendered')) === edition) return;
  let changed = 0;
  let last: PackKey | undefined;
  do {
    const keys = await listKeysAfter(deps.pool, last, BATCH);
    for (const key of keys) changed += (await renderOne(deps, key)) ? 1 : 0;
    last = keys.at(-1);
  } while (last !== undefined && !signal.aborted);
  if (signal.aborted) return;
  await putSetting(deps.pool, 'rendered', edition);
  deps.log.debug({ edition, changed }, 'all packs are rendered');
}

/** Whether the pack's JSON was another. One that changes meanwhile is rendered by its change. */
async function renderOne(deps: OperationDeps, { zone, id }: PackKey): Promise<boolean> {
  const pack = await getPack(deps.pool, zone.id, id);
  if (!pack) return false;
  return transaction(deps.pool, async (tx) => {
    await touchZone(tx, pack.zone.id);
    return putRenderedJson(tx, pack, render(deps, pack));
  });
}
