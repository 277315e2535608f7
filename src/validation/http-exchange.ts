/** One GET of a stranger's server, by address: bounded in bytes and time, no redirect followed. */
import { once } from 'node:events';
import { get as getHttp, Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { get as getHttps, Agent as HttpsAgent } from 'node:https';
import type { Seconds } from '../kit/time.ts';

/** What is asked of whom. */
export interface HttpAsk {
  /** Its host goes into the request and the handshake; it is not looked up. */
  readonly url: URL;
  /** Where the connection goes. */
  readonly address: string;
  readonly port: number;
}

/** What came back; `failure` is a code such as `ECONNREFUSED`, `too long` for a body over 1 KiB. */
export type HttpSeen =
  | { readonly status: number; readonly location: string | undefined; readonly body: string }
  | { readonly failure: string };

const MOST_BODY_BYTES = 1_024;
const MOST_HEADER_BYTES = 16_384;
/** Longest for one exchange. */
const WITHIN: Seconds = 5;

/** Agents of our own: one that is shared may follow a proxy that the environment names. */
const AGENTS = { http: new HttpAgent({ keepAlive: false }), https: new HttpsAgent({ keepAlive: false }) };

/** Asks once. Never rejects. */
export async function exchange({ url, address, port }: HttpAsk, signal: AbortSignal): Promise<HttpSeen> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(WITHIN * 1_000)]);
  const how = {
    host: address,
    port,
    path: `${url.pathname}${url.search}`,
    headers: { host: url.host, 'user-agent': 'certpacks', accept: '*/*', connection: 'close' },
    maxHeaderSize: MOST_HEADER_BYTES,
    signal: limit,
  };
  // A CA does not look at the certificate to which a redirect led it either: control is what is to be shown.
  const tls = { agent: AGENTS.https, servername: url.hostname, rejectUnauthorized: false };
  const request =
    url.protocol === 'https:' ? getHttps({ ...how, ...tls }) : getHttp({ ...how, agent: AGENTS.http });
  request.on('error', () => undefined);
  try {
    const [answer]: IncomingMessage[] = await once(request, 'response', { signal: limit });
    if (!answer) return { failure: 'no answer' };
    const { statusCode: status = 0, headers } = answer;
    return { status, location: headers.location, body: await readBody(answer) };
  } catch (error) {
    if (error instanceof RangeError) return { failure: 'too long' };
    return { failure: limit.aborted ? 'no answer in time' : codeOf(error) };
  } finally {
    request.destroy();
  }
}

async function readBody(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MOST_BODY_BYTES) throw new RangeError('body too long');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('latin1');
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'no HTTP';
