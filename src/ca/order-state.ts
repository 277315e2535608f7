/** Where an order stands, from what the CA showed. */
import type { Order, Problem } from '../acme/acme.ts';
import { LONGEST_PAUSE } from '../acme/pauses.ts';
import { after, between, type Seconds } from '../kit/time.ts';
import type { AcmeDirectory } from './acme-directory.ts';
import { howOf, readAuthorizations } from './authorizations.ts';
import type { CaAuthorization, CaOrder } from './ca.ts';
import { messageOf } from './messages.ts';
import { PATIENCE } from './patience.ts';

/** Most authorizations that are looked at again in one go, besides the first time. */
const MOST_AGAIN = 3;

/** The order as just seen, with its authorizations; those that were pending are asked for where it is not clear. */
export async function refreshed(
  directory: AcmeDirectory,
  was: CaOrder,
  now: Order,
  signal: AbortSignal,
): Promise<CaOrder> {
  if (now.status === 'unknown') {
    const what = `calls the order for ${was.authorizations[0]?.name ?? 'these hosts'} something that RFC 8555 does not know`;
    const kept = toCaOrder(directory, { ...now, status: was.status }, was);
    return odd(directory, { ...kept, ...oddityOf(was) }, what);
  }
  if (now.status !== 'pending' && now.status !== 'invalid') {
    const valid = was.authorizations.map((one) => (isOpen(one) ? { ...one, status: 'valid' as const } : one));
    return toCaOrder(directory, now, { ...was, authorizations: valid });
  }
  const early = now.status === 'pending' ? unlisted(directory, was, now) : unexplained(directory, was, now);
  if (early) return early;
  const { authorizations, wish = 0 } = await seenAgain(directory, was, now.status === 'invalid', signal);
  const retryAfter = Math.max(now.retryAfter ?? 0, wish);
  return toCaOrder(directory, { ...now, retryAfter }, { ...was, authorizations });
}

/** Authorizations that the CA lists by now, and that are not known. */
const unknownIn = ({ authorizations }: Order, { authorizations: known, unread = [] }: CaOrder): string[] =>
  authorizations.filter((url) => !unread.includes(url) && !known.some((one) => one.url === url));

/** An order that waits for what is not known yet: the CA lists it late. */
function unlisted(directory: AcmeDirectory, was: CaOrder, now: Order): CaOrder | undefined {
  const unread = [...(was.unread ?? []), ...unknownIn(now, was)];
  if (unread.length > 0) return toCaOrder(directory, now, { ...was, unread });
  if (was.authorizations.length > 0) return undefined;
  const kept = { ...toCaOrder(directory, now, was), ...oddityOf(was) };
  return doubtful(directory, kept, 'lists nothing to show for the order');
}

/** How long an end of an order is asked for again of which the CA does not say why: it may be issuing all the same. */
const UNEXPLAINED: Seconds = 60;

/** An order that was being issued and is `invalid`, without a reason, of late. */
function unexplained(directory: AcmeDirectory, was: CaOrder, { error }: Order): CaOrder | undefined {
  const now = directory.clock.now();
  const { status, oddity } = was;
  if (status !== 'processing' || error || between(oddity?.since ?? now, now) >= UNEXPLAINED) return undefined;
  return odd(directory, was, 'calls the order invalid and says nothing of why');
}

/** Whether the CA waits for control to be shown. */
const isOpen = ({ status, isHeldValid }: CaAuthorization): boolean => status === 'pending' && !isHeldValid;

/** Whether the CA has it: what it wants nothing to be shown for, we look at all the same. */
const isAtCa = (url: string): boolean => /^https?:/.test(url);

/** The order after our own look at what the CA holds valid already. */
export const lookedAt = (order: CaOrder): CaOrder => ({
  ...order,
  authorizations: order.authorizations.map(({ isHeldValid, ...one }) =>
    isHeldValid ? { ...one, status: 'valid' } : one,
  ),
});

/** The authorizations of an order, some of those that are pending as they now stand. Of an order that is over, what can be had. */
async function seenAgain(
  directory: AcmeDirectory,
  was: CaOrder,
  isOver: boolean,
  signal: AbortSignal,
): Promise<Pick<CaOrder, 'authorizations'> & { readonly wish: Seconds | undefined }> {
  const { authorizations } = was;
  const pending = authorizations.filter(isOpen).map(({ url }) => url);
  const some = pending.toSorted(() => Math.random() - 0.5).slice(0, MOST_AGAIN);
  // Where none should be: the CA wants one of them shown again.
  const all = authorizations.map(({ url }) => url).filter(isAtCa);
  const open = isOver ? pending : pending.length > 0 ? some : all;
  const { known, failed, wish } = await readAuthorizations(directory, was, open, signal);
  if (failed.length > 0 && !isOver) throw failed[0]?.error;
  const current = authorizations.map((one) => {
    const seen = known.find(({ url }) => url === one.url);
    if (one.isHeldValid && seen?.status === 'valid') return one;
    // One that looked in vain and waits to be told again says so by an error beside `pending` (RFC 8555 8.2).
    const isToldAgain = seen?.problem !== undefined && !seen.isAnswered;
    return seen ? { ...seen, ...(one.isAnswered && !isToldAgain && { isAnswered: true }) } : one;
  });
  return { authorizations: current, wish };
}

