/** Where an order stands, from what the CA showed. */
import type { KeyObject } from 'node:crypto';
import { type Account, dnsTxtValue, keyAuthorization } from '../acme/account.ts';
import type { Authorization, Order, Problem } from '../acme/acme.ts';
import { Fault } from '../kit/fault.ts';
import { challengeName } from '../pack/pack-json.ts';
import { METHODS, type ShownBy, type ShownMethod } from '../pack/validation-method.ts';
import type { AcmeDirectory } from './acme-directory.ts';
import type { CaAuthorization, CaOrder } from './ca.ts';
import { messageOf } from './messages.ts';

/** The order as just seen, with its authorizations; those that were pending are asked for where it is not clear. */
export async function refreshed(
  directory: AcmeDirectory,
  was: CaOrder,
  now: Order,
  signal: AbortSignal,
): Promise<CaOrder> {
  if (now.status !== 'pending' && now.status !== 'invalid') {
    const valid = was.authorizations.map((one) => (isOpen(one) ? { ...one, status: 'valid' as const } : one));
    return toCaOrder(directory, now, { ...was, authorizations: valid });
  }
  const open = was.authorizations.filter(isOpen).map(({ url }) => url);
  const fetched = await getAuthorizations(directory, was.method, open, signal);
  const current = was.authorizations.map((one) => fetched.find(({ url }) => url === one.url) ?? one);
  return toCaOrder(directory, now, { ...was, authorizations: current });
}

/** Whether the CA waits for control to be shown. */
const isOpen = ({ status, isHeldValid }: CaAuthorization): boolean => status === 'pending' && !isHeldValid;

/** The order after our own look at what the CA holds valid already. */
export const lookedAt = (order: CaOrder): CaOrder => ({
  ...order,
  authorizations: order.authorizations.map(({ isHeldValid, ...one }) =>
    isHeldValid ? { ...one, status: 'valid' } : one,
  ),
});

/** Authorizations as they stand. Throws `ca_wrong_answer` for a pending one that has no challenge of the method. */
export async function getAuthorizations(
  directory: AcmeDirectory,
  method: CaOrder['method'],
  urls: readonly string[],
  signal: AbortSignal,
): Promise<CaAuthorization[]> {
  const account = await directory.account.get(signal);
  const fetched = await Promise.all(urls.map((url) => directory.client.authorization(account, url, signal)));
  return fetched.map((one) => toAuthorization(directory, account, { ...one, method }));
}

function toAuthorization(
  { row }: AcmeDirectory,
  { key }: Account,
  { url, identifier, method, ...is }: Authorization & { readonly method: CaOrder['method'] },
): CaAuthorization {
  const name = is.isWildcard ? `*.${identifier.value}` : identifier.value;
  const challenge = is.challenges.find(({ type }) => type === METHODS[method].challenge);
  if (!challenge && is.status === 'pending')
    throw new Fault('ca_wrong_answer', `${name} cannot be validated ${METHODS[method].how}`);
  const error = is.challenges.find((one) => one.error)?.error;
  return {
    url,
    name,
    status: is.status,
    ...(is.expires && { expiresAt: is.expires }),
    challengeUrl: challenge?.url ?? '',
    shown: SHOWN[method](name, challenge?.token, key),
    ...(error && { problem: messageOf(row.name, [name], error) }),
  };
}

/** What a CA looks for; without a token, of what it has found before. */
const SHOWN: {
  readonly [M in ShownMethod]: (name: string, token: string | undefined, key: KeyObject) => ShownBy<M>;
} = {
  txt: (name, token, key) => ({
    method: 'txt',
    txtName: challengeName(name),
    txtValue: token === undefined ? '' : dnsTxtValue(token, key),
  }),
  http: (name, token = '', key) => ({
    method: 'http',
    httpUrl: `http://${name}/.well-known/acme-challenge/${token}`,
    httpBody: token === '' ? '' : keyAuthorization(token, key),
  }),
};

/** The order with its authorizations; `invalid` as soon as one of them failed, whatever the CA says yet. */
export function toCaOrder(
  { row, isRsaDirectory, tenant }: AcmeDirectory,
  order: Order,
  { authorizations, method }: Pick<CaOrder, 'authorizations' | 'method'>,
): CaOrder {
  const { url, finalize: finalizeUrl, expires, certificate } = order;
  const status = statusOf(order, authorizations);
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
    method,
    ...(status === 'invalid' && { problem: whyInvalid(row.name, order.error, authorizations) }),
    ...(isRsaDirectory && { isAtRsaDirectory: true }),
    ...(tenant !== undefined && { tenant }),
  };
}

/** Ready is what we have looked at too; lost is an order as soon as one of its authorizations is. */
function statusOf({ status }: Order, authorizations: readonly CaAuthorization[]): CaOrder['status'] {
  if (status === 'ready') return authorizations.some((one) => one.isHeldValid) ? 'pending' : 'ready';
  const isLost = authorizations.some((one) => one.status !== 'pending' && one.status !== 'valid');
  return status === 'pending' && isLost ? 'invalid' : status;
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
  if (error) return messageOf(ca, names, error);
  return `${ca} ended the order without a reason; a new order is made`;
}
