import { createHash, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import type { SimulatedCa } from '../../../src/simulator/simulator.ts';
import { type CsrKey, newCsr } from './new-csr.ts';

/** What an ACME server answers, as far as tests look at it. */
export interface AcmeBody {
  readonly status?: string;
  readonly type?: string;
  readonly detail?: string;
  readonly expires?: string;
  readonly authorizations?: readonly string[];
  readonly orders?: readonly string[];
  readonly finalize?: string;
  readonly certificate?: string;
  readonly notAfter?: string;
  readonly contact?: readonly string[];
  readonly identifier?: { readonly value: string };
  readonly wildcard?: boolean;
  readonly challenges?: readonly AcmeChallenge[];
  readonly error?: AcmeBody;
  readonly subproblems?: readonly AcmeBody[];
  readonly newNonce?: string;
  readonly newAccount?: string;
  readonly newOrder?: string;
  readonly meta?: Readonly<Record<string, unknown>>;
}

interface AcmeChallenge {
  readonly url: string;
  readonly token: string;
  readonly status: string;
  readonly error?: AcmeBody;
}

/** One HTTP answer. */
export interface AcmeReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly body: AcmeBody;
}

/** What of a request a test makes wrong. */
export interface Tampering {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly nonce?: string;
  readonly contentType?: string;
  /** Members of the JWS itself. */
  readonly jws?: Readonly<Record<string, unknown>>;
}

/** A small client that shares no code with the server: each JWS is put together by hand. */
export class AcmeClient {
  readonly key: KeyObject;
  readonly publicJwk: Readonly<Record<string, unknown>>;
  kid: string | undefined;
  directory: AcmeBody = {};
  readonly #agent: Agent;
  #nonce = '';

  private constructor(ca: SimulatedCa, type: 'ec' | 'rsa') {
    const pair =
      type === 'ec'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('rsa', { modulusLength: 2_048 });
    this.key = pair.privateKey;
    this.publicJwk = { ...pair.publicKey.export({ format: 'jwk' }) };
    this.#agent = new Agent({ ca: ca.rootPem, keepAlive: true });
  }

  /** Without an account yet. */
  static async connect(ca: SimulatedCa, type: 'ec' | 'rsa' = 'ec'): Promise<AcmeClient> {
    const client = new AcmeClient(ca, type);
    client.directory = (await client.send('GET', ca.directory)).body;
    return client;
  }

  /** With an account, bound where the CA wants it. */
  static async register(ca: SimulatedCa, type: 'ec' | 'rsa' = 'ec'): Promise<AcmeClient> {
    const client = await AcmeClient.connect(ca, type);
    const reply = await client.newAccount(ca.eab ? { externalAccountBinding: client.binding(ca.eab) } : {});
    if (reply.status !== 201) throw new Error(reply.text);
    return client;
  }

  async newAccount(payload: Readonly<Record<string, unknown>>): Promise<AcmeReply> {
    const whole = { termsOfServiceAgreed: true, ...payload };
    const reply = await this.post(this.directory.newAccount ?? '', whole);
    if (reply.status < 300) this.kid = String(reply.headers['location']);
    return reply;
  }

  binding(
    { kid, hmacKey }: { readonly kid: string; readonly hmacKey: string },
    url = this.directory.newAccount,
  ) {
    const head = base64url(JSON.stringify({ alg: 'HS256', kid, url }));
    const payload = base64url(JSON.stringify(this.publicJwk));
    const mac = createHmac('sha256', Buffer.from(hmacKey, 'base64url')).update(`${head}.${payload}`);
    return { protected: head, payload, signature: mac.digest('base64url') };
  }

