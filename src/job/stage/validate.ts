import type { CaOrder } from '../../ca/ca.ts';
import type { Seconds } from '../../kit/time.ts';
import { loadOrders, type OrderedWork } from '../../operation/load-orders.ts';
import { noteOrder } from '../../operation/note-order.ts';
import { recordStep } from '../../operation/record-step.ts';
import { type StoredAcmeOrder, type Work, withOrder } from '../../operation/work.ts';
import { lookDelay, retryDelay } from '../../pack/backoff.ts';
import { delegationsAfter } from '../../pack/delegation.ts';
import type { Finding } from '../../pack/found.ts';
import { withoutWildcard } from '../../pack/hosts.ts';
import { firstMissing } from '../../pack/missing-algorithm.ts';
import type { Algorithm, Pack } from '../../pack/pack.ts';
import { isAnsweredHere } from '../../pack/type.ts';
import type { Job, JobDeps } from '../job.ts';
import { allRecords, caOf, isDead, newRequest, placeOrder } from '../step/acme-orders.ts';
import { checkFailures, spendFailures } from '../step/ca-limits.ts';
import { asOwnControl, noteControl } from '../step/control.ts';
import { publishByUpdate } from '../step/dns-update.ts';
import { refusedFinding, unseenFinding, waitingFinding } from '../step/findings.ts';
import { isToRest, nextLook, whyWaiting } from '../step/next-look.ts';
import { type Prechecked, precheck } from '../step/precheck.ts';

/**
 * Shows control of every host. The records are looked at first, at every authoritative server; the CA is told
 * only when all can be seen, because its refusal ends the order and the records with it.
 */
export const validate: Job = async (deps, given, signal) => {
  const work = await loadOrders(deps, given);
  const { pack, orders } = work;
  const now = deps.clock.now();
  const open = orders.find(({ order }) => order.status === 'pending' || isDead(order, now));
  if (orders.length === 0) return reorder(deps, work, firstMissing(work), signal);
  if (!open) return showControl(deps, work, { event: 'done' });
  if (isDead(open.order, now)) return reorder(deps, work, open.algorithm, signal);
  if (isUnread(open.order)) return learn(deps, work, open, signal);
  if (open.isAnswered) return judge(deps, work, await ask(deps, work, open, signal), signal);

  const failure = await publishByUpdate(deps, pack, signal);
  const looks = await lookAtAll(deps, work, open.order, signal);
  const unseen = looks.filter(({ isVisible }) => !isVisible);
  const delegations = delegationsAfter(
    pack.delegations,
    looks.flatMap(({ delegation }) => delegation ?? []),
  );
  if (unseen.length > 0) return waitForRecords(deps, work, open.order, { unseen, failure, delegations });
  await checkFailures(deps, caOf(deps, work), pendingNames(open.order));
  const told = await withDelegations(deps, work, delegations);
  // Noted before the CA is told, that it is told: what is to be shown stays as it is.
  await noteOrder(deps, told, { ...open, isAnswered: true });
  const order = await caOf(deps, told).validate(open.order, signal);
  await spendFailures(deps, caOf(deps, told), failedNames(order));
  return judge(deps, told, { ...open, order }, signal);
};

/** Tells the subscriber which delegations were seen, where that changed. */
async function withDelegations(
  deps: JobDeps,
  work: OrderedWork,
  delegations: Pack['delegations'],
): Promise<OrderedWork> {
  if (delegations === work.pack.delegations) return work;
  return { ...(await recordStep(deps, work, { change: { delegations } })), orders: work.orders };
}

/** Whether it is not known yet what is to be shown. */
const isUnread = ({ unread, authorizations }: CaOrder): boolean =>
  unread !== undefined || authorizations.length === 0;

const pendingNames = ({ authorizations }: CaOrder): string[] =>
  authorizations.filter(({ status }) => status === 'pending').map(({ name }) => withoutWildcard(name));

const failedNames = ({ authorizations }: CaOrder): string[] =>
  authorizations.filter(({ status }) => status === 'invalid').map(({ name }) => withoutWildcard(name));

