/** The steps of one order at a desk. Each asks the CA and gives the order as it then stands. */
import { type Account, dnsTxtValue } from '../acme/account.ts';
import type { Authorization, Order, Problem } from '../acme/acme.ts';
import { type Pace, poll } from '../acme/poll.ts';
import { isProblem, problemOf } from '../acme/problem.ts';
import { Fault } from '../kit/fault.ts';
import type { Seconds } from '../kit/time.ts';
import { challengeName } from '../pack/reply.ts';
import type { CaAuthorization, CaOrder, OrderAsk } from './ca.ts';
import type { Desk } from './desk.ts';
import { inWords } from './words.ts';

/** Longest time that one call looks at an order, by the desk's clock. */
const LOOKING: Seconds = 20;

/** New order with its authorizations. Throws `ca_wrong_answer` when it is for other names. */
export async function newOrder(desk: Desk, { names, notAfter }: OrderAsk, signal: AbortSignal): Promise<CaOrder> {
  const account = await desk.account.get(signal);
  const order = await desk.client.newOrder(account, { names, ...(notAfter && { notAfter }) }, signal);
  const got = order.identifiers.map(({ value }) => value);
  if (got.toSorted().join() !== names.toSorted().join()) {
    throw new Fault('ca_wrong_answer', `${desk.row.name} answered with an order for other names than asked for`);
  }
  const fetched = await getAll(desk, account, order.authorizations, signal);
  return toOrder(desk, order, fetched);
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
    const seen = await pollOrder(desk, order, { isDone: (now) => now !== 'pending', pace: desk.paces.validation }, signal);
    return seen ? refreshed(desk, order, seen, signal) : order;
  });
}

/** A CA refuses the answer to a challenge that was answered before; its authorization tells what came of it. */
async function answer(desk: Desk, account: Account, one: CaAuthorization, signal: AbortSignal): Promise<void> {
  try {
    await desk.client.answer(account, one.challengeUrl, signal);
  } catch (error) {
    const problem = problemOf(error);
    if (!problem || !isProblem(problem, 'malformed')) throw error;
  }
}

/** Finalizes the order unless it was before, then looks until it is final. */
export function finalize(desk: Desk, order: CaOrder, csr: Buffer, signal: AbortSignal): Promise<CaOrder> {
  return orGone(desk, order, async () => {
    const account = await desk.account.get(signal);
    const isBegun = order.status === 'processing' || order.status === 'valid';
    const first = isBegun ? undefined : await begin(desk, account, order, csr, signal);
    if (first && first.status !== 'processing') return refreshed(desk, order, first, signal);
    const isDone = (now: Order['status']) => now !== 'processing';
    const how = { isDone, pace: desk.paces.issuance, retryAfter: first?.retryAfter };
    const seen = await pollOrder(desk, order, how, signal);
    if (seen) return refreshed(desk, order, seen, signal);
    return { ...order, status: 'processing' };
  });
}