/** What is known of an order beside what the CA just showed. */
type Known = Pick<CaOrder, 'authorizations' | 'method'> &
  Partial<Pick<CaOrder, 'ownNames' | 'unread' | 'finalizeUrl' | 'certificateUrl' | 'busySince' | 'doubts'>>;

/** The order with its authorizations; `invalid` as soon as one of them failed, whatever the CA says yet. */
export function toCaOrder(directory: AcmeDirectory, order: Order, known: Known): CaOrder {
  const { authorizations, unread = [] } = known;
  const status = statusOf(order, known);
  const isBusy = status === 'processing' || (status === 'pending' && known.busySince !== undefined);
  return {
    url: order.url,
    status,
    ...placesOf(order, known),
    ...expiryOf(directory, order),
    authorizations,
    ...(unread.length > 0 && { unread }),
    ...(isBusy && { busySince: known.busySince ?? directory.clock.now() }),
    ...askAgain(directory, isBusy ? order.retryAfter : undefined),
    ...(known.doubts && { doubts: known.doubts }),
    ...howOf(known),
    ...(status === 'invalid' && { problem: whyInvalid(directory.row.name, order.error, known) }),
    ...placeAt(directory),
  };
}

const placeAt = ({
  isRsaDirectory,
  tenant,
}: AcmeDirectory): Pick<CaOrder, 'isAtRsaDirectory' | 'tenant'> => ({
  ...(isRsaDirectory && { isAtRsaDirectory: true }),
  ...(tenant !== undefined && { tenant }),
});

function placesOf(order: Order, known: Known): Pick<CaOrder, 'finalizeUrl' | 'certificateUrl'> {
  const certificateUrl = order.certificate ?? known.certificateUrl;
  const finalizeUrl = order.finalize ?? known.finalizeUrl ?? '';
  return { finalizeUrl, ...(certificateUrl !== undefined && { certificateUrl }) };
}

/** What the CA has just shown it does not take for over, whatever its clock says. */
const expiryOf = ({ clock }: AcmeDirectory, { expires }: Order): Pick<CaOrder, 'expiresAt'> =>
  expires && expires > clock.now() ? { expiresAt: expires } : {};

function statusOf({ status, certificate }: Order, known: Known): CaOrder['status'] {
  // It is issued, and soon it will be told where.
  if (status === 'valid' && (certificate ?? known.certificateUrl) === undefined) return 'processing';
  // Ready is what we have looked at too, and for that have read.
  if (status === 'ready') return isUnseen(known) ? 'pending' : 'ready';
  return status === 'pending' || status === 'unknown' ? openStatusOf(known) : status;
}

const isUnseen = ({ authorizations, unread = [] }: Known): boolean =>
  unread.length > 0 || authorizations.some(({ isHeldValid }) => isHeldValid);

/** The order follows its authorizations (RFC 8555 7.1.6), at once or a little later. */
function openStatusOf({ authorizations, unread = [] }: Known): CaOrder['status'] {
  if (authorizations.some(({ status }) => status !== 'pending' && status !== 'valid')) return 'invalid';
  const isShown = unread.length === 0 && authorizations.every(({ status }) => status === 'valid');
  return isShown && authorizations.length > 0 ? 'ready' : 'pending';
}

/** When the CA is asked again that wants that; nothing where it does not say. */
export const askAgain = ({ clock }: AcmeDirectory, wish: Seconds | undefined): Pick<CaOrder, 'askAgainAt'> =>
  wish === undefined || wish <= 0 ? {} : { askAgainAt: after(clock.now(), Math.min(wish, LONGEST_PAUSE)) };

/** Why an order is invalid: what the CA said of single hosts tells more than what it says of the order. */
function whyInvalid(ca: string, error: Problem | undefined, { authorizations, method }: Known): string {
  const problems = authorizations.flatMap(({ problem }) => problem ?? []);
  if (problems.length > 0) return problems.slice(0, 5).join('. ');
  const names = authorizations.map(({ name }) => name);
  const step = authorizations.every(({ status }) => status === 'valid') ? 'issuance' : 'validation';
  if (error) return messageOf({ ca, step, method }, names, error);
  return `${ca} ended the order without a reason; a new order is made`;
}

const oddityOf = ({ oddity }: CaOrder): Pick<CaOrder, 'oddity'> => (oddity ? { oddity } : {});

/** An order of which the CA says something odd: as it was, to be asked for again. `what` in words behind the name of the CA. */
function odd({ row, clock }: AcmeDirectory, order: CaOrder, what: string): CaOrder {
  const { since } = order.oddity ?? { since: clock.now() };
  return { ...order, oddity: { since, why: `${row.name} ${what}; it is asked again` } };
}

/** The same for an order that the CA denies: once it did so for a while, the order is `invalid`. */
export function doubtful(directory: AcmeDirectory, order: CaOrder, what: string): CaOrder {
  const { since } = order.oddity ?? {};
  if (!since || between(since, directory.clock.now()) < PATIENCE) return odd(directory, order, what);
  const { oddity: _oddity, ...rest } = order;
  const problem = `${directory.row.name} ${what}; a new order is made`;
  return { ...rest, status: 'invalid', isLost: true, problem };
}
