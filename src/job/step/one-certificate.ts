/** One certificate of a pack: from its order to the chain that the CA gave. */
import { isAsWanted, publicKeyIn } from '../../ca/csr.ts';
import { isRequestRefused } from '../../ca/refusals.ts';
import { isKeptElsewhere, storedKey } from '../../key/key.ts';
import type { OrderedWork } from '../../operation/load-orders.ts';
import { noteOrder } from '../../operation/note-order.ts';
import { useTokenKey } from '../../operation/take-token-key.ts';
import type { StoredAcmeOrder } from '../../operation/work.ts';
import { certificateNames } from '../../pack/branding.ts';
import type { Algorithm } from '../../pack/pack.ts';
import type { JobDeps } from '../job.ts';
import {
  caOf,
  csrOf,
  isDead,
  newRequest,
  placeOrder,
  type RequestedOrder,
  requestOptions,
} from './acme-orders.ts';
import { beforeFinalizing } from './control.ts';
import { collect, giveUp, type Issued, isStuck, type Waiting } from './delivered.ts';
import { isToRest } from './next-look.ts';
import { tokenDepsOf } from './token-key.ts';

/**
 * As far as one certificate came: `pending` where the CA wants control shown again, `waiting` where it is to be asked again
 * later, `refused` where its order is dead, `shared` where the CA gave the order that it gave for the other algorithm: that one
 * goes first.
 */
export type Outcome =
  | Issued
  | Waiting
  | { readonly kind: 'pending' | 'refused'; readonly stored: StoredAcmeOrder }
  | { readonly kind: 'shared'; readonly twin: Algorithm };

/** What a certificate is got for. */
export interface Getting {
  readonly work: OrderedWork;
  readonly algorithm: Algorithm;
  /**
   * Whether this worker has had the pack in its hands ever since it made the order ready. Else the CA may have been asked to
   * finalize by somebody who did not live to see the answer, and is asked how far it is before.
   */
  readonly isInHand: boolean;
}

/**
 * Gets a certificate of one algorithm, by the order that there is or by a new one. What an order gives is stored before the
 * next step, the sealed key too: whoever goes on after a crash gets the same certificate, not a second one.
 */
export async function getCertificate(deps: JobDeps, getting: Getting, signal: AbortSignal): Promise<Outcome> {
  const { work, algorithm } = getting;
  const there = ownOrder(work, algorithm);
  if (there?.request && isBegun(there))
    return finish(deps, getting, { ...there, request: there.request }, signal);
  const live = there && isDead(there.order, deps.clock.now()) ? undefined : there;
  if (live?.order.status === 'pending') return { kind: 'pending', stored: live };
  // The key first: where none is ready, an order that was just made would wait for it, stored nowhere.
  const request = await newRequest(deps, work, algorithm);
  if (live) return begin(deps, getting, { ...live, request }, signal);
  const placed = await placeOrder(deps, work, algorithm, signal);
  const twin = twinOf(work, placed);
  return twin
    ? { kind: 'shared', twin: twin.algorithm }
    : begin(deps, getting, { ...placed, request }, signal);
}

/** Goes on with an order whose request was just made: nobody finalized it. */
async function begin(
  deps: JobDeps,
  getting: Getting,
  stored: RequestedOrder,
  signal: AbortSignal,
): Promise<Outcome> {
  const { pack } = getting.work;
  // Before it is in the order: a key that may be in one is for no other.
  if (deps.tokens && isKeptElsewhere(deps, { pack, algorithm: stored.algorithm }, stored.request.sealedKey))
    await useTokenKey(deps, pack, stored.algorithm);
  await noteOrder(deps, getting.work, stored);
  if (stored.order.status === 'pending') return { kind: 'pending', stored };
  return finish(deps, { ...getting, isInHand: true }, stored, signal);
}

