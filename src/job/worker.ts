import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../kit/fault.ts';
import { after, days, hours } from '../kit/time.ts';
import { isLeaving } from '../pack/lifecycle.ts';
import { PACK_STATUSES } from '../pack/pack.ts';
import { LANES } from '../store/accounts.ts';
import { forgetAudit } from '../store/audit.ts';
import { forgetFull } from '../store/ca-limits.ts';
import { forgetChanges } from '../store/deployments.ts';
import { forgetOrderRequests } from '../store/order-requests.ts';
import { listStranded, remindUnplanned } from '../store/packs.ts';
import { alone, isConnectionLoss } from '../store/store.ts';
import { purgeZones } from '../store/zones.ts';
import { intervene } from './advance.ts';
import { type Claim, claimDue, extendLeases, giveBack } from './claim.ts';
import { removeLeftovers } from './dns-update.ts';
import type { JobDeps } from './job.ts';
import { revokeDue } from './revoke.ts';
import { run } from './run.ts';

/** How often, in milliseconds, a worker asks for due packs that nobody in this process told it of. */
const ASK_MS = 500;
/** Leases are extended three times in their life. */
const EXTEND_MS = 20_000;
const SWEEP_MS = 1_000;
const LEFTOVERS_MS = 2_000;
const FORGET_MS = 60_000;
const REMIND_MS = 30_000;
/** Packs whose renewal is planned at a time, beside those that are due of themselves. */
const MOST_REMINDED = 500;

/** How long an Idempotency-Key is remembered. */
const REQUEST_LIFE = days(1);
/** How long an edge may be without word of a change before it has to ask anew, many times over. */
const CHANGE_LIFE = hours(1);

export interface Worker {
  /** Says that something became due: it is claimed at once. */
  readonly poke: () => void;
  /** Whether it has no pack in its hands. */
  readonly isIdle: () => boolean;
  /** Takes no more work, interrupts what runs and gives it back. */
  readonly stop: () => Promise<void>;
}

/** Works on due packs, up to `size` at a time. Any number of workers in any number of processes share the work. */
export function startWorker(deps: JobDeps, size: number): Worker {
  const stopped = new AbortController();
  const inHand = new Map<string, { readonly claim: Claim; readonly done: Promise<void> }>();
  let bell = Promise.withResolvers<void>();
  let lane = Math.floor(Math.random() * LANES);
  const ring = () => bell.resolve();

  const take = (claim: Claim) => {
    const done = carry(deps, claim, stopped.signal).finally(() => {
      inHand.delete(claim.packId);
      ring();
    });
    inHand.set(claim.packId, { claim, done });
  };

  const claimSome = async () => {
    const most = size - inHand.size;
    if (most <= 0) return;
    lane = (lane + 1) % LANES;
    const claims = await claimDue(deps.pool, deps.clock, { most, first: lane, inHand: [...inHand.keys()] });
    for (const claim of claims) take(claim);
  };

  const loop = (async () => {
    while (!stopped.signal.aborted) {
      bell = Promise.withResolvers<void>();
      await claimSome().catch((error: unknown) => report(deps, error, 'claim'));
      await Promise.race([bell.promise, delay(ASK_MS)]);
    }
  })();
  const extend = () =>
    extendLeases(
      deps.pool,
      deps.clock,
      [...inHand.values()].map(({ claim }) => claim),
    );
  const timers = [every(deps, EXTEND_MS, extend), ...chores(deps, ring, stopped.signal)];

  return {
    poke: ring,
    isIdle: () => inHand.size === 0,
    stop: async () => {
      stopped.abort();
      ring();
      for (const timer of timers) clearInterval(timer);
      await loop; // it may have claimed more at the last moment
      await Promise.all([...inHand.values()].map(({ done }) => done));
    },
  };
}

/** What is done beside the packs that are due. */
const chores = (deps: JobDeps, ring: () => void, signal: AbortSignal): NodeJS.Timeout[] => [
  every(deps, FORGET_MS, () => forgetOld(deps)),
  every(deps, SWEEP_MS, () => sweepZones(deps, ring)),
  every(deps, SWEEP_MS, () => revokeDue(deps, signal)),
  every(deps, REMIND_MS, () => remindUnplanned(deps.pool, MOST_REMINDED, deps.clock.now())),
  every(deps, LEFTOVERS_MS, () => removeLeftovers(deps, signal)),
];

async function carry(deps: JobDeps, claim: Claim, signal: AbortSignal): Promise<void> {
  try {
    await run(deps, claim, signal);
    if (signal.aborted) await giveBack(deps.pool, deps.clock, claim);
  } catch (error) {
    report(deps, error, 'run');
  }
}

/** Takes the packs of hidden zones away, a batch at a time, and removes zones that have none left. */
async function sweepZones(deps: JobDeps, ring: () => void): Promise<void> {
  const stranded = await listStranded(deps.pool, PACK_STATUSES.filter(isLeaving), 200);
  for (const pack of stranded) {
    await alone(deps.pool, pack.zone.id, (db) => intervene(db, deps, pack, { event: 'delete' })).catch(
      (error: unknown) => report(deps, error, 'sweep'),
    );
  }
  if (stranded.length > 0) ring();
  await purgeZones(deps.pool);
}

/** What is kept for a while only. */
async function forgetOld({ pool, clock, auditLife }: JobDeps): Promise<void> {
  await forgetOrderRequests(pool, after(clock.now(), -REQUEST_LIFE));
  await forgetChanges(pool, after(clock.now(), -CHANGE_LIFE));
  if (auditLife > 0) await forgetAudit(pool, after(clock.now(), -auditLife));
  await forgetFull(pool, clock.now());
}

/** Runs `work` again and again, never twice at once. */
function every(deps: JobDeps, ms: number, work: () => Promise<unknown>): NodeJS.Timeout {
  let isRunning = false;
  return setInterval(() => {
    if (isRunning) return;
    isRunning = true;
    work()
      .catch((error: unknown) => report(deps, error, 'timer'))
      .finally(() => {
        isRunning = false;
      });
  }, ms);
}

function report(deps: JobDeps, error: unknown, what: string): void {
  if (error instanceof Fault && error.fault === 'pack_moved') return; // another process was first
  const level = isConnectionLoss(error) ? 'warn' : 'error';
  deps.log[level]({ err: error }, `worker: ${what} failed`);
}
