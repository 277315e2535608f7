import { setTimeout as delay } from 'node:timers/promises';
import { isWaitingForRecords } from '../store/packs.ts';
import type { ApiDeps } from './api.ts';

/** Waits until the CA named a pack's validation records, but not longer than configured. */
export async function recordsKnown({ pool, orderWait }: ApiDeps, id: string): Promise<void> {
  const end = performance.now() + orderWait * 1_000;
  for (let ms = 10; performance.now() < end; ms = Math.min(ms * 1.5, 100)) {
    if (!(await isWaitingForRecords(pool, id))) return;
    await delay(ms);
  }
}
