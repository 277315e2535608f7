import { isWaitingForRecords } from '../store/packs.ts';
import type { ApiDeps } from './api.ts';

/** How often, in milliseconds, it is looked whether a worker of another process was the one. */
const LOOK_MS = 100;

/** Waits until the CA named a pack's validation records, but not longer than configured. */
export async function recordsKnown({ pool, orderWait, moves }: ApiDeps, id: string): Promise<void> {
  const end = performance.now() + orderWait * 1_000;
  while (performance.now() < end) {
    // Listened for before it is looked: it may move in between.
    const moved = moves.next(id, LOOK_MS);
    if (!(await isWaitingForRecords(pool, id))) return;
    await moved;
  }
}