/** Where the CA was told before: what it found by now; told where a crash came before the telling, or it did not take our word. */
async function ask(
  deps: JobDeps,
  work: OrderedWork,
  open: StoredAcmeOrder,
  signal: AbortSignal,
): Promise<StoredAcmeOrder> {
  const ca = caOf(deps, work);
  if (isToRest(open.order, deps.clock.now())) return open;
  const seen = await ca.look(open.order, signal);
  const isUntold = seen.authorizations.some((one) => one.status === 'pending' && !one.isAnswered);
  const isToBeTold = seen.status === 'pending' && isUntold && !isDenied(seen);
  return { ...open, order: isToBeTold ? await ca.validate(seen, signal) : seen };
}

/** Whether the CA says that there is no such order: as one of its servers may do that is behind. */
const isDenied = ({ oddity, unread }: CaOrder): boolean => oddity !== undefined || unread !== undefined;

/** What is to be shown could not be read when the order was made, or the CA wants more by now. */
async function learn(
  deps: JobDeps,
  work: OrderedWork,
  open: StoredAcmeOrder,
  signal: AbortSignal,
): Promise<Work | undefined> {
  const ca = caOf(deps, work);
  const stored = { ...open, order: await ca.look(open.order, signal) };
  if (stored.order.status !== 'invalid' && (isUnread(stored.order) || stored.order.oddity))
    return rest(deps, work, stored);
  const order = await asOwnControl(deps, { work, ca }, stored.order, signal);
  if (!order) return reorder(deps, work, open.algorithm, signal);
  return showControl(deps, work, { stored: { ...stored, order, isAnswered: false } });
}

/** One look at a time per record, all records of an order side by side. */
const lookAtAll = (
  deps: JobDeps,
  work: OrderedWork,
  order: CaOrder,
  signal: AbortSignal,
): Promise<Prechecked[]> =>
  Promise.all(
    order.authorizations
      .filter(({ status }) => status === 'pending')
      .map((one) => precheck(one, { deps, work, signal })),
  );

/** Records that cannot be seen yet, why we could not publish them, and what was seen on the way. */
interface Unseen extends Pick<Pack, 'delegations'> {
  readonly unseen: readonly Prechecked[];
  readonly failure: string | undefined;
}

async function waitForRecords(
  deps: JobDeps,
  work: Work,
  { doubts = [] }: CaOrder,
  { unseen, failure, delegations }: Unseen,
): Promise<undefined> {
  const problems = unseen.map(({ name, problem }) => problem ?? `${name} cannot be seen yet`);
  const validationErrors = [...(failure === undefined ? [] : [failure]), ...problems, ...doubts];
  const found = unseenFinding(work, unseen);
  deps.log.debug({ pack: work.pack.id, seen: found.evidence }, 'validation records not visible');
  const change = { validationErrors, found, delegations };
  await recordStep(deps, work, { wait: lookAgainAfter(work), change });
}

/** Nobody has to publish what our own name servers answer: what is not there yet, while one of them starts, is soon. */
const lookAgainAfter = ({ pack, run: { attempts } }: Work): Seconds =>
  isAnsweredHere(pack) ? Math.min(lookDelay(attempts), retryDelay(attempts)) : lookDelay(attempts);

/** Goes by what the CA found: on, on to wait, or to a new order in place of this one. */
async function judge(
  deps: JobDeps,
  work: OrderedWork,
  open: StoredAcmeOrder,
  signal: AbortSignal,
): Promise<Work | undefined> {
  const { order, algorithm } = open;
  await noteControl(deps, work, caOf(deps, work), order);
  if (isDead(order, deps.clock.now()))
    return replace(deps, work, { algorithm, why: await causes(deps, work, order, signal) }, signal);
  const answered = { ...open, isAnswered: true };
  return order.status === 'pending' ? rest(deps, work, answered) : controlShown(deps, work, answered);
}