/** Whether an order may have been finalized: whatever its age, the CA says what came of it. */
const isBegun = ({ order: { status } }: StoredAcmeOrder): boolean =>
  status !== 'pending' && status !== 'invalid';

/** Whose order this is too: a CA may answer with an order for the same names that is not finalized yet. */
const twinOf = ({ orders }: OrderedWork, { order: { url }, algorithm }: StoredAcmeOrder) =>
  orders.find((one) => one.algorithm !== algorithm && one.order.url === url);

/** The order of an algorithm; none where it is that of another one, which goes first. */
function ownOrder(work: OrderedWork, algorithm: Algorithm): StoredAcmeOrder | undefined {
  const there = work.orders.find((order) => order.algorithm === algorithm);
  const twin = there && twinOf(work, there);
  return twin && twin.algorithm < algorithm ? undefined : there;
}

/** From a ready order to the certificate, as far as the CA goes now. */
async function finish(
  deps: JobDeps,
  { work, isInHand }: Getting,
  there: RequestedOrder,
  signal: AbortSignal,
): Promise<Outcome> {
  const now = deps.clock.now();
  if (isToRest(there.order, now)) return { kind: 'waiting', stored: there };
  const asked = await withRightRequest(deps, work, there);
  const order = await finalized(deps, work, { asked, isInHand }, signal);
  const stored = { ...asked, order };
  if (order.status === 'valid') return collect(deps, work, stored, signal);
  if (order.status === 'pending') return { kind: 'pending', stored: withOwnLook(stored) };
  if (isStuck(order, now)) return giveUp(deps, work, stored, 'the CA has been issuing for a day');
  // A certificate may have come of it, of which nobody heard.
  if (order.isLost) return giveUp(deps, work, asked, order.problem ?? 'the CA denies the order');
  if (order.status === 'invalid') return { kind: 'refused', stored };
  return { kind: 'waiting', stored };
}

/** Where our own look is still to come it is made as if the CA was told of nothing yet. */
const withOwnLook = (stored: RequestedOrder): RequestedOrder =>
  stored.order.authorizations.some(({ isHeldValid }) => isHeldValid)
    ? { ...stored, isAnswered: false }
    : stored;

/** The order, finalized unless it was; as the CA has it. */
async function finalized(
  deps: JobDeps,
  work: OrderedWork,
  { asked, isInHand }: { readonly asked: RequestedOrder; readonly isInHand: boolean },
  signal: AbortSignal,
): Promise<StoredAcmeOrder['order']> {
  const ca = caOf(deps, work);
  const isUnsure = !isInHand && asked.order.status === 'ready';
  const order = isUnsure ? await ca.look(asked.order, signal) : asked.order;
  if (isUnsure && (order.oddity || order.status !== 'ready')) return order;
  const ready = await beforeFinalizing(deps, { work, ca }, order);
  if (ready.status === 'pending') return ready;
  try {
    return await ca.finalize(ready, asked.request.csr, signal);
  } catch (error) {
    const { request: _refused, ...without } = asked;
    if (isRequestRefused(error)) await noteOrder(deps, work, { ...without, order });
    throw error;
  }
}

/** The order with a request as the CA wants it by now: of the same key, so that whatever came of the first still fits. */
async function withRightRequest(
  deps: JobDeps,
  work: OrderedWork,
  there: RequestedOrder,
): Promise<RequestedOrder> {
  const { algorithm, request, order } = there;
  const { pack } = work;
  const options = requestOptions(caOf(deps, work), pack);
  if (order.status !== 'ready' || isAsWanted(request.csr, certificateNames(pack), options)) return there;
  const of = { pack, algorithm, publicKey: () => publicKeyIn(request.csr) };
  const key = storedKey({ ...deps, token: tokenDepsOf(deps, pack) }, of, request.sealedKey);
  const stored = { ...there, request: { ...request, csr: await csrOf(deps, work, key) } };
  await noteOrder(deps, work, stored);
  return stored;
}
