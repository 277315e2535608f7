/** A small agent: it speaks the protocol of edges with agents, and has no edge. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createHash, type KeyObject, webcrypto } from 'node:crypto';
import { type ClientHttp2Session, connect } from 'node:http2';
import { createInterface } from 'node:readline';
import { connect as connectTls } from 'node:tls';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { type Line, PATHS, type SealedPack, SHAPES, sealedFor } from '../../../src/edge/agent/protocol.ts';
import { parseEdgeToken } from '../../../src/edge/agent/token.ts';
import { newKeyPair, openWith, rawPublicKey } from '../../../src/kit/hpke.ts';
import { toPem } from '../../../src/upload/pem.ts';

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** The keys of an agent. */
export interface AgentKeys {
  readonly csr: string;
  /** PKCS#8 in PEM. */
  readonly key: string;
  readonly sealing: KeyObject;
}

export async function newAgentKeys(): Promise<AgentKeys> {
  const keys = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
  const csr = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=agent',
    keys,
    signingAlgorithm: ECDSA,
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return { csr: csr.toString('pem'), key: toPem('PRIVATE KEY', der), sealing: newKeyPair() };
}

/** What came of a request. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Where an agent is, and what it shows. */
export interface Place {
  readonly address: string;
  readonly ca: string;
  readonly shown?: { readonly certificate: string; readonly key: string } | undefined;
}

/** The CA of a token, as the service shows it. */
async function caOf(token: string): Promise<Place> {
  const { address, caFingerprint } = parseEdgeToken(token);
  const [host = '', port] = address.split(':');
  const socket = connectTls({ host, port: Number(port), rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('secureConnect', resolve).once('error', reject);
  await promise;
  const { raw } = socket.getPeerCertificate(true).issuerCertificate;
  socket.destroy();
  assert.equal(createHash('sha256').update(raw).digest('hex'), caFingerprint);
  return { address, ca: toPem('CERTIFICATE', raw) };
}

/** A connection. */
export class AgentConnection {
  readonly #session: ClientHttp2Session;
  readonly closed: Promise<void>;

  constructor({ address, ca, shown }: Place) {
    const shows = shown && { cert: shown.certificate, key: shown.key };
    this.#session = connect(`https://${address}`, { ca, ...shows, minVersion: 'TLSv1.3', servername: '' });
    this.#session.on('error', () => undefined);
    this.closed = new Promise((resolve) => this.#session.once('close', () => resolve()));
  }

  async ask(method: string, path: string, body?: object): Promise<Answer> {
    const stream = this.#session.request({ ':method': method, ':path': path });
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    stream.once('response', (headers) => resolve(Number(headers[':status'])));
    stream.once('error', reject).once('close', () => reject(new Error('closed')));
    stream.setTimeout(10_000, () => stream.destroy(new Error('late')));
    stream.end(body && JSON.stringify(body));
    const status = await promise;
    let text = '';
    for await (const chunk of stream.setEncoding('utf8')) text += String(chunk);
    return { status, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** What is told, heartbeats left out. */
  async *lines(since?: string): AsyncGenerator<Line> {
    const query = since === undefined ? '' : `?since=${encodeURIComponent(since)}`;
    const stream = this.#session.request({ ':method': 'GET', ':path': PATHS.changes + query });
    stream.on('error', () => undefined);
    try {
      for await (const text of createInterface(stream)) {
        const line: unknown = JSON.parse(text);
        assert(SHAPES.line.Check(line), text.slice(0, 200));
        if (!('heartbeat' in line)) yield line;
      }
    } finally {
      stream.destroy();
    }
  }

  close(): void {
    this.#session.destroy();
  }
}

/** Asks to take an edge up. */
export async function enrol(token: string, keys: AgentKeys): Promise<Answer> {
  const connection = new AgentConnection(await caOf(token));
  const sealingKey = rawPublicKey(keys.sealing).toString('base64');
  const { secret } = parseEdgeToken(token);
  const body = { secret, csr: keys.csr, sealingKey, version: 'test' };
  return connection.ask('POST', PATHS.enrol, body).finally(() => connection.close());
}

/** An agent that took an edge up. */
export interface TestAgent extends Place {
  readonly keys: AgentKeys;
  readonly edgeId: string;
}

/** Takes an edge up. */
export async function enrolled(token: string): Promise<TestAgent> {
  const keys = await newAgentKeys();
  const { status, body } = await enrol(token, keys);
  assert.equal(status, 200, JSON.stringify(body));
  assert(SHAPES.enrolled.Check(body));
  const { address } = parseEdgeToken(token);
  return {
    keys,
    address,
    ca: body.ca,
    shown: { certificate: body.certificate, key: keys.key },
    edgeId: body.edge.id,
  };
}

/** Private keys of a pack, opened. */
export function openedKeys({ keys, edgeId }: TestAgent, { packId, certificates }: SealedPack) {
  return Object.entries(certificates).map(([algorithm, pair]) => ({
    algorithm,
    leaf: pair.leaf,
    key: openWith(
      keys.sealing,
      Buffer.from(pair.sealedKey, 'base64'),
      sealedFor(edgeId, packId, algorithm),
    ).toString(),
  }));
}

/** Reports that all is well. */
export const reportOf = (change: object): object => ({
  proofs: [],
  released: [],
  packs: 0,
  names: 0,
  ...change,
});

/** What an agent is told, gathered. */
export class Gathered {
  readonly names = new Map<string, string>();
  readonly packs = new Map<string, SealedPack>();
  isWhole: boolean | undefined;
  at: string | undefined;
  readonly #lines: AsyncGenerator<Line>;

  constructor(connection: AgentConnection, since?: string) {
    this.#lines = connection.lines(since);
  }

  /** Reads until all is told that was to be, and `is` holds. */
  async until(is: (gathered: Gathered) => boolean = () => true): Promise<void> {
    const late = setTimeout(() => void this.#lines.return(undefined), 20_000);
    try {
      for (;;) {
        const { value, done } = await this.#lines.next();
        assert(!done, 'the stream ended');
        this.#take(value);
        if ('at' in value && is(this)) return;
      }
    } finally {
      clearTimeout(late);
    }
  }

  #take(line: Line): void {
    if ('isWhole' in line) this.isWhole = line.isWhole;
    if ('at' in line) this.at = line.at;
    if (!('names' in line)) return;
    for (const [name, pack] of line.names) this.names.set(name, pack);
    for (const name of line.gone) this.names.delete(name);
    for (const pack of line.packs) this.packs.set(pack.packId, pack);
  }
}
