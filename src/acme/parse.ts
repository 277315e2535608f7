/** The objects of RFC 8555 7.1 from an answer's JSON. Everything that is used later is checked here, once. */

import { Fault } from '../kit/fault.ts';
import type { Authorization, Challenge, Directory, Identifier, Order, RenewalInfo } from './acme.ts';
import { Fields, isObject } from './fields.ts';
import { parseProblem } from './problem.ts';

/** What an answer told besides its JSON. */
interface Told {
  /** URL of the object. */
  readonly url: string;
  readonly retryAfter?: number | undefined;
}

/** RFC 8555 7.1.1. */
export function parseDirectory(json: unknown, host: string): Directory {
  const fields = new Fields(json, `the directory of ${host}`);
  return {
    newNonce: fields.url('newNonce'),
    newAccount: fields.url('newAccount'),
    newOrder: fields.url('newOrder'),
    ...(fields.has('revokeCert') && { revokeCert: fields.url('revokeCert') }),
    ...(fields.has('keyChange') && { keyChange: fields.url('keyChange') }),
    ...(fields.has('renewalInfo') && { renewalInfo: fields.url('renewalInfo') }),
    meta: parseMeta(fields.has('meta') ? fields.raw('meta') : {}, host),
  };
}

function parseMeta(json: unknown, host: string): Directory['meta'] {
  const fields = new Fields(json, `'meta' in the directory of ${host}`);
  const profiles = fields.raw('profiles');
  return {
    ...(fields.has('termsOfService') && { termsOfService: fields.text('termsOfService') }),
    ...(fields.has('externalAccountRequired') && {
      externalAccountRequired: fields.flag('externalAccountRequired'),
    }),
    ...(fields.has('caaIdentities') && { caaIdentities: texts(fields.list('caaIdentities')) }),
    ...(isObject(profiles) && { profiles: parseProfiles(profiles) }),
  };
}

const texts = (list: readonly unknown[]): string[] => list.filter((one) => typeof one === 'string');

/** Names that are of use in an order; a list of a hundred would be none of an honest server. */
const parseProfiles = (profiles: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(profiles)
      .filter(([name]) => /^[\w.-]{1,100}$/.test(name))
      .slice(0, 100)
      .map(([name, says]) => [name, String(says).slice(0, 500)]),
  );

/** RFC 9773 4.2. Throws `ca_wrong_answer` also for a window that ends before it begins. */
export function parseRenewalInfo(json: unknown, { url, retryAfter }: Told): RenewalInfo {
  const fields = new Fields(json, `the renewal information ${url}`);
  const window = new Fields(fields.raw('suggestedWindow'), `'suggestedWindow' of ${url}`);
  const [start, end] = [window.instant('start'), window.instant('end')];
  if (start >= end) throw new Fault('ca_wrong_answer', `'suggestedWindow' of ${url} ends before it begins`);
  return {
    suggestedWindow: { start, end },
    ...(fields.has('explanationURL') && { explanationUrl: fields.text('explanationURL') }),
    ...(retryAfter !== undefined && { retryAfter }),
  };
}

const ORDER_STATUSES = ['pending', 'ready', 'processing', 'valid', 'invalid'] as const;

/** RFC 8555 7.1.3. */
export function parseOrder(json: unknown, { url, retryAfter }: Told): Order {
  const fields = new Fields(json, `the order ${url}`);
  const error = parseProblem(fields.raw('error'));
  return {
    url,
    status: fields.oneOf('status', ORDER_STATUSES),
    ...(fields.has('expires') && { expires: fields.instant('expires') }),
    identifiers: fields.list('identifiers').map((one) => parseIdentifier(one, url)),
    ...(fields.has('notAfter') && { notAfter: fields.instant('notAfter') }),
    authorizations: fields.list('authorizations').map((one) => new Fields({ url: one }, url).url('url')),
    finalize: fields.url('finalize'),
    ...(fields.has('certificate') && { certificate: fields.url('certificate') }),
    ...(error && { error }),
    ...(retryAfter !== undefined && { retryAfter }),
  };
}

function parseIdentifier(json: unknown, url: string): Identifier {
  const fields = new Fields(json, `an identifier of ${url}`);
  return { type: fields.oneOf('type', ['dns']), value: fields.text('value').toLowerCase() };
}

const AUTHORIZATION_STATUSES = ['pending', 'valid', 'invalid', 'deactivated', 'expired', 'revoked'] as const;

/** RFC 8555 7.1.4. */
export function parseAuthorization(json: unknown, { url, retryAfter }: Told): Authorization {
  const fields = new Fields(json, `the authorization ${url}`);
  return {
    url,
    identifier: parseIdentifier(fields.raw('identifier'), url),
    status: fields.oneOf('status', AUTHORIZATION_STATUSES),
    ...(fields.has('expires') && { expires: fields.instant('expires') }),
    isWildcard: fields.has('wildcard') && fields.flag('wildcard'),
    challenges: fields
      .list('challenges')
      .filter(isAnswerable)
      .map((one) => parseChallenge(one, url)),
    ...(retryAfter !== undefined && { retryAfter }),
  };
}

/** Challenges of types that this client knows; those of newer types may lack what is needed here. */
const isAnswerable = (json: unknown): boolean =>
  ['dns-01', 'http-01', 'tls-alpn-01'].includes(String(new Fields(json, 'a challenge').raw('type')));

const CHALLENGE_STATUSES = ['pending', 'processing', 'valid', 'invalid'] as const;

/** RFC 8555 8. */
export function parseChallenge(json: unknown, place: string): Challenge {
  const fields = new Fields(json, `a challenge of ${place}`);
  const error = parseProblem(fields.raw('error'));
  return {
    type: fields.text('type'),
    url: fields.url('url'),
    status: fields.oneOf('status', CHALLENGE_STATUSES),
    token: parseToken(fields.text('token'), place),
    ...(error && { error }),
  };
}

/** RFC 8555 8.3: a token has the base64url alphabet alone. */
function parseToken(token: string, place: string): string {
  if (/^[\w-]{1,512}$/.test(token)) return token;
  throw new Fault('ca_wrong_answer', `a challenge of ${place} has a token that is not base64url`);
}
