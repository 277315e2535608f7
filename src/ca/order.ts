/** The steps of one order at a desk. Each asks the CA and gives the order as it then stands. */
import type { Account } from '../acme/account.ts';
import type { Order } from '../acme/acme.ts';
import { type Pace, poll } from '../acme/poll.ts';
import { isProblem, problemOf } from '../acme/problem.ts';
import { Fault } from '../kit/fault.ts';
import type { Seconds } from '../kit/time.ts';
import type { Desk } from './acme-directory.ts';
import type { CaAuthorization, CaOrder, OrderAsk } from './ca.ts';
import { getAll, refreshed, toCaOrder } from './order-state.ts';
import { placeInstead } from './renewal.ts';

/** Longest time that one call looks at an order, by the desk's clock. */
const LOOKING: Seconds = 20;

/** New order with its authorizations. Throws `ca_wrong_answer` when it is for other names. */
export async function newOrder(
  desk: Desk,
  { names, notAfter, method, replaces, valid = [] }: OrderAsk,
  signal: AbortSignal,
): Promise<CaOrder> {
  const account = await desk.account.get(signal);
  const { profile } = desk.row;
  const wanted = { names, ...(notAfter && { notAfter }), ...(profile !== undefined && { profile }) };
  const order = await placeInstead(desk, account, { wanted, replaces }, signal);
  const got = order.identifiers.map(({ value }) => value);
  if (got.toSorted().join() !== names.toSorted().join()) {
    throw new Fault('ca_wrong_answer', 'the order is for other names than asked for');
  }
  const authorizations =
    usedAgain(order, valid) ?? (await getAll(desk, method, order.authorizations, signal));
  return toCaOrder(desk, order, { authorizations, ...(method && { method }) });
}

/** The authorizations of an order that is ready from the start, where all are known. */
function usedAgain(
  { status, authorizations }: Order,
  valid: readonly CaAuthorization[],
): CaAuthorization[] | undefined {
  const known = authorizations.flatMap((url) => valid.find((one) => one.url === url) ?? []);
  return status === 'ready' && known.length === authorizations.length ? known : undefined;
}

/** The order as it stands; `invalid` when the CA no longer knows it. */
export function look(desk: Desk, order: CaOrder, signal: AbortSignal): Promise<CaOrder> {
  return orGone(desk, order, async () => {
    const account = await desk.account.get(signal);
    return refreshed(desk, order, await desk.client.order(account, order.url, signal), signal);
  });
}

/** Answers the pending challenges, then looks until the order is no longer pending. */
export function validate(desk: Desk, order: CaOrder, signal: AbortSignal): Promise<CaOrder> {
  return orGone(desk, order, async () => {
    const account = await desk.account.get(signal);
    const pending = order.authorizations.filter(({ status }) => status === 'pending');
    const answers = await Promise.allSettled(pending.map((one) => answer(desk, account, one, signal)));
    for (const one of answers) if (one.status === 'rejected') throw one.reason;
    const how = { isDone: isDecided, pace: desk.paces.validation };
    const seen = await pollOrder(desk, order, how, signal);
    return seen ? refreshed(desk, order, seen, signal) : order;
  });
}

const isDecided = ({ status }: Order): boolean => status !== 'pending';

/** A CA refuses the answer to a challenge that was answered before; its authorization tells what came of it. */
async function answer(
  desk: Desk,
  account: Account,
  one: CaAuthorization,
  signal: AbortSignal,
): Promise<void> {
  try {
    await desk.client.answer(account, one.challengeUrl, signal);
  } catch (error) {
    const problem = problemOf(error);
    if (!problem || !isProblem(problem, 'malformed')) throw error;
  }
}

/** Finalizes the order unless it was before, then looks until it is valid or invalid. */
export function finalize(desk: Desk, order: CaOrder, csr: Buffer, signal: AbortSignal): Promise<CaOrder> {
  return orGone(desk, order, async () => {
    if (order.status === 'valid' && order.certificateUrl) return order;
    const account = await desk.account.get(signal);
    const isBegun = order.status === 'processing' || order.status === 'valid';
    const first = isBegun ? undefined : await begin(desk, account, { order, csr }, signal);
    if (first && first.status !== 'processing') return refreshed(desk, order, first, signal);
    const how = { isDone: isFinal, pace: desk.paces.issuance, retryAfter: first?.retryAfter };
    const seen = await pollOrder(desk, order, how, signal);
    return seen ? refreshed(desk, order, seen, signal) : { ...order, status: 'processing' };
  });
}

const isFinal = ({ status }: Order): boolean => status === 'valid' || status === 'invalid';

interface Request {
  readonly order: CaOrder;
  readonly csr: Buffer;
}

/** Finalizes. The order as it stands, `processing` from when the CA took the request. */
async function begin(
  desk: Desk,
  account: Account,
  { order, csr }: Request,
  signal: AbortSignal,
): Promise<Order> {
  try {
    const asked = { url: order.url, finalize: order.finalizeUrl };
    const taken = await desk.client.finalize(account, asked, csr, signal);
    return taken.status === 'ready' ? { ...taken, status: 'processing' } : taken;
  } catch (error) {
    // A call that did not live to see the answer may have finalized the order before.
    const problem = problemOf(error);
    if (!problem || !isProblem(problem, 'orderNotReady')) throw error;
    return desk.client.order(account, order.url, signal);
  }
}

/** The certificate chain of a valid order. */
export async function download(desk: Desk, order: CaOrder, signal: AbortSignal): Promise<string> {
  const { certificateUrl, status } = order.certificateUrl ? order : await look(desk, order, signal);
  const { client, account, row } = desk;
  if (certificateUrl)
    return client.download(await account.get(signal), certificateUrl, signal, row.preferredRoot);
  throw new Fault('ca_wrong_answer', `the order is ${status} and has no certificate`);
}

interface Polling {
  readonly isDone: (seen: Order) => boolean;
  readonly pace: Pace;
  readonly retryAfter?: Seconds | undefined;
}

/**
 * Looks at the order alone: it leaves `pending` when all its authorizations are valid or one is not (RFC 8555
 * 7.1.6), so that a look costs one request, however many names it has.
 */
async function pollOrder(
  desk: Desk,
  { url }: CaOrder,
  { isDone, ...how }: Polling,
  signal: AbortSignal,
): Promise<Order | undefined> {
  const account = await desk.account.get(signal);
  const options = { ...how, clock: desk.clock, within: LOOKING };
  return poll(() => desk.client.order(account, url, signal), isDone, options, signal);
}

/** What `work` gives; the order as `invalid` when the CA does not know it any more. */
async function orGone(desk: Desk, order: CaOrder, work: () => Promise<CaOrder>): Promise<CaOrder> {
  try {
    return await work();
  } catch (error) {
    const problem = problemOf(error);
    if (problem?.status !== 404 || isProblem(problem, 'accountDoesNotExist')) throw error;
    const why = `${desk.row.name} no longer knows the order (${problem.detail}); a new order is made`;
    return { ...order, status: 'invalid', problem: why };
  }
}
