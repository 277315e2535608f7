/** The last step of an order: what is to be certified is sent, and the CA's answer waited for a while. */
import type { Account } from '../acme/account.ts';
import type { Order } from '../acme/acme.ts';
import { isProblem, isUnknownThere, problemOf } from '../acme/problem.ts';
import { Fault } from '../kit/fault.ts';
import type { Seconds } from '../kit/time.ts';
import type { AcmeDirectory } from './acme-directory.ts';
import type { CaOrder } from './ca.ts';
import { lookFor, orderNow, patiently } from './look-for.ts';
import { askAgain, doubtful, refreshed } from './order-state.ts';

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
  return refreshed(directory, order, await orderNow(directory, account, order, signal), signal);
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
