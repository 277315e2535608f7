import type { CaOrder } from '../../ca/ca.ts';
import { between, days } from '../../kit/time.ts';
import { loadOrders, type OrderedWork } from '../../operation/load-orders.ts';
import { recordStep } from '../../operation/record-step.ts';
import type { StoredAcmeOrder, Work } from '../../operation/work.ts';
import { withOrder } from '../../operation/work.ts';
import { retryDelay } from '../../pack/backoff.ts';
import type { PackEvent } from '../../pack/lifecycle.ts';
import type { Algorithm, Certificate } from '../../pack/pack.ts';
import { remarksOn } from '../../pack/remarks.ts';
import { RUNS } from '../../pack/run.ts';
import { algorithmsOf } from '../../pack/type.ts';
import type { Job, JobDeps } from '../job.ts';
import { allRecords, caOf } from '../step/acme-orders.ts';
import type { Issued } from '../step/delivered.ts';
import { refusedFinding, waitingFinding } from '../step/findings.ts';
import { nextLook, whyWaiting } from '../step/next-look.ts';
import { getCertificate, type Outcome } from '../step/one-certificate.ts';

/**
 * Gets the certificates that the pack is to have. Where they go different ways, all that came of them is stored.
 */
export const issue: Job = async (deps, given, signal) => {
  const { pack, run } = given;
  const wanted = algorithmsOf(pack);
  const missing = wanted.filter((one) => !run.certificates.some(({ algorithm }) => algorithm === one));
  if (missing.length === 0) return recordStep(deps, given, done(given, run.certificates));
  const isInHand = given.orders !== undefined;
  const work = await loadOrders(deps, given);
  const algorithms = atOnce(deps, work, missing);
  const get = async (algorithm: Algorithm): Promise<Outcome> => {
    const outcome = await getCertificate(deps, { work, algorithm, isInHand }, signal);
    // The CA gave the order of the other algorithm: that is finished first, unless it is under way.
    return outcome.kind === 'shared' && !algorithms.includes(outcome.twin) ? get(outcome.twin) : outcome;
  };
  const all = await Promise.allSettled(algorithms.map(get));
  const outcomes = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const issued = outcomes.filter((one) => one.kind === 'issued');
  const kept = issued.length > 0 ? await store(deps, work, issued) : work;
  const others = outcomes.filter((one) => one.kind !== 'issued' && one.kind !== 'shared');
  const failed = all.find((one) => one.status === 'rejected');
  if (failed && others.length > 0) await recordStep(deps, kept, asTheyStand(others));
  if (failed) throw failed.reason;
  return others.length > 0 ? goOn(deps, kept, others) : kept;
};

/**
 * Which certificates are got side by side: all where control that was shown once does for all, until something goes wrong:
 * then one is tried before an order for another is spent. Where each order wants control shown, all are made before any is
 * finished: the subscriber sees all records as early as can be.
 */
function atOnce(deps: JobDeps, work: OrderedWork, missing: readonly Algorithm[]): readonly Algorithm[] {
  const isReused = caOf(deps, work).row.reusesAuthorizations;
  const unordered = missing.filter((one) => !work.orders.some((order) => order.algorithm === one));
  if (isReused) return work.run.attempts === 0 && unordered.length < 2 ? missing : missing.slice(0, 1);
  return (unordered.length > 0 ? unordered : missing).slice(0, 1);
}

/** The move of a run that has all its certificates; the subscriber hears where they are not quite what was ordered. */
const done = (
  { pack, run }: Pick<Work, 'pack' | 'run'>,
  certificates: readonly Certificate[],
): { readonly event: PackEvent; readonly change: { validationErrors: readonly string[] } } => ({
  event: RUNS[run.kind].issued(pack),
  change: { validationErrors: remarksOn(pack, certificates) },
});

