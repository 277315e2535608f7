import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import type { Clock } from '../kit/clock.ts';
import type { Log } from '../kit/log.ts';
import { Background } from './background.ts';
import { authenticate } from './ca/authenticate.ts';
import { keepAuthority, openAuthority } from './ca/authority.ts';
import { resumeValidations } from './ca/challenges.ts';
import type { Answer, CaContext, FetchFile, LookUpTxt } from './ca/context.ts';
import { resumeOrders } from './ca/finalize.ts';
import { type Authority } from './ca/key-pair.ts';
import { Ledger } from './ca/ledger.ts';
import { Nonces } from './ca/nonces.ts';
import { Refusal, refusalOf } from './ca/problems.ts';
import { PROFILES } from './ca/profiles.ts';
import { renewalInfo } from './ca/renewal.ts';
import type { CaTerms } from './ca/terms.ts';
import { listenOn, readBody } from './http.ts';
import { portsToTry } from './ports.ts';

/** What one CA is made of. */
export interface CaOptions {
  readonly terms: CaTerms;
  /** Folder of its keys and its journal. */
  readonly dir: string;
  readonly clock: Clock;
  readonly lookUpTxt: LookUpTxt;
  readonly fetchFile: FetchFile;
  readonly log: Log;
}

/** One CA, listening. */
export class CaServer {
  readonly ledger: Ledger;
  readonly authority: Authority;
  readonly terms: CaTerms;
  readonly #options: CaOptions;
  readonly #server: Server;
  readonly #nonces = new Nonces();
  readonly #later: Background;
  readonly #context: CaContext;
  #requests = 0;

  /** Opens the CA of a folder, or makes it, and serves it; what it was at when it ended goes on. */
  static async start(options: CaOptions): Promise<CaServer> {
    const known = await openAuthority(options.dir, options.terms);
    const server = createServer({ key: known.tls.key, cert: known.tls.pem, ...TIME_LIMITS });
    const port = await listenAgain(server, known.port);
    const authority = { ...known, port };
    if (port !== known.port) await keepAuthority(options.dir, authority);
    return new CaServer(options, authority, server);
  }

