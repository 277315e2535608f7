import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import type { Clock } from '../kit/clock.ts';
import type { Log } from '../kit/log.ts';
import type { Seconds } from '../kit/time.ts';
import { Background } from './background.ts';
import { authenticate } from './ca/authenticate.ts';
import { keepAuthority, openAuthority } from './ca/authority.ts';
import { resumeValidations } from './ca/challenges.ts';
import type { Answer, CaContext, CaMail, Deliver, Validate } from './ca/context.ts';
import { resumeOrders } from './ca/finalize.ts';
import { type Authority } from './ca/key-pair.ts';
import { Ledger } from './ca/ledger.ts';
import { isMailPage, onMailPage } from './ca/mail-page.ts';
import { refusing, toMessage } from './ca/message.ts';
import { Nonces } from './ca/nonces.ts';
import { Refusal, refusalOf } from './ca/problems.ts';
import { methodNotAllowed, readPublic } from './ca/public-resources.ts';
import type { CaTerms } from './ca/terms.ts';
import { type Exchange, newExchange } from './exchange.ts';
import { FaultScript } from './faults/script.ts';
import { listenOn, readBody } from './http.ts';
import { portsToTry } from './ports.ts';

/** What one CA is made of. */
export interface CaOptions {
  readonly terms: CaTerms;
  /** Folder of its keys and its journal. */
  readonly dir: string;
  readonly clock: Clock;
  readonly validate: Validate;
  /** How it validates by mail; left out: it does not. */
  readonly mail?: CaMail;
  readonly log: Log;
}

/** One CA, listening. */
export class CaServer {
  readonly ledger: Ledger;
  readonly authority: Authority;
  readonly terms: CaTerms;
  /** What it does wrong. */
  readonly faults = new FaultScript();
  readonly #options: CaOptions;
  readonly #server: Server;
  readonly #nonces = new Nonces();
  readonly #later: Background;
  readonly #closing = new AbortController();
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
    this.#closing.abort();
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
    this.ledger.close();
  }

  #newContext(): CaContext {
    const { terms, clock, validate, mail } = this.#options;
    const { authority } = this;
    let signing: ReturnType<CaContext['signing']> | undefined;
    return {
      terms,
      authority,
      clock,
      validate,
      mail,
      ledger: this.ledger,
      url: (path) => `https://127.0.0.1:${authority.port}${path}`,
      signing() {
        signing ??= import('./ca/signing.ts').then(({ openSigning }) => openSigning(authority));
        return signing;
      },
      later: (work, wait = 0) => this.#addLater(work, wait),
    };
  }

  #addLater(work: () => Promise<void>, wait: Seconds): void {
    if (wait === 0) return this.#later.add(work);
    const isDue = this.#options.clock.sleep(wait, this.#closing.signal);
    isDue.then(
      () => this.#later.add(work),
      () => undefined,
    );
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#requests += 1;
    const { method, url } = request;
    try {
      const answer = await this.#answer(request);
      const nonce = method === 'POST' ? this.#newNonce() : undefined;
      const message = toMessage(answer, { directory: this.directory, nonce });
      (answer.deliver ?? deliverWhole)(response, message);
    } catch (error) {
      this.#options.log.error({ err: error, url }, 'an answer of a CA failed');
      response.destroy();
    }
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    try {
      if (isMailPage(request)) return await onMailPage(this.#context, request);
      const body = request.method === 'POST' ? await bodyOf(request) : Buffer.alloc(0);
      const exchange = newExchange(this.#context, request, body, this.#newNonce);
      return await this.faults.run(exchange, (one) => this.#answerUsually(one));
    } catch (error) {
      // Who hung up in the middle is told nothing.
      return this.#refused(error, request.errored ? undefined : request.url);
    }
  }

  async #answerUsually({ ca, method, target, body }: Exchange): Promise<Answer> {
    try {
      if (method === 'POST') return await authenticate(ca, this.#nonces, { target, body });
      if (method !== 'GET' && method !== 'HEAD') throw methodNotAllowed('GET, HEAD, POST');
      return readPublic(ca, method, target, this.#newNonce);
    } catch (error) {
      return this.#refused(error, target);
    }
  }

  #refused(error: unknown, url: string | undefined): Answer {
    if (!(error instanceof Refusal) && url !== undefined)
      this.#options.log.error({ err: error, url }, 'a request to a CA failed');
    const { document, headers } = refusalOf(error);
    return refusing(document, headers);
  }

  readonly #newNonce = (): string => this.#nonces.issue();
}

const deliverWhole: Deliver = (response, { status, headers, content }) => {
  response.writeHead(status, headers).end(content);
};

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
