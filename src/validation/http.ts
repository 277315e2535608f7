import { isAddress, isAllowed } from '../dns/address.ts';
import { isPlainName, printable } from '../dns/message/names.ts';
import { type Addresses, addressesOf } from '../dns/resolver/addresses.ts';
import { findDenied } from '../dns/resolver/empty-non-terminal.ts';
import { IterativeResolver } from '../dns/resolver/iterative-resolver.ts';
import { ServerMemory } from '../dns/resolver/server-memory.ts';
import { Suffixes } from '../dns/resolver/suffixes.ts';
import { type Goal, redirectWords, refusalIn } from './host-signs.ts';
import { exchange, type HttpSeen } from './http-exchange.ts';
import { judgeHttp } from './http-situation.ts';
import { denial } from './message-format.ts';
import type { PrecheckOptions } from './txt.ts';
import type { HttpCheck, HttpSaid, PrecheckHttp, WantedFile } from './validation.ts';

/** What a look over HTTP needs beside the DNS: the ports of every host, 80 and 443 or a test world's. */
export interface HttpPrecheckOptions extends PrecheckOptions {
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Where hosts are to lead; nobody knows unless told. */
  readonly goal?: Goal;
}

/** Longest that one look takes, in milliseconds of real time. */
const LOOK_MS = 10_000;
/** Redirects that are followed, as by CAs. */
const MOST_REDIRECTS = 10;
/** Addresses of one host that are asked. */
const MOST_ADDRESSES = 4;

/**
 * Looks at the file of http-01 (RFC 8555 8.3) as a CA will: at every address of the host, redirects followed. No
 * connection goes to an address that is not public: each host is looked up by us, its addresses are classified, and
 * the connection is made to the address itself, again for each redirect. Rejects only with the reason of an aborted
 * signal.
 */
export function createHttpPrecheck(options: HttpPrecheckOptions): PrecheckHttp {
  const memory = { suffixes: new Suffixes(options.clock), servers: new ServerMemory() };
  return async (file, signal) => {
    signal.throwIfAborted();
    const limit = AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]);
    const visit = new Visit(file, options, new IterativeResolver({ ...options, ...memory }, limit), limit);
    const look = await visit.look();
    signal.throwIfAborted();
    return look;
  };
}

/** A place to ask, and how we came there. */
interface Place {
  readonly url: URL;
  readonly path: readonly string[];
}

/** One look at one file. */
class Visit {
  readonly #file: WantedFile;
  readonly #options: HttpPrecheckOptions;
  readonly #walk: IterativeResolver;
  readonly #signal: AbortSignal;
  readonly #seen: HttpSaid[] = [];
  /** Hosts that were looked up, and what their CNAMEs lead to. */
  readonly #names = new Set<string>();
  /** The addresses of the host that was asked first, and what its web server did instead of showing the file. */
  #found: Addresses | undefined;
  #redirect: string | undefined;
  #refusal: string | undefined;

  constructor(file: WantedFile, options: HttpPrecheckOptions, walk: IterativeResolver, signal: AbortSignal) {
    this.#file = file;
    this.#options = options;
    this.#walk = walk;
    this.#signal = signal;
  }

