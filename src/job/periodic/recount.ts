import { after, hours, type Seconds } from '../../kit/time.ts';
import { getSetting, swapSetting } from '../../store/installation-settings.ts';
import { listAccountIds, listParts, recountPart } from '../../store/recount.ts';
import type { Pool } from '../../store/store.ts';
import type { JobDeps } from '../job.ts';

/** Raised where counts of accounts mean something else than before: then all are counted anew. */
const EDITION = 2;
/** After an upgrade the older version may still run for a while, and change packs of which it does not know how to count. */
const GRACE: Seconds = hours(1);
/** How long whoever counts has for it. */
const TERM: Seconds = hours(6);
const BATCH = 100;
const NAME = 'counted';

/**
 * Counts what accounts have anew, once after each upgrade, an hour after the first process of this version began: by then no
 * older one changes packs any more. One process does it; one that was killed is followed by another after some hours.
 */
export async function recountAccounts(deps: JobDeps, signal: AbortSignal): Promise<void> {
  const { pool, clock, log } = deps;
  const now = clock.now();
  const value = await getSetting(pool, NAME);
  const [edition, due] = value?.split(' ') ?? [];
  if (edition === String(EDITION) && due === 'done') return;
  if (edition !== String(EDITION))
    return void (await swapSetting(pool, NAME, value, dueAt(after(now, GRACE))));
  if (new Date(due ?? '') > now || !(await swapSetting(pool, NAME, value, dueAt(after(now, TERM))))) return;
  const wrong = await recountAll(pool, signal);
  if (signal.aborted) return void (await swapSetting(pool, NAME, dueAt(after(now, TERM)), dueAt(now)));
  await swapSetting(pool, NAME, dueAt(after(now, TERM)), `${EDITION} done`);
  log.info({ wrong }, 'what accounts have is counted');
}

/** By how many the counts were wrong. */
async function recountAll(pool: Pool, signal: AbortSignal): Promise<number> {
  let [wrong, last] = [0, ''];
  do {
    const accounts = await listAccountIds(pool, last, BATCH);
    for (const account of accounts) wrong += await recountOne(pool, account, signal);
    last = accounts.at(-1) ?? '';
  } while (last !== '' && !signal.aborted);
  return wrong;
}

async function recountOne(pool: Pool, accountId: string, signal: AbortSignal): Promise<number> {
  let wrong = 0;
  for (const part of await listParts(pool, accountId))
    wrong += signal.aborted ? 0 : await recountPart(pool, part);
  return wrong;
}

const dueAt = (instant: Date): string => `${EDITION} ${instant.toISOString()}`;