  /** A signed request; no payload makes it a POST-as-GET. */
  async post(url: string, payload?: unknown, tampering: Tampering = {}): Promise<AcmeReply> {
    const nonce = tampering.nonce ?? (this.#nonce || (await this.freshNonce()));
    this.#nonce = '';
    const body = JSON.stringify({
      ...this.#signed({ nonce, url, ...tampering.header }, payload),
      ...tampering.jws,
    });
    const contentType = tampering.contentType ?? 'application/jose+json';
    const reply = await this.send('POST', url, { body, contentType });
    this.#nonce = String(reply.headers['replay-nonce'] ?? '');
    const isStale = said(reply) === '400 badNonce' && Object.keys(tampering).length === 0;
    return isStale ? this.post(url, payload, { nonce: this.#nonce }) : reply;
  }

  #signed(header: Readonly<Record<string, unknown>>, content: unknown) {
    const alg = this.key.asymmetricKeyType === 'rsa' ? 'RS256' : 'ES256';
    const by = this.kid ? { kid: this.kid } : { jwk: this.publicJwk };
    const head = base64url(JSON.stringify({ alg, ...by, ...header }));
    const payload = content === undefined ? '' : base64url(JSON.stringify(content));
    const key = { key: this.key, dsaEncoding: 'ieee-p1363' } as const;
    const signature = sign('sha256', Buffer.from(`${head}.${payload}`), key).toString('base64url');
    return { protected: head, payload, signature };
  }

  async freshNonce(): Promise<string> {
    const reply = await this.send('HEAD', this.directory.newNonce ?? '');
    return String(reply.headers['replay-nonce']);
  }

  /** One HTTP request. */
  async send(method: string, url: string, { body = '', contentType = '' } = {}): Promise<AcmeReply> {
    const options: RequestOptions = { method, agent: this.#agent, signal: AbortSignal.timeout(10_000) };
    const sent = httpsRequest(url, {
      ...options,
      headers: contentType ? { 'content-type': contentType } : {},
    });
    sent.end(body);
    const [response] = await once(sent, 'response');
    let text = '';
    for await (const part of response) text += part;
    const { statusCode: status, headers } = response;
    const parsed: AcmeBody = /json/.test(headers['content-type'] ?? '') && text ? JSON.parse(text) : {};
    return { status, headers, text, body: parsed };
  }

  async order(names: readonly string[], more: Readonly<Record<string, unknown>> = {}): Promise<AcmeReply> {
    const identifiers = names.map((value) => ({ type: 'dns', value }));
    return this.post(this.directory.newOrder ?? '', { identifiers, ...more });
  }

  /** The TXT value that answers a challenge (RFC 8555 8.4). */
  txtValue(token: string): string {
    const { crv, e, kty, n, x, y } = this.publicJwk;
    const canonical = kty === 'EC' ? { crv, kty, x, y } : { e, kty, n };
    const thumbprint = createHash('sha256').update(JSON.stringify(canonical)).digest('base64url');
    return createHash('sha256').update(`${token}.${thumbprint}`).digest('base64url');
  }

  /** Asks until the object is in none of the passing statuses. */
  async settled(url: string): Promise<AcmeBody> {
    for (let tries = 0; tries < 400; tries++) {
      const { body } = await this.post(url);
      const isPassing = body.status === 'processing' || body.challenges?.[0]?.status === 'processing';
      if (!isPassing) return body;
      await pause(10);
    }
    throw new Error(`${url} did not settle`);
  }

  /** Publishes the records of an order by `publish` and has them validated; gives the authorizations. */
  async prove(order: AcmeBody, publish: Publish): Promise<AcmeBody[]> {
    const urls = order.authorizations ?? [];
    const open = await Promise.all(urls.map(async (url) => (await this.post(url)).body));
    const values = new Map<string, string[]>();
    for (const one of open) {
      const name = `_acme-challenge.${one.identifier?.value}`;
      values.set(name, [...(values.get(name) ?? []), this.txtValue(challengeOf(one).token)]);
    }
    for (const [name, texts] of values) await publish(name, texts);
    const pending = open.filter(({ status }) => status === 'pending');
    for (const one of pending) await this.post(challengeOf(one).url, {});
    return Promise.all(urls.map((url) => this.settled(url)));
  }

  /** Finalizes a ready order and gives its chain in PEM. */
  async certificate(order: AcmeBody, names: readonly string[], type: CsrKey = 'ec'): Promise<string> {
    const finalized = await this.post(order.finalize ?? '', { csr: await newCsr(names, { type }) });
    if (finalized.status !== 200) throw new Error(finalized.text);
    const { certificate, error } = await this.settled(String(finalized.headers['location']));
    if (!certificate) throw new Error(JSON.stringify(error));
    return (await this.post(certificate)).text;
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Status and the last part of the problem's type, e.g. `400 badNonce`. */
export const said = ({ status, body }: AcmeReply): string =>
  `${status} ${body.type?.split(':').at(-1) ?? ''}`;

type Publish = (name: string, values: readonly string[]) => Promise<unknown>;

/** The challenge of an authorization. */
export function challengeOf({ challenges: [challenge] = [] }: AcmeBody): AcmeChallenge {
  if (challenge) return challenge;
  throw new Error('the authorization has no challenge');
}

const base64url = (text: string): string => Buffer.from(text).toString('base64url');
