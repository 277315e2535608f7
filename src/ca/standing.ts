/** Where an order stands, from what the CA showed. */
import { type Account, dnsTxtValue } from '../acme/account.ts';
import type { Authorization, Order, Problem } from '../acme/acme.ts';
import { Fault } from '../kit/fault.ts';
import { challengeName } from '../pack/reply.ts';
import type { CaAuthorization, CaOrder } from './ca.ts';
import type { Desk } from './desk.ts';
import { inWords } from './words.ts';

/** The order as just seen, with its authorizations; those that were pending are asked for where it is not clear. */
export async function refreshed(desk: Desk, was: CaOrder, now: Order, signal: AbortSignal): Promise<CaOrder> {
  if (now.status !== 'pending' && now.status !== 'invalid') {
    const valid = was.authorizations.map((one) =>
      one.status === 'pending' ? { ...one, status: 'valid' as const } : one,
    );
    return toCaOrder(desk, now, valid);
  }
  const open = was.authorizations.filter(({ status }) => status === 'pending').map(({ url }) => url);
  const fetched = await getAll(desk, await desk.account.get(signal), open, signal);
  const current = was.authorizations.map((one) => fetched.find(({ url }) => url === one.url) ?? one);
  return toCaOrder(desk, now, current);
}

/** Authorizations as they stand. Throws `ca_wrong_answer` for a pending one that no TXT record can answer. */
export async function getAll(desk: Desk, account: Account, urls: readonly string[], signal: AbortSignal) {
  const fetched = await Promise.all(urls.map((url) => desk.client.authorization(account, url, signal)));
  return fetched.map((one) => toAuthorization(desk, account, one));
}

function toAuthorization(
  { row }: Desk,
  account: Account,
  { url, identifier, ...is }: Authorization,
): CaAuthorization {
  const name = is.isWildcard ? `*.${identifier.value}` : identifier.value;
  const challenge = is.challenges.find(({ type }) => type === 'dns-01');
  if (!challenge && is.status === 'pending') {
    throw new Fault('ca_wrong_answer', `${name} cannot be validated by a TXT record`);
  }
  const error = is.challenges.find((one) => one.error)?.error;
  return {
    url,
    name,
    status: is.status,
    challengeUrl: challenge?.url ?? '',
    txtName: challengeName(name),
    txtValue: challenge ? dnsTxtValue(challenge.token, account.key) : '',
    ...(error && { problem: inWords(row.name, [name], error) }),
  };
}

/** The order with its authorizations; `invalid` as soon as one of them failed, whatever the CA says yet. */
export function toCaOrder(
  { row, isRsaDirectory }: Desk,
  order: Order,
  authorizations: readonly CaAuthorization[],
): CaOrder {
  const { url, finalize: finalizeUrl, expires, certificate } = order;
  const isLost = authorizations.some((one) => one.status !== 'pending' && one.status !== 'valid');
  const status = order.status === 'pending' && isLost ? 'invalid' : order.status;
  if (status === 'valid' && !certificate) {
    throw new Fault('ca_wrong_answer', 'the order is valid and has no certificate');
  }
  return {
    url,
    status,
    finalizeUrl,
    ...(expires && { expiresAt: expires }),
    ...(certificate !== undefined && { certificateUrl: certificate }),
    authorizations,
    ...(status === 'invalid' && { problem: whyInvalid(row.name, order.error, authorizations) }),
    ...(isRsaDirectory && { isAtRsaDirectory: true }),
  };
}

/** Why an order is invalid: what the CA said of single hosts tells more than what it says of the order. */
function whyInvalid(
  ca: string,
  error: Problem | undefined,
  authorizations: readonly CaAuthorization[],
): string {
  const problems = authorizations.flatMap(({ problem }) => problem ?? []);
  if (problems.length > 0) return problems.slice(0, 5).join('. ');
  const names = authorizations.map(({ name }) => name);
  if (error) return inWords(ca, names, error);
  return `${ca} ended the order without a reason; a new order is made`;
}