  private constructor(options: CaOptions, authority: Authority, server: Server) {
    this.#options = options;
    this.authority = authority;
    this.terms = options.terms;
    this.ledger = new Ledger(join(options.dir, 'journal.jsonl'));
    this.#later = new Background((error) =>
      options.log.error({ err: error, ca: this.terms.name }, 'work of a CA failed'),
    );
    this.#context = this.#newContext();
    this.#server = server;
    server.on('request', (request, response) => void this.#serve(request, response));
    resumeValidations(this.#context);
    resumeOrders(this.#context);
  }

  /** URL of its directory (RFC 8555 7.1.1). */
  get directory(): string {
    return this.#context.url('/directory');
  }

  /** Requests served since the start. */
  get requests(): number {
    return this.#requests;
  }

  /** Loads what the first certificate would wait for. */
  async warmUp(): Promise<void> {
    await this.#context.signing();
  }

  async close(): Promise<void> {
    this.#later.close();
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
    this.ledger.close();
  }

  #newContext(): CaContext {
    const { terms, clock, lookUpTxt, fetchFile } = this.#options;
    const { authority } = this;
    let signing: ReturnType<CaContext['signing']> | undefined;
    return {
      terms,
      authority,
      clock,
      lookUpTxt,
      fetchFile,
      ledger: this.ledger,
      url: (path) => `https://127.0.0.1:${authority.port}${path}`,
      signing() {
        signing ??= import('./ca/signing.ts').then(({ openSigning }) => openSigning(authority));
        return signing;
      },
      later: (work) => this.#later.add(work),
    };
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#requests += 1;
    try {
      this.#write(request, response, await this.#answer(request));
    } catch (error) {
      if (!(error instanceof Refusal) && !request.errored)
        this.#options.log.error({ err: error, url: request.url }, 'a request to a CA failed');
      this.#write(request, response, refused(refusalOf(error)));
    }
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const target = request.url ?? '/';
    if (request.method === 'POST')
      return authenticate(this.#context, this.#nonces, { target, body: await bodyOf(request) });
    if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed('GET, HEAD, POST');
    return this.#read(request.method, target);
  }

  /** What is read without a signature. */
  #read(method: 'GET' | 'HEAD', target: string): Answer {
    if (target === '/directory') return { status: 200, body: this.#directoryBody() };
    if (target === '/acme/new-nonce')
      return { status: method === 'HEAD' ? 200 : 204, headers: this.#nonce() };
    if (target === '/terms')
      return { status: 200, body: { terms: 'These certificates are for trials. No browser trusts them.' } };
    const [, renewalId] = /^\/acme\/renewal-info\/([\w.-]{3,200})$/.exec(target) ?? [];
    if (renewalId !== undefined) return renewalInfo(this.#context, renewalId);
    if (target.startsWith('/acme/')) throw methodNotAllowed('POST');
    throw new Refusal('malformed', 'there is no such resource', { status: 404 });
  }

  #nonce = () => ({ 'replay-nonce': this.#nonces.issue() });

  #directoryBody() {
    const url = (path: string) => this.#context.url(path);
    return {
      newNonce: url('/acme/new-nonce'),
      newAccount: url('/acme/new-account'),
      newOrder: url('/acme/new-order'),
      revokeCert: url('/acme/revoke-cert'),
      keyChange: url('/acme/key-change'),
      renewalInfo: url('/acme/renewal-info'),
      meta: {
        termsOfService: url('/terms'),
        website: url('/terms'),
        caaIdentities: [this.terms.caaIdentity],
        externalAccountRequired: this.terms.demandsBinding,
        profiles: Object.fromEntries(Object.entries(PROFILES).map(([name, { says }]) => [name, says])),
      },
    };
  }

  #write(request: IncomingMessage, response: ServerResponse, { status, headers, body, pem }: Answer): void {
    const links = [`<${this.directory}>;rel="index"`, ...(headers?.['link'] ? [headers['link']] : [])];
    const content = pem ?? (body === undefined ? '' : JSON.stringify(body));
    response.writeHead(status, {
      'cache-control': 'no-store',
      ...(content === ''
        ? {}
        : { 'content-type': pem ? 'application/pem-certificate-chain' : 'application/json' }),
      ...(status === 204 ? {} : { 'content-length': Buffer.byteLength(content) }),
      ...(request.method === 'POST' ? this.#nonce() : {}),
      ...headers,
      link: links,
    });
    response.end(request.method === 'HEAD' ? undefined : content);
  }
}

/** Milliseconds that a client may take; idle connections are kept long enough for the next poll. */
const TIME_LIMITS = { requestTimeout: 10_000, headersTimeout: 10_000, keepAliveTimeout: 30_000 } as const;

/** In bytes: the largest request, with a CSR for 100 names, is far below it. */
const LONGEST_BODY = 128 * 1_024;

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  if (request.headers['content-type'] !== 'application/jose+json') {
    throw new Refusal('malformed', 'content-type must be application/jose+json', { status: 415 });
  }
  const body = await readBody(request, LONGEST_BODY);
  if (body) return body;
  throw new Refusal('malformed', 'the request is too long', {
    status: 413,
    headers: { connection: 'close' },
  });
}

const methodNotAllowed = (allow: string): Refusal =>
  new Refusal('malformed', `this resource takes ${allow}`, { status: 405, headers: { allow } });

const refused = ({ document, headers }: Refusal): Answer => ({
  status: document.status,
  headers: { 'content-type': 'application/problem+json', ...headers },
  body: document,
});

/** The port of last time, so that its URLs stay; another one where somebody has it now. */
async function listenAgain(server: Server, known: number): Promise<number> {
  const ports = known === 0 ? portsToTry() : [known, ...portsToTry()];
  for (const port of ports) {
    try {
      return await listenOn(server, port);
    } catch {
      // Taken: the next one.
    }
  }
  return listenOn(server, 0);
}
