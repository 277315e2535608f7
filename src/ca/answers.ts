/** Our word to a CA that challenges can be validated (RFC 8555 7.5.1): once for each, whatever becomes of the answer. */
import { isProblem, problemOf } from '../acme/problem.ts';
import { Fault } from '../kit/fault.ts';
import type { Seconds } from '../kit/time.ts';
import type { AcmeDirectory } from './acme-directory.ts';
import type { CaAuthorization, CaOrder } from './ca.ts';
import { messageOf } from './messages.ts';
import { askAgain } from './order-state.ts';

/** An order of which the CA was told. */
interface Told {
  /** With an oddity, where the CA did not take all of it. */
  readonly order: CaOrder;
  /** How long the CA wants to be left alone. */
  readonly wish: Seconds | undefined;
}

/** Tells the CA of every pending authorization that it was not told of. What it took is kept, also where it did not take others. */
export async function tell(directory: AcmeDirectory, order: CaOrder, signal: AbortSignal): Promise<Told> {
  const open = order.authorizations.filter(({ status, isAnswered }) => status === 'pending' && !isAnswered);
  const all = await Promise.all(open.map((one) => answer(directory, order, one, signal)));
  const authorizations = order.authorizations.map((one) => {
    const told = all.find(({ url }) => url === one.url);
    return told && told.failure === undefined ? { ...one, isAnswered: true } : one;
  });
  const wish = Math.max(0, ...all.map(({ wait = 0 }) => wait)) || undefined;
  const { oddity: _oddity, ...rest } = order;
  const now = directory.clock.now();
  const told = { ...rest, authorizations, busySince: order.busySince ?? now };
  const why = all.find(({ failure }) => failure !== undefined)?.failure;
  if (why === undefined) return { order: told, wish };
  const oddity = { since: order.oddity?.since ?? now, why };
  return { order: { ...told, oddity, ...askAgain(directory, wish) }, wish };
}

interface Answered {
  readonly url: string;
  /** How long the CA wants to be left alone. */
  readonly wait?: Seconds | undefined;
  /** Why it did not take our word, in words for the subscriber. */
  readonly failure?: string;
}

/** A CA may refuse the answer to a challenge that was answered before, in whatever words: its authorization tells. */
async function answer(
  directory: AcmeDirectory,
  { method }: CaOrder,
  { url, name, challengeUrl }: CaAuthorization,
  signal: AbortSignal,
): Promise<Answered> {
  const account = await directory.account.get(signal);
  try {
    return { url, wait: await directory.client.answer(account, challengeUrl, signal) };
  } catch (error) {
    const problem = problemOf(error);
    if (!(error instanceof Fault) || (problem && isProblem(problem, 'accountDoesNotExist'))) throw error;
    if (error.fault !== 'ca_unreachable' && (await isTaken(directory, { url, challengeUrl }, signal)))
      return { url };
    const { name: ca } = directory.row;
    const failure = problem
      ? messageOf({ ca, step: 'validation', method }, [name], problem)
      : `${ca} for ${name}: ${error.message}; it is tried again`;
    return { url, failure, wait: error.retryAfter };
  }
}

/** Whether the CA has our word for a challenge, or is past wanting it. */
async function isTaken(
  directory: AcmeDirectory,
  { url, challengeUrl }: Pick<CaAuthorization, 'url' | 'challengeUrl'>,
  signal: AbortSignal,
): Promise<boolean> {
  const account = await directory.account.get(signal);
  try {
    const { status, challenges } = await directory.client.authorization(account, url, signal);
    return status !== 'pending' || challenges.find((one) => one.url === challengeUrl)?.status !== 'pending';
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Fault)) throw error;
    return false;
  }
}
