import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { RCODE } from './dns/message.ts';
import type { Resolver } from './dns/resolver.ts';

/** What a validator sees at a URL, and the address of who showed it; or why it sees nothing. */
export type Http01File = { readonly text: string; readonly from: string } | { readonly failure: string };

const MOST_REDIRECTS = 10;
const MOST_BYTES = 1_024;
const PATIENCE_MS = 5_000;
const agent = new Agent({ keepAlive: false });

/** Gets a file over plain HTTP at the world's port for it, redirects followed (RFC 8555 8.3). Never rejects. */
export const fetchHttp01 = (resolver: Resolver, port: number, url: string): Promise<Http01File> =>
  follow({ resolver, port, url }, new URL(url), 0);

interface Errand {
  readonly resolver: Resolver;
  readonly port: number;
  readonly url: string;
}

async function follow(errand: Errand, at: URL, hops: number): Promise<Http01File> {
  if (hops > MOST_REDIRECTS) return { failure: `Fetching ${errand.url}: Too many redirects` };
  if (at.protocol !== 'http:' || at.port !== '')
    return { failure: `Fetching ${at.href}: only http at its own port is followed in this world` };
  const address = await addressOf(errand.resolver, at.hostname);
  if (address === undefined) return { failure: `no valid A records found for ${at.hostname}` };
  const seen = await ask(at, address, errand.port);
  if ('failure' in seen) return { failure: `Fetching ${at.href}: ${seen.failure}` };
  if (seen.status === 200) return { text: seen.text, from: address };
  const next = isRedirect(seen.status) ? URL.parse(seen.location ?? ':', at.href) : null;
  if (next) return follow(errand, next, hops + 1);
  return { failure: `Invalid response from ${at.href} [${address}]: ${seen.status}` };
}

const isRedirect = (status: number): boolean => status >= 300 && status < 400;

async function addressOf(resolver: Resolver, name: string): Promise<string | undefined> {
  const { rcode, answers = [] } = await resolver.resolve(name, 'A');
  if (rcode !== RCODE.NOERROR) return undefined;
  // Within this world only, so that no record can send its questions off this machine.
  return answers.flatMap((one) => (one.type === 'A' && one.data.startsWith('127.') ? [one.data] : []))[0];
}

async function ask({ pathname, search, host }: URL, address: string, port: number) {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const how = { host: address, port, path: pathname + search, headers: { host }, agent, signal };
  const request = get(how);
  request.on('error', () => undefined);
  try {
    const [answer]: IncomingMessage[] = await once(request, 'response', { signal });
    if (!answer) return { failure: 'Error getting validation data' };
    const text = Buffer.concat(await answer.take(64).toArray()).toString('utf8', 0, MOST_BYTES);
    return { status: answer.statusCode ?? 0, location: answer.headers.location, text };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ECONNREFUSED') return { failure: 'Connection refused' };
    return { failure: signal.aborted ? 'Timeout during connect' : 'Error getting validation data' };
  } finally {
    request.destroy();
  }
}
