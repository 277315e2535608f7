/** Delivers alerts that are due: each to one channel, again and again for a day, in the order of what they are of. */
import { setTimeout as delay } from 'node:timers/promises';
import { wordsOf } from '../../kit/fault.ts';
import { after, between, days, hours, type Seconds } from '../../kit/time.ts';
import type { Outcome } from '../../notify/notify.ts';
import {
  type DeliveryEnd,
  endDelivery,
  giveBackDelivery,
  postponeDelivery,
  type TakenDelivery,
} from '../../store/alert-deliveries.ts';
import { takeDeliveries } from '../../store/alert-taking.ts';
import { noteWebhookUse } from '../../store/alert-webhooks.ts';
import { EVERY_CELL } from '../../store/zone-key.ts';
import type { JobDeps } from '../job.ts';
import { receiverOf } from './alert-receiver.ts';
import { report } from './repeat.ts';

/** Attempts under way: of one process; and of one account and one channel at all processes together. */
const AT_ONCE = 128;
const OF_ACCOUNT = 32;
const OF_CHANNEL = 8;
/** How long whoever takes one has for it: three times as long as an attempt lasts. */
const TERM: Seconds = 30;
/** How often, in milliseconds, it is looked for more while some are under way. */
const LOOK_MS = 250;
/** How long it is tried. */
const LIFE: Seconds = days(1);
/** How long one waits after its first attempt, and at most; each time twice as long. */
const [FIRST_WAIT, LONGEST_WAIT]: readonly [Seconds, Seconds] = [5, hours(1)];

/** Delivers what is due, until nothing is. A stop gives back what is under way. */
export async function deliverAlerts(deps: JobDeps, signal: AbortSignal): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let ended = 0;
  try {
    for (;;) {
      const endedBefore = ended;
      const { taken, isMore } = await take(deps, AT_ONCE - underWay.size, signal);
      for (const one of taken) {
        const work = deliver(deps, one, signal).finally(() => {
          underWay.delete(work);
          ended += 1;
        });
        underWay.add(work);
      }
      // What is behind one that ended meanwhile was not seen yet.
      if (isMore || (ended !== endedBefore && !signal.aborted)) continue;
      if (underWay.size === 0) return;
      await Promise.race([...underWay, delay(LOOK_MS)]);
    }
  } finally {
    await Promise.all(underWay);
  }
}

async function take({ pool, clock, mayWork }: JobDeps, room: number, signal: AbortSignal) {
  if (room <= 0 || signal.aborted || mayWork?.() === false) return { taken: [], isMore: false };
  const now = clock.now();
  const bounds = { ofAccount: OF_ACCOUNT, ofChannel: OF_CHANNEL, limit: room };
  return takeDeliveries(pool, { cells: EVERY_CELL, now, until: after(now, TERM), bounds });
}

/** Never rejects. */
async function deliver(deps: JobDeps, one: TakenDelivery, signal: AbortSignal): Promise<void> {
  try {
    await attempt(deps, one, signal);
  } catch (error) {
    if (!signal.aborted) report(deps, error, `alert ${one.id}`);
    await giveBackDelivery(deps.pool, one).catch(() => undefined); // else its term ends
  }
}

async function attempt(deps: JobDeps, one: TakenDelivery, signal: AbortSignal): Promise<void> {
  if (!one.isWanted)
    return end(deps, one, { status: 'cancelled', problem: 'its policy was deleted or disabled' });
  const now = deps.clock.now();
  if (one.mechanism === 'email' && !deps.alerts.mayMail(one.destination, now)) {
    const problem = 'there were too many mails to this address of late; it waits';
    return postponeDelivery(deps.pool, one, { problem, now, due: after(now, MAIL_WAIT), isAttempt: false });
  }
  const outcome = await sent(deps, one, signal);
  if (!outcome) return end(deps, one, { status: 'cancelled', problem: 'where it was to go was deleted' });
  await settle(deps, one, outcome);
}

const MAIL_WAIT: Seconds = 60;

/** What came of it; undefined: there is nobody to send it to. What cannot be opened here is as what cannot be reached. */
async function sent(deps: JobDeps, one: TakenDelivery, signal: AbortSignal): Promise<Outcome | undefined> {
  let receiver: Awaited<ReturnType<typeof receiverOf>>;
  try {
    receiver = await receiverOf(deps, one);
  } catch (error) {
    deps.log.warn({ alert: one.id, err: error }, 'an alert has a secret that cannot be opened');
    return { kind: 'failed', why: wordsOf(error) };
  }
  return receiver && deps.alerts.send(one, receiver, { now: deps.clock.now(), signal });
}

async function settle(deps: JobDeps, one: TakenDelivery, outcome: Outcome): Promise<void> {
  const { pool, clock, log } = deps;
  const now = clock.now();
  if (one.mechanism === 'webhooks') {
    const key = { accountId: one.accountId, id: one.destination };
    await noteWebhookUse(pool, key, { on: now, isSuccess: outcome.kind === 'sent' });
  }
  if (outcome.kind === 'sent') return end(deps, one, { status: 'sent' });
  const { why, isForGood = false, retryAfter = 0 } = outcome;
  const isOver = isForGood || between(one.triedOn ?? now, now) >= LIFE;
  log.info(
    { alert: one.id, account: one.accountId, mechanism: one.mechanism, why },
    'an alert was not delivered',
  );
  if (isOver) return end(deps, one, { status: 'dead', problem: why });
  deps.alerts.onOutcome?.(one.mechanism, 'failed');
  const wait = Math.max(waitAfter(one.attempts), Math.min(retryAfter, LONGEST_WAIT));
  await postponeDelivery(pool, one, { problem: why, now, due: after(now, wait), isAttempt: true });
}

/** Spread by a fifth, so that what failed together does not come together again. */
const waitAfter = (attempts: number): Seconds =>
  Math.min(FIRST_WAIT * 2 ** Math.min(attempts, 20), LONGEST_WAIT) * (0.8 + Math.random() * 0.4);

async function end({ pool, clock, alerts }: JobDeps, one: TakenDelivery, how: DeliveryEnd): Promise<void> {
  await endDelivery(pool, one, how, clock.now());
  alerts.onOutcome?.(one.mechanism, how.status);
}