/** Stores certificates with the keys that were sealed for them; a pack that has all goes on, its orders have served. */
function store(deps: JobDeps, work: OrderedWork, issued: readonly Issued[]): Promise<Work> {
  const { pack, run } = work;
  const wanted = algorithmsOf(pack);
  const all = [...run.certificates, ...issued.map(({ certificate }) => certificate)];
  const certificates = wanted.flatMap((one) => all.findLast(({ algorithm }) => algorithm === one) ?? []);
  const isAll = certificates.length === wanted.length;
  for (const remark of remarksOn(
    pack,
    issued.map(({ certificate }) => certificate),
  ))
    deps.log.warn({ pack: pack.id, ca: run.certificateAuthority }, remark);
  const fresh = issued.map(({ certificate, chain, stored }) => ({
    certificate,
    chain,
    sealedKey: stored.request.sealedKey,
  }));
  if (!isAll)
    return recordStep(deps, work, {
      change: { certificates },
      certificates: fresh,
      orders: issued.map(({ stored }) => stored),
    });
  const { event, change } = done(work, certificates);
  return recordStep(deps, work, {
    event,
    change: { ...change, certificates },
    certificates: fresh,
    ended: 'all',
  });
}

/** Outcomes of which an order is left. */
type Left = Extract<Outcome, { readonly stored: StoredAcmeOrder }>;

/** What became of orders: those that are dead are dropped. */
const asTheyStand = (outcomes: readonly Left[]) => ({
  orders: outcomes.filter(({ kind }) => kind !== 'refused').map(({ stored }) => stored),
  ended: outcomes.filter(({ kind }) => kind === 'refused').map(({ stored }) => stored.algorithm),
});

/** What comes next where not all certificates came. */
async function goOn(deps: JobDeps, work: Work, outcomes: readonly Left[]): Promise<Work | undefined> {
  const refused = outcomes.filter(({ kind }) => kind === 'refused').map(({ stored }) => stored);
  if (refused.length > 0) return giveUp(deps, work, { outcomes, refused });
  if (outcomes.some(({ kind }) => kind === 'pending')) return revalidate(deps, work, outcomes);
  const now = deps.clock.now();
  const { certificateAuthority: ca = '' } = work.run;
  const orders = outcomes.map(({ stored }) => stored.order);
  const validationErrors = [...new Set(orders.flatMap((order) => whyWaiting(ca, order, now)))];
  await recordStep(deps, work, {
    ...asTheyStand(outcomes),
    wait: Math.min(...orders.map((order) => nextLook(order, now))),
    change: { validationErrors, ...anew(outcomes, now), ...foundIn(ca, orders, validationErrors) },
  });
  return undefined;
}

/** What holds up the first of the orders that the CA is at. */
const foundIn = (ca: string, [order]: readonly CaOrder[], told: readonly string[]) =>
  order ? { found: waitingFinding(ca, order, told) } : {};

/** What waits a day for another order is not late for that: the time of its status begins when it goes on. */
function anew(outcomes: readonly Left[], now: Date): { readonly statusSince?: Date } {
  const waits = outcomes.flatMap((one) => (one.kind === 'waiting' && one.until) || []);
  const until = waits.find((one) => between(now, one) <= days(1));
  return until ? { statusSince: until } : {};
}

/** The CA wants control shown again: the pack goes back for that. */
function revalidate(deps: JobDeps, work: Work, outcomes: readonly Left[]): Promise<Work> {
  const step = asTheyStand(outcomes);
  const orders = step.orders.reduce(withOrder, work.orders ?? []);
  const change = { validationRecords: allRecords(orders), validationErrors: [] };
  return recordStep(deps, work, { ...step, event: 'revalidate', change, publishes: 'pending' });
}

/** The CA refused to issue: the orders are dropped, and new ones made after a while. */
async function giveUp(
  deps: JobDeps,
  work: Work,
  { outcomes, refused }: { readonly outcomes: readonly Left[]; readonly refused: readonly StoredAcmeOrder[] },
): Promise<undefined> {
  const why = refused.map(
    ({ order }) => order.problem ?? 'the order ended at the CA; a new one will be made',
  );
  const validationErrors = [...new Set(why)];
  const found = refusedFinding(work.run.certificateAuthority ?? '', 'ca_refused', validationErrors);
  await recordStep(deps, work, {
    ...asTheyStand(outcomes),
    wait: Math.max(retryDelay(work.run.attempts), REFUSED_WAIT),
    change: { validationErrors, found },
  });
}

/** Seconds before a CA that refused is asked again, at least. */
const REFUSED_WAIT = 60;
