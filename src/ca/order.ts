/** The steps of one order at a directory. Each asks the CA and gives the order as it then stands. */
import type { Account } from '../acme/account.ts';
import type { Order } from '../acme/acme.ts';
import { type Pace, poll } from '../acme/poll.ts';
import { errorStatusOf, isProblem, isUnknownThere, problemName, problemOf } from '../acme/problem.ts';
import { Fault } from '../kit/fault.ts';
import type { Seconds } from '../kit/time.ts';
import type { AcmeDirectory } from './acme-directory.ts';
import { tell } from './answers.ts';
import { readAuthorizations } from './authorizations.ts';
import type { CaAuthorization, CaOrder, OrderAsk } from './ca.ts';
import { askAgain, doubtful, lookedAt, refreshed, toCaOrder } from './order-state.ts';
import { place } from './place.ts';

/** How long one call looks at an order that the CA was just told of, by the directory's clock; whoever comes later looks once. */
const LOOKING: Seconds = 12;

/** New order with its authorizations. Throws `ca_wrong_answer` when it is for other names. */
export async function newOrder(
  directory: AcmeDirectory,
  { names, notAfter, method, replaces, valid = [] }: OrderAsk,
  signal: AbortSignal,
): Promise<CaOrder> {
  const account = await directory.account.get(signal);
  const { profile } = directory.row;
  const wanted = { names, ...(notAfter && { notAfter }), ...(profile !== undefined && { profile }) };
  const order = await place(directory, account, { wanted, replaces }, signal);
  checkNames(order, names);
  const known = usedAgain(order, valid);
  if (known) return toCaOrder(directory, order, { authorizations: known, method });
  // The order is there, whatever can be read of it yet: it is not lost, and made anew, for that.
  const read = await readAuthorizations(directory, method, order.authorizations, signal);
  const unread = read.failed.map(({ url }) => url);
  return toCaOrder(directory, order, { authorizations: read.known, unread, method });
}

/** A CA that leaves the names out, or writes them otherwise, has its certificate compared with them in the end. */
function checkNames({ identifiers }: Order, names: readonly string[]): void {
  const got = identifiers.map(({ value }) => value);
  if (got.length === 0 || got.toSorted().join() === names.toSorted().join()) return;
  throw new Fault('ca_wrong_answer', 'the order is for other names than asked for');
}

/** The authorizations of an order that is ready from the start, where all are known. */
function usedAgain(
  { status, authorizations }: Order,
  valid: readonly CaAuthorization[],
): CaAuthorization[] | undefined {
  const known = authorizations.flatMap((url) => valid.find((one) => one.url === url) ?? []);
  return status === 'ready' && known.length === authorizations.length ? known : undefined;
}

/** The order as it stands. One that the CA does not know is asked for again for a while, then `invalid`. */
export function look(directory: AcmeDirectory, order: CaOrder, signal: AbortSignal): Promise<CaOrder> {
  return patiently(directory, order, async () => {
    const account = await directory.account.get(signal);
    const whole = await completed(directory, order, signal);
    return refreshed(directory, whole, await directory.client.order(account, order.url, signal), signal);
  });
}

/**
 * Answers the pending challenges that were not, then looks whether the order is still pending. All that is to be shown was seen
 * by us.
 */
export function validate(directory: AcmeDirectory, given: CaOrder, signal: AbortSignal): Promise<CaOrder> {
  const order = lookedAt(given);
  return patiently(directory, order, async () => {
    const account = await directory.account.get(signal);
    const whole = await completed(directory, order, signal);
    const told = await tell(directory, whole, signal);
    if (told.order.oddity) return told.order;
    const how = { isDone: isDecided, pace: directory.paces.validation, retryAfter: told.wish };
    const seen = await lookFor(directory, account, { order, ...how }, signal);
    const asked = { ...told.order, ...askAgain(directory, told.wish) };
    return seen ? refreshed(directory, asked, seen, signal) : asked;
  });
}

const isDecided = ({ status }: Order): boolean => status !== 'pending' && status !== 'unknown';

/** The order with the authorizations that could not be read before. */
async function completed(directory: AcmeDirectory, order: CaOrder, signal: AbortSignal): Promise<CaOrder> {
  const { unread = [], ...rest } = order;
  if (unread.length === 0) return order;
  const { known, failed } = await readAuthorizations(directory, order.method, unread, signal);
  if (failed.length > 0) throw failed[0]?.error;
  return { ...rest, authorizations: [...order.authorizations, ...known] };
}

/** How soon after it was finalized an order that still calls itself ready may be behind. */
const BEHIND: Seconds = 60;

/** Finalizes the order unless it was before, then looks whether it is valid or invalid. */
export function finalize(
  directory: AcmeDirectory,
  order: CaOrder,
  csr: Buffer,
  signal: AbortSignal,
): Promise<CaOrder> {
  return patiently(directory, order, async () => {
    if (order.status === 'valid' && order.certificateUrl !== undefined) return order;
    const account = await directory.account.get(signal);
    const isBegun = order.status === 'processing' || order.status === 'valid';
    const known = isBegun ? await seenOnce(directory, account, order, signal) : order;
    if (known.status !== 'ready') return known;
    const { busySince } = order;
    if (isBegun && busySince && directory.clock.now().getTime() - busySince.getTime() < BEHIND * 1_000)
      return { ...known, status: 'processing', busySince };
    return finalizeNow(directory, account, { order: known, csr }, signal);
  });
}

