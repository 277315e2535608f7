/** The steps of one order at a directory. Each asks the CA and gives the order as it then stands. */
import type { Account } from '../acme/account.ts';
import type { Order } from '../acme/acme.ts';
import { type Pace, poll } from '../acme/poll.ts';
import { isProblem, problemOf } from '../acme/problem.ts';
import { Fault } from '../kit/fault.ts';
import type { Seconds } from '../kit/time.ts';
import type { AcmeDirectory } from './acme-directory.ts';
import type { CaAuthorization, CaOrder, OrderAsk } from './ca.ts';
import { getAuthorizations, lookedAt, refreshed, toCaOrder } from './order-state.ts';
import { placeInstead } from './renewal.ts';

/** Longest time that one call looks at an order, by the directory's clock. */
const LOOKING: Seconds = 20;

/** New order with its authorizations. Throws `ca_wrong_answer` when it is for other names. */
export async function newOrder(
  directory: AcmeDirectory,
  { names, notAfter, method, replaces, valid = [] }: OrderAsk,
  signal: AbortSignal,
): Promise<CaOrder> {
  const account = await directory.account.get(signal);
  const { profile } = directory.row;
  const wanted = { names, ...(notAfter && { notAfter }), ...(profile !== undefined && { profile }) };
  const order = await placeInstead(directory, account, { wanted, replaces }, signal);
  const got = order.identifiers.map(({ value }) => value);
  if (got.toSorted().join() !== names.toSorted().join()) {
    throw new Fault('ca_wrong_answer', 'the order is for other names than asked for');
  }
  const authorizations =
    usedAgain(order, valid) ?? (await getAuthorizations(directory, method, order.authorizations, signal));
  return toCaOrder(directory, order, { authorizations, method });
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
export function look(directory: AcmeDirectory, order: CaOrder, signal: AbortSignal): Promise<CaOrder> {
  return orGone(directory, order, async () => {
    const account = await directory.account.get(signal);
    return refreshed(directory, order, await directory.client.order(account, order.url, signal), signal);
  });
}

/** Answers the pending challenges, then looks until the order is no longer pending. All that is to be shown was seen by us. */
export function validate(directory: AcmeDirectory, asked: CaOrder, signal: AbortSignal): Promise<CaOrder> {
  const order = lookedAt(asked);
  return orGone(directory, order, async () => {
    const account = await directory.account.get(signal);
    const pending = order.authorizations.filter(({ status }) => status === 'pending');
    const answers = await Promise.allSettled(pending.map((one) => answer(directory, account, one, signal)));
    for (const one of answers) if (one.status === 'rejected') throw one.reason;
    const how = { isDone: isDecided, pace: directory.paces.validation };
    const seen = await pollOrder(directory, order, how, signal);
    return seen ? refreshed(directory, order, seen, signal) : order;
  });
}

const isDecided = ({ status }: Order): boolean => status !== 'pending';

/** A CA refuses the answer to a challenge that was answered before; its authorization tells what came of it. */
async function answer(
  directory: AcmeDirectory,
  account: Account,
  one: CaAuthorization,
  signal: AbortSignal,
): Promise<void> {
  try {
    await directory.client.answer(account, one.challengeUrl, signal);
  } catch (error) {
    const problem = problemOf(error);
    if (!problem || !isProblem(problem, 'malformed')) throw error;
  }
}

/** Finalizes the order unless it was before, then looks until it is valid or invalid. */
export function finalize(
  directory: AcmeDirectory,
  order: CaOrder,
  csr: Buffer,
  signal: AbortSignal,
): Promise<CaOrder> {
  return orGone(directory, order, async () => {
    if (order.status === 'valid' && order.certificateUrl) return order;
    const account = await directory.account.get(signal);
    const isBegun = order.status === 'processing' || order.status === 'valid';
    const first = isBegun ? undefined : await begin(directory, account, { order, csr }, signal);
    if (first && first.status !== 'processing') return refreshed(directory, order, first, signal);
    const how = { isDone: isFinal, pace: directory.paces.issuance, retryAfter: first?.retryAfter };
    const seen = await pollOrder(directory, order, how, signal);
    return seen ? refreshed(directory, order, seen, signal) : { ...order, status: 'processing' };
  });
}

const isFinal = ({ status }: Order): boolean => status === 'valid' || status === 'invalid';

interface Request {
  readonly order: CaOrder;
  readonly csr: Buffer;
}

/** Finalizes. The order as it stands, `processing` from when the CA took the request. */
async function begin(
  directory: AcmeDirectory,
  account: Account,
  { order, csr }: Request,
  signal: AbortSignal,
): Promise<Order> {
  try {
    const asked = { url: order.url, finalize: order.finalizeUrl };
    const taken = await directory.client.finalize(account, asked, csr, signal);
    return taken.status === 'ready' ? { ...taken, status: 'processing' } : taken;
  } catch (error) {
    // A call that did not live to see the answer may have finalized the order before.
    const problem = problemOf(error);
    if (!problem || !isProblem(problem, 'orderNotReady')) throw error;
    return directory.client.order(account, order.url, signal);
  }
}

/** The certificate chain of a valid order. */
export async function download(
  directory: AcmeDirectory,
  order: CaOrder,
  signal: AbortSignal,
): Promise<string> {
  const { certificateUrl, status } = order.certificateUrl ? order : await look(directory, order, signal);
  const { client, account, row } = directory;
  if (certificateUrl)
    return client.download(await account.get(signal), certificateUrl, signal, row.preferredRoot);
  throw new Fault('ca_wrong_answer', `the order is ${status} and has no certificate`);
}

/** Gives an authorization up. False where the CA holds on to it, or does not know how to let go. */
export async function deactivate(
  { client, account }: AcmeDirectory,
  url: string,
  signal: AbortSignal,
): Promise<boolean> {
  const own = await account.get(signal);
  const { status } = await client.deactivate(own, url, signal).catch(async (error: unknown) => {
    const problem = problemOf(error);
    if (problem === undefined || isProblem(problem, 'accountDoesNotExist')) throw error;
    // It is over already, unknown by now, or cannot be given up: what it is says which.
    return problem.status === 404 ? GONE : client.authorization(own, url, signal);
  });
  return status !== 'pending' && status !== 'valid';
}

const GONE = { status: 'expired' } as const;

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
  directory: AcmeDirectory,
  { url }: CaOrder,
  { isDone, ...how }: Polling,
  signal: AbortSignal,
): Promise<Order | undefined> {
  const account = await directory.account.get(signal);
  const options = { ...how, clock: directory.clock, within: LOOKING };
  return poll(() => directory.client.order(account, url, signal), isDone, options, signal);
}

/** What `work` gives; the order as `invalid` when the CA does not know it any more. */
async function orGone(
  directory: AcmeDirectory,
  order: CaOrder,
  work: () => Promise<CaOrder>,
): Promise<CaOrder> {
  try {
    return await work();
  } catch (error) {
    const problem = problemOf(error);
    if (problem?.status !== 404 || isProblem(problem, 'accountDoesNotExist')) throw error;
    const why = `${directory.row.name} no longer knows the order (${problem.detail}); a new order is made`;
    return { ...order, status: 'invalid', problem: why };
  }
}
