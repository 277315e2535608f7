import { newHexId } from '../../kit/id.ts';
import { after, between, days, hours, type Seconds } from '../../kit/time.ts';
import { authorizationsFor, statusAt } from './authorizations.ts';
import type { Answer, CaContext, Signed } from './context.ts';
import { namesIn } from './identifiers.ts';
import type { Account, Order } from './ledger.ts';
import { Refusal } from './problems.ts';
import { PROFILES } from './profiles.ts';
import type { JsonObject } from './reading.ts';
import { replacedBy } from './renewal.ts';

/** The longest validity that any of these CAs certifies. */
const LONGEST_VALIDITY: Seconds = days(398);

/** A new order (RFC 8555 7.4). */
export function onNewOrder(ca: CaContext, { payload = {} }: Signed, account: Account): Answer {
  const names = namesIn(payload['identifiers']);
  const period = periodIn(payload, ca.clock.now());
  const profile = profileIn(payload['profile']);
  const replaced = replacedBy(ca, payload['replaces'], account);
  const authorizations = authorizationsFor(ca, account.id, names);
  // An order cannot outlive the authorizations that it stands on (RFC 8555 7.1.6).
  const ends = [
    after(ca.clock.now(), ca.terms.tokenLife).toISOString(),
    ...authorizations.map((one) => one.expires),
  ];
  const order: Order = {
    id: newHexId(),
    accountId: account.id,
    names,
    authorizationIds: authorizations.map((one) => one.id),
    status: 'open',
    expires: ends.reduce((first, end) => (end < first ? end : first)),
    ...period,
    ...(profile !== undefined && { profile }),
  };
  const fresh = authorizations.filter((one) => !ca.ledger.authorizations.has(one.id));
  const certificate = replaced && { ...replaced, replacedBy: order.id };
  ca.ledger.record({ order, authorizations: fresh, ...(certificate && { certificate }) });
  return orderAnswer(ca, order, 201);
}

/** One order (RFC 8555 7.1.3). */
export function onOrder(ca: CaContext, request: Signed, account: Account): Answer {
  return orderAnswer(ca, ownOrder(ca, request, account), 200);
}

/** Orders on one page of the list of an account. */
const PAGE = 500;

/** URLs of the account's orders (RFC 8555 7.1.2.1), with a Link to the next page. */
export function onOrders(ca: CaContext, { id, query }: Signed, account: Account): Answer {
  if (id !== account.id) throw new Refusal('unauthorized', 'these are the orders of another account');
  const start = Number(query.get('cursor') ?? 0);
  if (!Number.isSafeInteger(start) || start < 0)
    throw new Refusal('malformed', 'the cursor is not of this list');
  const ids = ca.ledger.ordersOf(account.id);
  const page = ids.slice(start, start + PAGE);
  const next = ca.url(`/acme/account/${id}/orders?cursor=${start + PAGE}`);
  return {
    status: 200,
    headers: start + PAGE < ids.length ? { link: `<${next}>;rel="next"` } : {},
    body: { orders: page.map((one) => ca.url(`/acme/order/${one}`)) },
  };
}

/** The order that a request names, if it is the account's. Throws `malformed` or `unauthorized`. */
export function ownOrder(ca: CaContext, { id }: Signed, account: Account): Order {
  const found = ca.ledger.orders.get(id);
  if (!found) throw new Refusal('malformed', 'there is no such order', { status: 404 });
  if (found.accountId !== account.id) throw new Refusal('unauthorized', 'this order is of another account');
  return found;
}

/** The status now (RFC 8555 7.1.6): an open order is as ready as its authorizations are valid. */
export function statusOf(ca: CaContext, { status, expires, authorizationIds }: Order) {
  if (status !== 'open') return status;
  const now = ca.clock.now();
  if (between(now, new Date(expires)) <= 0) return 'invalid';
  const statuses = authorizationIds.map((id) => {
    const authorization = ca.ledger.authorizations.get(id);
    return authorization ? statusAt(authorization, now) : 'invalid';
  });
  if (statuses.every((one) => one === 'valid')) return 'ready';
  return statuses.every((one) => one === 'valid' || one === 'pending') ? 'pending' : 'invalid';
}

/** The order as on the wire. */
export function orderAnswer(ca: CaContext, order: Order, status: number): Answer {
  const url = ca.url(`/acme/order/${order.id}`);
  const body = {
    status: statusOf(ca, order),
    expires: order.expires,
    identifiers: order.names.map((value) => ({ type: 'dns', value })),
    notBefore: order.notBefore,
    notAfter: order.notAfter,
    profile: order.profile,
    authorizations: order.authorizationIds.map((id) => ca.url(`/acme/authorization/${id}`)),
    finalize: `${url}/finalize`,
    certificate: order.serial && ca.url(`/acme/certificate/${order.serial}`),
    error: order.error,
  };
  return { status, headers: { location: url }, body };
}

/** One of the CA's profiles. Throws `invalidProfile`. */
function profileIn(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && Object.hasOwn(PROFILES, value)) return value;
  throw new Refusal('invalidProfile', `profiles are ${Object.keys(PROFILES).join(', ')}`);
}

/** The validity asked for. Throws `malformed` for one that this CA does not certify. */
function periodIn(payload: JsonObject, now: Date): Pick<Order, 'notBefore' | 'notAfter'> {
  const [notBefore, notAfter] = [instantIn(payload, 'notBefore'), instantIn(payload, 'notAfter')];
  const start = notBefore ?? now;
  if (between(start, now) > hours(1)) throw new Refusal('malformed', 'notBefore is more than an hour ago');
  const length = between(start, notAfter ?? start);
  if (notAfter && (length <= 0 || between(now, notAfter) <= 0)) {
    throw new Refusal('malformed', 'notAfter must be in the future and later than notBefore');
  }
  if (length > LONGEST_VALIDITY)
    throw new Refusal('malformed', 'the validity asked for is longer than 398 days');
  return {
    ...(notBefore ? { notBefore: notBefore.toISOString() } : {}),
    ...(notAfter ? { notAfter: notAfter.toISOString() } : {}),
  };
}

/** RFC 3339, cut to whole seconds: a certificate knows no parts of one. */
function instantIn(payload: JsonObject, member: 'notBefore' | 'notAfter'): Date | undefined {
  const text = payload[member];
  if (text === undefined || text === '') return undefined;
  const isInstant = typeof text === 'string' && RFC_3339.test(text);
  const instant = isInstant ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(instant)) throw new Refusal('malformed', `${member} is no date of RFC 3339`);
  return new Date(Math.floor(instant / 1_000) * 1_000);
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;