/** The CA has not made up its mind, or not told all: it is asked again later. */
async function rest(deps: JobDeps, work: OrderedWork, stored: StoredAcmeOrder): Promise<undefined> {
  const { certificateAuthority: ca = '' } = work.run;
  const now = deps.clock.now();
  const validationErrors = whyWaiting(ca, stored.order, now);
  const found = waitingFinding(ca, stored.order, validationErrors);
  await showControl(deps, work, { stored, wait: nextLook(stored.order, now), validationErrors, found });
}

/**
 * Why the order came to nothing. What we see ourselves that explains it comes first, e.g. servers that keep a strict
 * resolver from the record; the CA, which did not see that, has no good step then.
 */
async function causes(
  deps: JobDeps,
  work: OrderedWork,
  order: CaOrder,
  signal: AbortSignal,
): Promise<string[]> {
  const refused = order.authorizations.filter(({ status }) => status === 'invalid');
  const looks = await Promise.all(refused.map((one) => precheck(one, { deps, work, signal })));
  const seen = [...new Set(looks.flatMap(({ problem }) => problem ?? []))];
  const told = seen.length === 0 ? refusals(order) : [...seen, ...refusals(order).map(withoutStep)];
  return [...told, ...(order.doubts ?? [])];
}

/** A CA's refusal without what it is followed by: what to do. */
const withoutStep = (words: string): string => words.slice(0, Math.max(words.lastIndexOf('; '), 0)) || words;

const refusals = (order: CaOrder): string[] => {
  const told = order.authorizations.flatMap(({ problem }) => problem ?? []);
  return told.length > 0 ? told : [order.problem ?? 'the order ended at the CA; a new one was made'];
};

/** The CA refused: a new order goes in place of this one, to be looked at after the usual wait. */
async function replace(
  deps: JobDeps,
  work: OrderedWork,
  { algorithm, why }: { readonly algorithm: Algorithm; readonly why: readonly string[] },
  signal: AbortSignal,
): Promise<undefined> {
  const stored = await placeOrder(deps, work, algorithm, signal);
  const found = refusedFinding(work.run.certificateAuthority ?? '', 'validation_refused', why);
  await showControl(deps, work, { stored, wait: lookDelay(work.run.attempts), validationErrors: why, found });
}

/** A restart, or an order that ended of age: a new one, looked at at once. */
async function reorder(
  deps: JobDeps,
  work: OrderedWork,
  algorithm: Algorithm,
  signal: AbortSignal,
): Promise<Work> {
  const stored = await placeOrder(deps, work, algorithm, signal);
  return showControl(deps, work, { stored, validationErrors: work.pack.validationErrors });
}

/** The CA found control; the pack goes on unless another of its orders still waits for that. */
async function controlShown(deps: JobDeps, work: OrderedWork, shown: StoredAcmeOrder): Promise<Work> {
  // The certificate request is made already here, so that it needs no write of its own; an RSA key can take a while.
  // What has to be asked of a token is no part of showing control.
  const isLacking =
    shown.algorithm === 'ecdsa' && !shown.request && deps.tokens?.isFor(work.pack.zone) !== true;
  const stored = isLacking ? { ...shown, request: await newRequest(deps, work, 'ecdsa') } : shown;
  const now = deps.clock.now();
  const isOpen = withOrder(work.orders, stored).some(
    ({ order }) => order.status === 'pending' || isDead(order, now),
  );
  return showControl(deps, work, { stored, event: isOpen ? undefined : 'done' });
}

/** Writes what has to be shown by now, with an order as it now stands: of all orders, in the pack and published. */
function showControl(
  deps: JobDeps,
  work: OrderedWork,
  {
    stored,
    validationErrors = [],
    found,
    ...where
  }: {
    readonly stored?: StoredAcmeOrder;
    readonly event?: 'done' | undefined;
    readonly wait?: Seconds;
    readonly validationErrors?: readonly string[];
    readonly found?: Finding;
  },
): Promise<Work> {
  const orders = stored ? withOrder(work.orders, stored) : work.orders;
  return recordStep(deps, work, {
    ...where,
    change: { validationRecords: allRecords(orders), validationErrors, ...(found && { found }) },
    orders: stored ? [stored] : [],
    publishes: 'pending',
  });
}