async function seenOnce(
  directory: AcmeDirectory,
  account: Account,
  order: CaOrder,
  signal: AbortSignal,
): Promise<CaOrder> {
  return refreshed(directory, order, await directory.client.order(account, order.url, signal), signal);
}

interface Request {
  readonly order: CaOrder;
  readonly csr: Buffer;
}

async function finalizeNow(
  directory: AcmeDirectory,
  account: Account,
  { order, csr }: Request,
  signal: AbortSignal,
): Promise<CaOrder> {
  const taken = await begin(directory, account, { order, csr }, signal);
  if (taken instanceof Refused) return taken.order;
  if (isFinal(taken)) return refreshed(directory, order, taken, signal);
  // It is taken, whatever the CA calls it yet.
  const { retryAfter } = taken;
  const wish = askAgain(directory, retryAfter);
  const busy = { ...order, status: 'processing', busySince: directory.clock.now(), ...wish } as const;
  return patiently(directory, busy, async () => {
    const how = { order, isDone: isFinal, pace: directory.paces.issuance, retryAfter };
    const seen = await lookFor(directory, account, how, signal);
    const now = seen && (await refreshed(directory, busy, seen, signal));
    return now && now.status !== 'ready' ? now : { ...busy, ...askAgain(directory, seen?.retryAfter) };
  });
}

/** Whether nothing more is to be waited for: a valid order says where its certificate is. */
const isFinal = ({ status, certificate }: Order): boolean =>
  status === 'invalid' || (status === 'valid' && certificate !== undefined);

/** An order that was not finalized, as it stands. */
class Refused {
  readonly order: CaOrder;
  constructor(order: CaOrder) {
    this.order = order;
  }
}

/**
 * Finalizes. Where the CA refuses, in whatever words, the order says what became of it: an earlier call may have finalized it
 * and not lived to see the answer. Throws the refusal of an order that is ready all the same.
 */
async function begin(
  directory: AcmeDirectory,
  account: Account,
  { order, csr }: Request,
  signal: AbortSignal,
): Promise<Order | Refused> {
  try {
    const asked = { url: order.url, finalize: order.finalizeUrl || undefined };
    return await directory.client.finalize(account, asked, csr, signal);
  } catch (error) {
    // Where nothing was answered, whoever comes next looks at the order first.
    if (!(error instanceof Fault) || error.fault === 'ca_unreachable') throw error;
    const seen = await seenOnce(directory, account, order, signal);
    if (seen.status !== 'ready') return new Refused(seen);
    if (!isBehind(error)) throw error;
    const behind = { ...seen, ...(order.oddity && { oddity: order.oddity }) };
    return new Refused(doubtful(directory, behind, `does not take the order as ready (${error.message})`));
  }
}

/** Whether a refusal is that of a server that has not heard yet how far the order is. */
function isBehind(error: unknown): boolean {
  const problem = problemOf(error);
  return isUnknownThere(error) || (problem !== undefined && isProblem(problem, 'orderNotReady'));
}

/** The certificate chain of a valid order. */
export async function download(
  directory: AcmeDirectory,
  order: CaOrder,
  signal: AbortSignal,
): Promise<string> {
  const { certificateUrl, status } =
    order.certificateUrl === undefined ? await look(directory, order, signal) : order;
  const { client, account, row } = directory;
  if (certificateUrl !== undefined)
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

interface Looking {
  readonly order: CaOrder;
  readonly isDone: (seen: Order) => boolean;
  readonly pace: Pace;
  readonly retryAfter?: Seconds | undefined;
}

/**
 * Looks at the order alone: it leaves `pending` when all its authorizations are valid or one is not (RFC 8555
 * 7.1.6), so that a look costs one request, however many names it has.
 */
function lookFor(
  { client, clock }: AcmeDirectory,
  account: Account,
  { order, isDone, ...how }: Looking,
  signal: AbortSignal,
): Promise<Order | undefined> {
  const options = { ...how, clock, within: LOOKING };
  return poll(() => client.order(account, order.url, signal), isDone, options, signal);
}

/** What `work` gives; the order as it was, for a while, where the CA says that there is none or that it is another's. */
async function patiently(
  directory: AcmeDirectory,
  order: CaOrder,
  work: () => Promise<CaOrder>,
): Promise<CaOrder> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Fault) || !isDenied(error)) throw error;
    return doubtful(directory, order, `no longer knows the order (${error.message})`);
  }
}

/** Whether a CA says that there is no such thing, or that it is none of ours. */
function isDenied(error: unknown): boolean {
  const problem = problemOf(error);
  if (problem && isProblem(problem, 'accountDoesNotExist')) return false;
  if (isUnknownThere(error) || (problem && isProblem(problem, 'unauthorized'))) return true;
  const isNameless = problem === undefined || problemName(problem) === '';
  return isNameless && [401, 403].includes(errorStatusOf(error) ?? 0);
}
