import type { PackKey } from '../pack/pack.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { deleteOfEdge, listAwaited } from '../store/edge-leftovers.ts';
import { wakePacks } from '../store/edge-packs.ts';
import { deleteEdgeState } from '../store/edge-states.ts';
import { deleteEdge, putDrained } from '../store/edges.ts';
import { type Pool, transaction } from '../store/store.ts';
import { lockOwn } from './create-edge.ts';
import { type EdgeDeps, type EdgeOfAccount, edgeEvent } from './edge-event.ts';

const BATCH = 1_000;

/** Has nothing wait for an edge any more, which goes on serving; or has it waited for again. Throws `edge_not_found`. */
export async function drainEdge(
  deps: EdgeDeps,
  key: EdgeOfAccount,
  isDrained: boolean,
  by: Actor,
): Promise<void> {
  const now = deps.clock.now();
  await transaction(deps.pool, async (tx) => {
    const edge = await lockOwn(tx, key);
    if ((edge.drainedOn !== undefined) === isDrained) return;
    await putDrained(tx, edge.id, isDrained ? now : undefined);
    await recordAudit(tx, edgeEvent(isDrained ? 'drain' : 'undrain', edge, by), now);
  });
  if (isDrained) await wakeAwaited(deps, key.id);
}

/** What waits for an edge is looked at now. */
async function wakeAwaited({ pool, clock }: EdgeDeps, edgeId: string): Promise<void> {
  let packs: PackKey[];
  let last = NIL;
  do {
    packs = await listAwaited(pool, edgeId, { last, limit: BATCH });
    await wakePacks(pool, packs, clock.now());
    last = packs.at(-1)?.id ?? last;
  } while (packs.length === BATCH);
}

const NIL = '00000000-0000-0000-0000-000000000000';

/** Removes an edge: its agent's certificates count no more, and nothing waits for it. Throws `edge_not_found`. */
export async function removeEdge(deps: EdgeDeps, key: EdgeOfAccount, by: Actor): Promise<void> {
  await transaction(deps.pool, async (tx) => {
    const edge = await lockOwn(tx, key);
    await deleteEdge(tx, edge.id);
    await deleteEdgeState(tx, edge.name);
    await recordAudit(tx, edgeEvent('delete', edge, by), deps.clock.now());
  });
  await clearEdge(deps.pool, deps.clock.now(), key.id);
}

/** Removes what an edge that is gone has left, and has what waited for it looked at. Can be run again. */
export async function clearEdge(pool: Pool, now: Date, edgeId: string): Promise<void> {
  let packs: PackKey[];
  do {
    packs = await deleteOfEdge(pool, edgeId, BATCH);
    await wakePacks(pool, packs, now);
  } while (packs.length === BATCH);
}