  async look(): Promise<HttpCheck> {
    const url = new URL(this.#file.url);
    const seen = await this.#problemAt({ url, path: [] });
    const { url: at, body } = this.#file;
    const { problem, situation } = await this.#judge(url.hostname, seen);
    const look = { url: at, body, isVisible: problem === undefined, seen: this.#seen };
    const told = problem ?? (await this.#denied());
    return { ...look, ...(told !== undefined && { problem: told }), ...(situation && { situation }) };
  }

  #judge(host: string, problem: string | undefined) {
    const { clock, allow, ipv6, goal = { ours: [], publicNames: [] } } = this.#options;
    const judge = { walk: this.#walk, clock, allow, ipv6, goal };
    const met = { redirect: this.#redirect, refusal: this.#refusal };
    return judgeHttp(judge, { host, found: this.#found, problem, ...met });
  }

  /** What keeps a strict resolver of a CA from a name that was met. */
  async #denied(): Promise<string | undefined> {
    for (const name of this.#names) {
      const denied = await findDenied(this.#walk, name);
      if (denied) return denial(denied);
    }
    return undefined;
  }

  /** What is wrong at a place, at each of its addresses; undefined where all of them show the file. */
  async #problemAt(place: Place): Promise<string | undefined> {
    const { url, path } = place;
    const host = url.hostname;
    const found = await addressesOf(this.#walk, host);
    this.#found ??= found;
    if (found.kind === 'lost')
      return `the address of ${host} could not be looked up: ${found.at === host ? '' : `at ${found.at} `}${found.why}; mend the DNS of ${host}`;
    if (found.kind === 'none')
      return `${host} has no address${found.at === host ? '' : ` (its CNAME leads to ${found.at}, which has none)`}; create an A or AAAA record that leads ${host} to the server or edge that answers for it`;
    for (const name of found.names) this.#names.add(name);
    const barred = found.addresses.find((address) => !isAllowed(address, this.#options.allow));
    if (barred !== undefined)
      return `${host} leads to ${barred}, which is not a public address, so no CA can reach it${came(path)}; lead ${host} to public addresses only`;
    // Where this machine has no IPv6, what is there is the CA's to find out.
    const reachable = found.addresses.filter((address) => this.#options.ipv6 || !address.includes(':'));
    for (const address of reachable.slice(0, MOST_ADDRESSES)) {
      const problem = await this.#problemOf(place, address);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  async #problemOf({ url, path }: Place, address: string): Promise<string | undefined> {
    const port = url.protocol === 'https:' ? this.#options.httpsPort : this.#options.httpPort;
    const seen = await exchange({ url, address, port }, this.#signal);
    this.#seen.push({ url: printable(url.href, 255), address, ...said(seen) });
    const where = `${printable(url.href, 255)} at ${address}${came(path)}`;
    if ('failure' in seen) return failed(url, where, seen.failure);
    this.#redirect ??= redirectWords(url, seen);
    this.#refusal ??= refusalIn(seen.body);
    if (REDIRECTS.includes(seen.status)) return this.#followFrom(url, path, where, seen.location);
    const step = `serve the text "${this.#file.body}" at ${printable(url.href, 255)}, with status 200`;
    if (seen.status !== 200) return `${where} answers HTTP ${seen.status}; ${step}`;
    const isSame = seen.body.trimEnd() === this.#file.body;
    return isSame ? undefined : `${where} shows "${printable(seen.body, 80)}"; ${step}`;
  }

  async #followFrom(
    url: URL,
    path: readonly string[],
    where: string,
    location: string | undefined,
  ): Promise<string | undefined> {
    const next = location === undefined ? null : URL.parse(location, url.href);
    const target = printable(location ?? '', 200);
    const instead = `serve the file at ${printable(url.href, 255)} without a redirect`;
    if (next === null) return `${where} redirects to "${target}", which is no URL; ${instead}`;
    const wrong = wrongTarget(next);
    if (wrong !== undefined) return `${where} redirects to ${target}, ${wrong}; ${instead}`;
    if (path.length >= MOST_REDIRECTS || path.includes(next.href))
      return `${where} redirects in circles or more than ${MOST_REDIRECTS} times; ${instead}`;
    return this.#problemAt({ url: next, path: [...path, url.href] });
  }
}

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** Why a CA does not follow to a URL. */
function wrongTarget({ protocol, port, username, password, hostname }: URL): string | undefined {
  if (protocol !== 'http:' && protocol !== 'https:') return 'which is neither http nor https';
  if (port !== '') return 'which is at another port than 80 for http or 443 for https';
  if (username !== '' || password !== '') return 'which holds a password';
  if (isAddress(hostname) || !isPlainName(hostname)) return 'which is an address or no host name';
  return undefined;
}

function failed(url: URL, where: string, failure: string): string {
  const [scheme, port] = url.protocol === 'https:' ? ['HTTPS', 443] : ['plain HTTP', 80];
  if (failure === 'too long')
    return `${where} answers with more than 1 KiB, which is not the file that was asked for; serve the file alone`;
  return `${where} cannot be read (${failure}); let the whole Internet reach port ${port} of ${url.hostname}, CAs come over ${scheme}`;
}

/** How a redirect led here. */
const came = (path: readonly string[]): string =>
  path.length === 0 ? '' : ` (led there by ${printable(path.at(-1) ?? '', 200)})`;

const said = (seen: HttpSeen): Pick<HttpSaid, 'said'> =>
  'failure' in seen ? { said: seen.failure } : { said: `HTTP ${seen.status}` };
