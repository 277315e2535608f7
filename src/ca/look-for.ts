/** How an order is looked at: for a while, and with patience for servers of a CA that are behind. */
import type { Account } from '../acme/account.ts';
import type { Order } from '../acme/acme.ts';
import { type Pace, poll } from '../acme/poll.ts';
import { errorStatusOf, isProblem, isUnknownThere, problemName, problemOf } from '../acme/problem.ts';
import { Fault } from '../kit/fault.ts';
import type { Seconds } from '../kit/time.ts';
import type { AcmeDirectory } from './acme-directory.ts';
import type { CaOrder } from './ca.ts';
import { doubtful } from './order-state.ts';

/** How long one call looks at an order that the CA was just told of, by the directory's clock; whoever comes later looks once. */
const LOOKING: Seconds = 12;

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
export function lookFor(
  directory: AcmeDirectory,
  account: Account,
  { order, isDone, ...how }: Looking,
  signal: AbortSignal,
): Promise<Order | undefined> {
  const options = { ...how, clock: directory.clock, within: LOOKING };
  return poll(() => orderNow(directory, account, order, signal), isDone, options, signal);
}

/** The order as it stands. A refusal to show it throws `Denied`, in whatever words: it was made, and to read it is to ask nothing. */
export async function orderNow(
  { client }: AcmeDirectory,
  account: Account,
  { url }: Pick<CaOrder, 'url'>,
  signal: AbortSignal,
): Promise<Order> {
  try {
    return await client.order(account, url, signal);
  } catch (error) {
    const problem = problemOf(error);
    const isSaid = problem && problem.status !== undefined && problem.status < 500 && problem.status !== 429;
    if (!(error instanceof Fault) || !isSaid || PASSING.some((name) => isProblem(problem, name))) throw error;
    throw new Denied(error);
  }
}

/** Refusals that are not about what was asked for. */
const PASSING = ['accountDoesNotExist', 'badNonce', 'rateLimited', 'serverInternal'];

/** A CA does not show an order that it made. */
class Denied extends Fault {
  constructor(cause: Fault) {
    super(cause.fault, cause.message, { cause, retryAfter: cause.retryAfter });
  }
}

/** What `work` gives; the order as it was, for a while, where the CA says that there is none or that it is another's. */
export async function patiently(
  directory: AcmeDirectory,
  order: CaOrder,
  work: () => Promise<CaOrder>,
): Promise<CaOrder> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Fault) || !(error instanceof Denied || isDenied(error))) throw error;
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
