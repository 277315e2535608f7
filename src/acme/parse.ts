/**
 * The objects of RFC 8555 7.1 from an answer's JSON. Everything that is used later is checked here, once; what is not needed is
 * not demanded.
 */

import { Fault } from '../kit/fault.ts';
import type { Authorization, Challenge, Directory, Identifier, Order, RenewalInfo } from './acme.ts';
import { Fields, isObject, serverUrl } from './fields.ts';
import { normalName } from './names.ts';
import { parseProblem } from './problem.ts';

/** What an answer told besides its JSON. */
interface Told {
  /** URL of the object. */
  readonly url: string;
  readonly retryAfter?: number | undefined;
}

/** RFC 8555 7.1.1; `url` is its own. */
export function parseDirectory(json: unknown, url: string): Directory {
  const { host } = new URL(url);
  const fields = new Fields(json, `the directory of ${host}`);
  const maybe = (name: 'revokeCert' | 'keyChange' | 'renewalInfo') => {
    const found = fields.maybeUrl(name, url);
    return found === undefined ? {} : { [name]: found };
  };
  return {
    newNonce: fields.url('newNonce', url),
    newAccount: fields.url('newAccount', url),
    newOrder: fields.url('newOrder', url),
    ...maybe('revokeCert'),
    ...maybe('keyChange'),
    ...maybe('renewalInfo'),
    meta: isObject(fields.raw('meta')) ? parseMeta(fields.raw('meta'), host) : {},
  };
}

function parseMeta(json: unknown, host: string): Directory['meta'] {
  const fields = new Fields(json, `'meta' in the directory of ${host}`);
  const profiles = fields.raw('profiles');
  const caaIdentities = [fields.raw('caaIdentities') ?? []].flat().filter((one) => typeof one === 'string');
  const termsOfService = fields.maybeText('termsOfService');
  return {
    ...(termsOfService && { termsOfService }),
    ...(fields.has('externalAccountRequired') && {
      externalAccountRequired: fields.isSaid('externalAccountRequired'),
    }),
    ...(caaIdentities.length > 0 && { caaIdentities: caaIdentities.map(normalName) }),
    ...(isObject(profiles) && { profiles: parseProfiles(profiles) }),
  };
}

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
  const explanationUrl = fields.maybeText('explanationURL');
  return {
    suggestedWindow: { start, end },
    ...(explanationUrl && { explanationUrl }),
    ...(retryAfter !== undefined && { retryAfter }),
  };
}

/** What servers call the statuses of an order, beside the names of RFC 8555 7.1.3. */
const ORDER_STATUSES: Readonly<Record<string, Order['status']>> = {
  pending: 'pending',
  ready: 'ready',
  processing: 'processing',
  valid: 'valid',
  issued: 'valid',
  invalid: 'invalid',
  expired: 'invalid',
  deactivated: 'invalid',
  revoked: 'invalid',
  cancelled: 'invalid',
  canceled: 'invalid',
};

/** RFC 8555 7.1.3. */
export function parseOrder(json: unknown, { url, retryAfter }: Told): Order {
  const fields = new Fields(json, `the order ${url}`);
  const error = parseProblem(fields.raw('error'));
  const [expires, notAfter] = [fields.maybeInstant('expires'), fields.maybeInstant('notAfter')];
  const [finalize, certificate] = [fields.maybeUrl('finalize', url), fields.maybeUrl('certificate', url)];
  return {
    url,
    status: oneOf(ORDER_STATUSES, fields.raw('status')) ?? 'unknown',
    ...(expires && { expires }),
    identifiers: listIn(fields, 'identifiers').flatMap((one) => toIdentifier(one) ?? []),
    ...(notAfter && { notAfter }),
    authorizations: fields.urls('authorizations', url),
    ...(finalize !== undefined && { finalize }),
    ...(certificate !== undefined && { certificate }),
    ...(error && { error }),
    ...(retryAfter !== undefined && { retryAfter }),
  };
}

/** The value of a row by a name in whatever spelling. */
const oneOf = <T>(table: Readonly<Record<string, T>>, name: unknown): T | undefined => {
  const key = typeof name === 'string' ? name.trim().toLowerCase() : '';
  return Object.hasOwn(table, key) ? table[key] : undefined;
};

/** A list that may be missing, or be none. */
const listIn = (fields: Fields, name: string): readonly unknown[] =>
  Array.isArray(fields.raw(name)) ? fields.list(name) : [];

function toIdentifier(json: unknown): Identifier | undefined {
  const fields = isObject(json) ? new Fields(json, 'an identifier') : undefined;
  const value = fields?.maybeText('value') ?? '';
  const type = fields?.maybeText('type')?.toLowerCase() ?? 'dns';
  return value === '' ? undefined : { type, value: normalName(value) };
}

const AUTHORIZATION_STATUSES: Readonly<Record<string, Authorization['status']>> = {
  valid: 'valid',
  invalid: 'invalid',
  deactivated: 'deactivated',
  expired: 'expired',
  revoked: 'revoked',
};

/** RFC 8555 7.1.4. */
export function parseAuthorization(json: unknown, { url, retryAfter }: Told): Authorization {
  const fields = new Fields(json, `the authorization ${url}`);
  const identifier = toIdentifier(fields.raw('identifier'));
  if (!identifier) throw new Fault('ca_wrong_answer', `the authorization ${url} does not say of which name`);
  const { type, value } = identifier;
  const expires = fields.maybeInstant('expires');
  return {
    url,
    identifier: { type, value: value.replace(/^\*\./, '') },
    status: oneOf(AUTHORIZATION_STATUSES, fields.raw('status')) ?? 'pending',
    ...(expires && { expires }),
    isWildcard: fields.isSaid('wildcard') || value.startsWith('*.'),
    challenges: listIn(fields, 'challenges').flatMap((one) => parseChallenge(one, url) ?? []),
    ...(retryAfter !== undefined && { retryAfter }),
  };
}

const CHALLENGE_STATUSES: Readonly<Record<string, Challenge['status']>> = {
  pending: 'pending',
  processing: 'processing',
  valid: 'valid',
  invalid: 'invalid',
};

/** RFC 8555 8. Undefined for one of a type that this client does not know, or without a URL that can be
 * asked: nobody can answer it. */
function parseChallenge(json: unknown, place: string): Challenge | undefined {
  if (!isObject(json)) return undefined;
  const fields = new Fields(json, `a challenge of ${place}`);
  const type = fields.maybeText('type')?.toLowerCase() ?? '';
  const url = serverUrl(fields.maybeText('url') ?? '', place);
  if (!ANSWERABLE.includes(type) || url === undefined) return undefined;
  const error = parseProblem(fields.raw('error'));
  return {
    type,
    url,
    status: oneOf(CHALLENGE_STATUSES, fields.raw('status')) ?? 'pending',
    token: readToken(fields.maybeText('token')),
    ...(type === 'x-email-01' && { emails: readEmails(fields.raw('emails')) }),
    ...(error && { error }),
  };
}

const ANSWERABLE = ['dns-01', 'http-01', 'tls-alpn-01', 'x-email-01'];

/** Mail addresses, so many as one name can have reason to; what is none is left out. */
const readEmails = (list: unknown): string[] =>
  (Array.isArray(list) ? list : [])
    .slice(0, 20)
    .filter((one) => typeof one === 'string' && one.length <= 254 && /^[\x21-\x7e]+@[\w.-]+$/.test(one));

/** RFC 8555 8.3: a token has the base64url alphabet alone, so that it cannot leave its place in a record or a path. */
const readToken = (token = ''): string => (/^[\w-]{1,512}$/.test(token) ? token : '');
