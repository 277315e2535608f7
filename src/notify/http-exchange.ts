/**
 * One request to a stranger's server: names are looked up by us, the connection goes to an address that was looked at, and no
 * redirect is followed.
 */
import { once } from 'node:events';
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import type { Seconds } from '../kit/time.ts';
import type { AddressesOf, MayReach } from './addresses.ts';

/** What a request needs of the world. */
export interface ExchangeDeps {
  readonly addressesOf: AddressesOf;
  readonly mayReach: MayReach;
  /** Roots that certificates are held against. */
  readonly roots: SecureContext;
}

/** A request as it is sent; beside its headers those that every request has. */
export interface Asked {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Nobody answered: why, in words with nothing of the URL but its host. */
export class NoAnswer extends Error {
  /** Whether another attempt makes no sense. */
  readonly isForGood: boolean;

  constructor(why: string, isForGood = false) {
    super(why);
    this.isForGood = isForGood;
  }
}

/** Longest for all of an attempt. */
const WITHIN: Seconds = 10;
const MOST_HEADER_BYTES = 16_384;

/** Agents of our own: one that is shared may follow a proxy that the environment names, or use a connection again. */
const AGENTS = { http: new HttpAgent({ keepAlive: false }), https: new HttpsAgent({ keepAlive: false }) };

/** Node's roots, the machine's, and the operator's (PEM). */
export function rootsWith(more: readonly string[]): SecureContext {
  const ca = new Set([...getCACertificates('default'), ...getCACertificates('system'), ...more]);
  return createSecureContext({ ca: [...ca] });
}

/**
 * Asks once, within ten seconds, and has the answer read. Throws `NoAnswer`, also where reading fails; rejects else with the reason
 * of an aborted signal.
 */
export async function exchange<T>(
  deps: ExchangeDeps,
  asked: Asked,
  read: (answer: IncomingMessage) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  signal.throwIfAborted();
  const limit = AbortSignal.any([signal, AbortSignal.timeout(WITHIN * 1_000)]);
  const url = URL.parse(asked.url);
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new NoAnswer('its URL is neither http nor https', true);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  try {
    return await attempt(deps, { url, host, asked, read }, limit);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof NoAnswer) throw error;
    throw new NoAnswer(limit.aborted ? `no answer within ${WITHIN} s` : wordsFor(error, host));
  }
}

interface Attempt<T> {
  readonly url: URL;
  readonly host: string;
  readonly asked: Asked;
  readonly read: (answer: IncomingMessage) => Promise<T>;
}

async function attempt<T>(deps: ExchangeDeps, what: Attempt<T>, limit: AbortSignal): Promise<T> {
  const { host } = what;
  const addresses = await deps.addressesOf(host, limit);
  if (addresses.length === 0) throw new NoAnswer(`${host} has no address`);
  const barred = addresses.find((address) => !deps.mayReach(address, host));
  if (barred !== undefined)
    throw new NoAnswer(
      `${host} leads to ${barred}, which is not a public address: nothing is sent there unless the operator allows it`,
    );
  for (const address of addresses.slice(0, -1)) {
    try {
      return await ask(deps, what, address, limit);
    } catch (error) {
      if (!(error instanceof NotReached)) throw error;
    }
  }
  return ask(deps, what, addresses.at(-1) ?? '', limit);
}

/** No connection came about: nothing was said yet, so the next address may be asked. */
class NotReached extends Error {}

async function ask<T>(
  { roots }: ExchangeDeps,
  { url, host, asked, read }: Attempt<T>,
  address: string,
  signal: AbortSignal,
): Promise<T> {
  const { method, headers, body } = asked;
  const how = {
    host: address,
    port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
    method,
    path: `${url.pathname}${url.search}`,
    headers: {
      ...headers,
      host: url.host,
      'user-agent': 'certpacks',
      ...(method === 'POST' && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      }),
      connection: 'close',
    },
    maxHeaderSize: MOST_HEADER_BYTES,
    signal,
  };
  const tls = { agent: AGENTS.https, secureContext: roots, servername: isIP(host) === 0 ? host : '' };
  const request =
    url.protocol === 'https:'
      ? httpsRequest({ ...how, ...tls, rejectUnauthorized: true })
      : httpRequest({ ...how, agent: AGENTS.http });
  try {
    return await read(await answered(request, body, signal));
  } finally {
    request.destroy();
  }
}

async function answered(request: ClientRequest, body: string, signal: AbortSignal): Promise<IncomingMessage> {
  let isConnected = false;
  request.on('error', () => undefined);
  request.on('socket', (socket) => socket.once('connect', () => (isConnected = true)));
  request.end(body);
  try {
    const [answer]: IncomingMessage[] = await once(request, 'response', { signal });
    if (!answer) throw new Error('no answer');
    return answer;
  } catch (error) {
    if (!isConnected && !signal.aborted) throw new NotReached('', { cause: error });
    throw error;
  }
}

/** Nothing of the URL but its host: a path may be a secret. */
function wordsFor(error: unknown, host: string): string {
  const cause = error instanceof NotReached ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (CERTIFICATE.test(code)) return `the certificate of ${host} is not to be trusted (${code})`;
  if (/^E(?:TIMEOUT|SERVFAIL|REFUSED|CANCELLED|FORMERR|CONNREFUSED)$/.test(code) && !isOfSocket(cause))
    return `the address of ${host} could not be looked up (${code})`;
  if (code === 'ERR_INVALID_CHAR') return 'its secret cannot stand in a header';
  return `${host} cannot be reached (${code || 'no HTTP'})`;
}

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|HOSTNAME_MISMATCH|INVALID_CA/;

const isOfSocket = (error: unknown): boolean =>
  error instanceof Error && 'syscall' in error && error.syscall === 'connect';
