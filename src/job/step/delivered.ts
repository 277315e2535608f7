/** What a CA delivered for an order: taken where it is good; else asked for again, and given up within bounds. */
import type { CaOrder } from '../../ca/ca.ts';
import { publicKeyIn } from '../../ca/csr.ts';
import { examine } from '../../ca/delivery.ts';
import { listHosts } from '../../ca/messages.ts';
import { PATIENCE } from '../../ca/patience.ts';
import { answeredStatus } from '../../ca/refusals.ts';
import { storedKey } from '../../key/key.ts';
import { Fault } from '../../kit/fault.ts';
import { newUuid } from '../../kit/id.ts';
import { after, between, days, hours } from '../../kit/time.ts';
import { giveUpOrder } from '../../operation/give-up-order.ts';
import type { OrderedWork } from '../../operation/load-orders.ts';
import { certificateNames } from '../../pack/branding.ts';
import type { Certificate } from '../../pack/pack.ts';
import { BOUNDS_IN_WORDS } from '../../pack/reorder-bound.ts';
import type { JobDeps } from '../job.ts';
import { caOf, type RequestedOrder } from './acme-orders.ts';
import { reservedUntil } from './ca-limits.ts';

/** A certificate that the CA issued, with what serves it; its order is not stored yet as it stands. */
export interface Issued {
  readonly kind: 'issued';
  readonly stored: RequestedOrder;
  readonly certificate: Certificate;
  readonly chain: string;
}

/** An order that is to be asked for again later. */
export interface Waiting {
  readonly kind: 'waiting';
  readonly stored: RequestedOrder;
  /** When another may be ordered in place of this one, where it waits for that. */
  readonly until?: Date;
}

/** Downloads and examines the certificate of a valid order. Throws where the CA could not be asked. */
export async function collect(
  deps: JobDeps,
  work: OrderedWork,
  stored: RequestedOrder,
  signal: AbortSignal,
): Promise<Issued | Waiting> {
  const { pack } = work;
  const { algorithm, request, order } = stored;
  const ca = caOf(deps, work);
  const pem = await ca.download(order, signal).catch((error: unknown) => undelivered(error));
  const now = deps.clock.now();
  if (pem instanceof Fault) return asOdd(deps, work, stored, `cannot be had (${plain(pem.message)})`);
  const held = storedKey(
    deps,
    { pack, algorithm, publicKey: () => publicKeyIn(request.csr) },
    request.sealedKey,
  );
  const key = 'sign' in held ? held.publicKey : held;
  const ask = { key, names: certificateNames(pack), isPublic: ca.row.isPublic };
  const delivery = examine(pem, ask, now);
  if (delivery.kind === 'good') {
    const certificate = { ...delivery.leaf, id: newUuid(), uploadedOn: now, modifiedOn: now };
    return { kind: 'issued', stored, certificate, chain: delivery.chain };
  }
  if (delivery.kind === 'early')
    return { kind: 'waiting', stored: { ...stored, order: early(order, delivery.from, now) } };
  return delivery.isOurs
    ? giveUp(deps, work, stored, `${CERTIFICATE} ${delivery.why}`)
    : asOdd(deps, work, stored, delivery.why);
}

/** The Fault of a download of which the CA says that there is nothing, or that is of no use; any other is thrown. */
function undelivered(error: unknown): Fault {
  if (!(error instanceof Fault) || error.fault === 'ca_unreachable' || error.retryAfter !== undefined)
    throw error;
  const status = answeredStatus(error);
  if (status !== undefined && (status >= 500 || status === 429)) throw error;
  return error;
}

const plain = (message: string): string => message.replace(/; it is (?:tried|asked for) again.*$/, '');

function early(order: CaOrder, from: Date, now: Date): CaOrder {
  const why = `the certificate begins at ${from.toISOString()} by the clock of the CA; it is waited for`;
  return { ...order, askAgainAt: from, oddity: { since: order.oddity?.since ?? now, why } };
}

/** Another delivery of the same certificate may be right: it is asked for again for a while, and given up then. */
async function asOdd(
  deps: JobDeps,
  work: OrderedWork,
  stored: RequestedOrder,
  why: string,
): Promise<Waiting> {
  const { oddity } = stored.order;
  const now = deps.clock.now();
  const since = oddity?.since ?? now;
  if (between(since, now) >= PATIENCE) return giveUp(deps, work, stored, `${CERTIFICATE} ${why}`);
  const told = `${about(work)} ${CERTIFICATE} ${why}; it is not used, and asked for again`;
  return { kind: 'waiting', stored: { ...stored, order: { ...stored.order, oddity: { since, why: told } } } };
}

const CERTIFICATE = 'the certificate that the CA delivered';

const about = ({ pack: { hosts } }: OrderedWork): string => `${listHosts(hosts)}:`;

/** How often what was given up in vain is looked at again: it may be of use by then. */
const LOOK_AGAIN = hours(1);

/**
 * Gives up an order of which a certificate came, or may have come, that is of no use, and why: the next step makes another, and
 * this throws in these words. Where that would be too many, the order stays, and is asked for again later.
 */
export async function giveUp(
  deps: JobDeps,
  work: OrderedWork,
  stored: RequestedOrder,
  why: string,
): Promise<Waiting> {
  const { algorithm, order } = stored;
  const { pack } = work;
  const now = deps.clock.now();
  const ca = caOf(deps, work);
  const until = (await reservedUntil(deps, pack, ca)) ?? (await giveUpOrder(deps, work, { algorithm, why }));
  const clause = why.replace(/; a new order is made$/, '');
  const what = `${about(work)} ${clause}; it is not used, and ordered anew`;
  const facts = { pack: pack.id, ca: ca.row.name, algorithm, order: order.url, why };
  if (until === undefined) {
    deps.log.warn(facts, 'a certificate of no use: another is ordered');
    throw new Fault('ca_wrong_answer', `${what}: ${BOUNDS_IN_WORDS}`);
  }
  if (!order.oddity?.why.includes(BOUNDS_IN_WORDS))
    deps.log.warn({ ...facts, until }, 'a certificate of no use: another is not ordered yet');
  const told = `${what} not before ${until.toISOString().slice(0, 16).replace('T', ' ')} UTC: ${BOUNDS_IN_WORDS}`;
  const again = after(now, Math.min(between(now, until), LOOK_AGAIN));
  const oddity = { since: order.oddity?.since ?? now, why: told };
  return { kind: 'waiting', stored: { ...stored, order: { ...order, askAgainAt: again, oddity } }, until };
}

/** How long a CA may be issuing before its order is taken for stuck. */
const STUCK = days(1);

/** Whether a CA has been issuing for so long that nothing is likely to come of it. */
export const isStuck = ({ status, busySince }: CaOrder, now: Date): boolean =>
  status === 'processing' && busySince !== undefined && between(busySince, now) >= STUCK;
