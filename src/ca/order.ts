/** The steps of one order at a directory. Each asks the CA and gives the order as it then stands. */
import type { Order } from '../acme/acme.ts';
import { isProblem, problemOf } from '../acme/problem.ts';
import { Fault } from '../kit/fault.ts';
import type { AcmeDirectory } from './acme-directory.ts';
import { tell } from './answers.ts';
import { howOf, readAuthorizations } from './authorizations.ts';
import type { CaAuthorization, CaOrder, OrderAsk } from './ca.ts';
import { lookFor, orderNow, patiently } from './look-for.ts';
import { askAgain, lookedAt, refreshed, toCaOrder } from './order-state.ts';
import { place } from './place.ts';

/** New order with its authorizations. Throws `ca_wrong_answer` when it is for other names. */
export async function newOrder(
  directory: AcmeDirectory,
  { names, notAfter, replaces, valid = [], ...ask }: OrderAsk,
  signal: AbortSignal,
): Promise<CaOrder> {
  const account = await directory.account.get(signal);
  const { profile } = directory.row;
  const wanted = { names, ...(notAfter && { notAfter }), ...(profile !== undefined && { profile }) };
  const order = await place(directory, account, { wanted, replaces }, signal);
  checkNames(order, names);
  const known = usedAgain(order, valid);
  const how = howOf(ask);
  if (known) return toCaOrder(directory, order, { authorizations: known, ...how });
  // The order is there, whatever can be read of it yet: it is not lost, and made anew, for that.
  const read = await readAuthorizations(directory, how, order.authorizations, signal);
  const unread = read.failed.map(({ url }) => url);
  return toCaOrder(directory, order, { authorizations: read.known, unread, ...how });
}

/** A CA that leaves the names out, or writes them otherwise, has its certificate compared with them in the end. */
function checkNames({ identifiers }: Order, names: readonly string[]): void {
  const got = new Set(identifiers.map(({ value }) => value));
  if (got.size === 0 || [...got].toSorted().join() === names.toSorted().join()) return;
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
    return refreshed(directory, whole, await orderNow(directory, account, order, signal), signal);
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
    // Nobody reads a mail and answers it while we look.
    const isDone = order.method === 'email' ? isSeen : isDecided;
    const how = { isDone, pace: directory.paces.validation, retryAfter: told.wish };
    const seen = await lookFor(directory, account, { order, ...how }, signal);
    const asked = { ...told.order, ...askAgain(directory, told.wish) };
    return seen ? refreshed(directory, asked, seen, signal) : asked;
  });
}

const isSeen = (): boolean => true;
const isDecided = ({ status }: Order): boolean => status !== 'pending' && status !== 'unknown';

/** The order with the authorizations that could not be read before. */
async function completed(directory: AcmeDirectory, order: CaOrder, signal: AbortSignal): Promise<CaOrder> {
  const { unread = [], ...rest } = order;
  if (unread.length === 0) return order;
  const { known, failed } = await readAuthorizations(directory, order, unread, signal);
  if (failed.length > 0) throw failed[0]?.error;
  return { ...rest, authorizations: [...order.authorizations, ...known] };
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
