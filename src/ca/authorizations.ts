/** The authorizations of an order (RFC 8555 7.1.4), with what shows control of their names. */
import type { KeyObject } from 'node:crypto';
import { type Account, dnsTxtValue, keyAuthorization } from '../acme/account.ts';
import type { Authorization, Challenge } from '../acme/acme.ts';
import { Fault } from '../kit/fault.ts';
import type { Seconds } from '../kit/time.ts';
import { challengeName } from '../pack/delegation.ts';
import { METHODS, type ShownBy, type ValidationMethod } from '../pack/validation-method.ts';
import type { AcmeDirectory } from './acme-directory.ts';
import type { CaAuthorization, CaOrder } from './ca.ts';
import { messageOf } from './messages.ts';

/** Authorizations that could be read, and why others could not. */
export interface ReadAuthorizations {
  readonly known: readonly CaAuthorization[];
  readonly failed: readonly { readonly url: string; readonly error: unknown }[];
  /** How long the CA wants to be left alone with them. */
  readonly wish: Seconds | undefined;
}

/** How control of an order's names is shown. */
type HowShown = Pick<CaOrder, 'method' | 'ownNames'>;

/** The same of whatever has it. */
export const howOf = ({ method, ownNames = [] }: HowShown): HowShown => ({
  method,
  ...(ownNames.length > 0 && { ownNames }),
});

/** Authorizations as they stand. Throws `ca_wrong_answer` for a pending one that has no challenge of the method. */
export async function readAuthorizations(
  directory: AcmeDirectory,
  how: HowShown,
  urls: readonly string[],
  signal: AbortSignal,
): Promise<ReadAuthorizations> {
  const account = await directory.account.get(signal);
  const all = await Promise.allSettled(
    urls.map((url) => directory.client.authorization(account, url, signal)),
  );
  signal.throwIfAborted();
  const known = all.flatMap((one) =>
    one.status === 'fulfilled' ? [toAuthorization(directory, account, { ...one.value, how })] : [],
  );
  const failed = all.flatMap((one, i) =>
    one.status === 'rejected' ? [{ url: urls[i] ?? '', error: one.reason as unknown }] : [],
  );
  const wishes = all.map((one) => (one.status === 'fulfilled' && one.value.retryAfter) || 0);
  return { known, failed, wish: Math.max(0, ...wishes) || undefined };
}

/** The method by which control of a name is shown. */
export const methodFor = (name: string, { method, ownNames = [] }: HowShown): ValidationMethod =>
  ownNames.includes(name) ? 'txt' : method;

function toAuthorization(
  { row }: AcmeDirectory,
  { key }: Account,
  { url, identifier, how, ...is }: Authorization & { readonly how: HowShown },
): CaAuthorization {
  const name = is.isWildcard ? `*.${identifier.value}` : identifier.value;
  const method = methodFor(name, how);
  const challenge = is.challenges.find(({ type }) => type === METHODS[method].challenge);
  if (is.status === 'pending') checkChallenge(name, method, challenge);
  const error = is.challenges.find((one) => one.error)?.error;
  const { url: challengeUrl, status } = challenge ?? NONE;
  return {
    url,
    name,
    status: is.status,
    ...(is.expires && { expiresAt: is.expires }),
    challengeUrl,
    ...(status !== 'pending' && { isAnswered: true }),
    shown: SHOWN[method](name, challenge ?? NONE, key),
    ...(error && { problem: messageOf({ ca: row.name, step: 'validation', method }, [name], error) }),
  };
}

/** Of an authorization that was valid before we came. */
const NONE = { url: '', status: 'pending', token: '' } as const;

function checkChallenge(name: string, method: ValidationMethod, challenge: Challenge | undefined): void {
  if (challenge && challenge.token !== '') return;
  const lack = challenge ? 'its token is not base64url (RFC 8555 8.3)' : 'the CA offers no such challenge';
  throw new Fault('ca_wrong_answer', `${name} cannot be validated ${METHODS[method].how}: ${lack}`);
}

type Asked = Pick<Challenge, 'token' | 'emails'>;

/** What a CA looks for; without a token, of what it has found before. */
const SHOWN: {
  readonly [M in ValidationMethod]: (name: string, asked: Asked, key: KeyObject) => ShownBy<M>;
} = {
  txt: (name, { token }, key) => ({
    method: 'txt',
    txtName: challengeName(name),
    txtValue: token === '' ? '' : dnsTxtValue(token, key),
  }),
  http: (name, { token }, key) => ({
    method: 'http',
    httpUrl: `http://${name}/.well-known/acme-challenge/${token}`,
    httpBody: token === '' ? '' : keyAuthorization(token, key),
  }),
  email: (_, { emails = [], token }) => ({ method: 'email', emails, token }),
};
