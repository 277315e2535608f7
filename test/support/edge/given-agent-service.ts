/** For tests of agents: a service that speaks the protocol, says what a test wants, and remembers what it was told. */
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createSecureServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import {
  type AgentEdge,
  PATHS,
  type Report,
  type SealedPack,
  sealedFor,
} from '../../../src/edge/agent/protocol.ts';
import { type EdgeToken } from '../../../src/edge/agent/token.ts';
import type { ServedPack } from '../../../src/edge/edge.ts';
import { toTlsShape } from '../../../src/edge/tls-shape.ts';
import { sealFor } from '../../../src/kit/hpke.ts';
import { ALGORITHMS } from '../../../src/pack/pack.ts';
import { type GivenAuthority, givenAuthority, type Validity } from './given-authority.ts';
import { fingerprintIn } from './given-service.ts';

export interface Ending {
  after(end: () => void | Promise<void>): void;
}

/** Answers a question in another way than the service does. */
type Answer = (
  body: string,
  stream: ServerHttp2Stream,
) => object | number | undefined | Promise<object | number>;

export class GivenAgentService {
  readonly authority: GivenAuthority;
  readonly edge: AgentEdge = { id: randomUUID(), name: 'fra-1', kind: 'bundled', environment: 'production' };
  /** What serves each name. */
  readonly names = new Map<string, string>();
  readonly packs = new Map<string, SealedPack>();
  readonly reports: Report[] = [];
  /** Cursors that were asked for. */
  readonly since: (string | undefined)[] = [];
  /** Ids that were asked for, a list a question. */
  readonly asked: string[][] = [];
  /** What is answered in place of what it answers by itself, by path. */
  readonly answers = new Map<string, Answer>();
  /** Validity of what is certified next. */
  valid: Validity | undefined;
  renewOn = new Date(Date.now() + 86_400_000);
  sealingKey = Buffer.alloc(0);
  secret = 's'.repeat(43);
  port = 0;
  renewals = 0;
  #cursor = 0;
  #streams = new Set<ServerHttp2Stream>();
  #sessions = new Set<ServerHttp2Session>();
  #server: ReturnType<typeof createSecureServer> | undefined;

  constructor(authority: GivenAuthority) {
    this.authority = authority;
  }

  get token(): EdgeToken {
    const { secret, authority } = this;
    return { address: `127.0.0.1:${this.port}`, caFingerprint: authority.fingerprint, secret };
  }

  /** Listens, on the port of before where it did. */
  async start(valid?: Validity): Promise<void> {
    const { cert, key } = await this.authority.server(valid);
    const ca = this.authority.certificate;
    const server = createSecureServer({
      cert,
      key,
      ca,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
    });
    server.on('session', (session) => {
      this.#sessions.add(session);
      session.on('error', () => undefined);
    });
    server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      void this.#answer(stream, URL.parse(headers[':path'] ?? '', 'https://service') ?? new URL('x:'));
    });
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    this.port = typeof address === 'object' && address ? address.port : 0;
    this.#server = server;
  }

  /** Ends all at once, as a killed one does. */
  stop(): void {
    for (const session of this.#sessions) session.destroy();
    this.#sessions.clear();
    this.#streams.clear();
    this.#server?.close();
    this.#server = undefined;
  }

  /** Ends connections; it goes on listening. */
  cut(): void {
    for (const session of this.#sessions) session.destroy();
    this.#sessions.clear();
    this.#streams.clear();
  }

  get isFollowed(): boolean {
    return this.#streams.size > 0;
  }

  /** A pack, sealed to the edge, that serves its names from the next line on. */
  add(pack: ServedPack, packId: string = randomUUID()): SealedPack {
    const sealed = this.seal(pack, packId);
    this.packs.set(packId, sealed);
    for (const name of pack.hosts) this.names.set(name, packId);
    return sealed;
  }

  seal(pack: ServedPack, packId: string, edgeId = this.edge.id): SealedPack {
    const certificates: SealedPack['certificates'] = {};
    for (const algorithm of ALGORITHMS) {
      const { chain, key } = pack.certificates[algorithm] ?? { chain: '', key: '' };
      const sealed = sealFor(this.sealingKey, Buffer.from(key), sealedFor(edgeId, packId, algorithm));
      certificates[algorithm] = {
        chain,
        leaf: fingerprintIn(pack, algorithm),
        sealedKey: sealed.toString('base64'),
      };
    }
    const leaves = ALGORITHMS.map((algorithm) => fingerprintIn(pack, algorithm)).join(' ');
    const { tls } = pack;
    const digest = createHash('sha256')
      .update(`${leaves}${JSON.stringify(tls)}`)
      .digest('hex')
      .slice(0, 32);
    return { packId, digest, certificates, ...(tls && { tls: toTlsShape(tls) }) };
  }

  /** Lines of what serves these names now, with their packs, and a cursor. */
  tell(names: readonly string[], isWith = true): string {
    this.say({ ...this.lineOf(names, isWith) });
    const at = this.#next();
    this.say({ at });
    return at;
  }

  lineOf(names: readonly string[], isWith: boolean): object {
    const served = names.filter((name) => this.names.has(name));
    const ids = [...new Set(served.map((name) => this.names.get(name) ?? ''))];
    return {
      names: served.map((name) => [
        name,
        this.names.get(name),
        this.packs.get(this.names.get(name) ?? '')?.digest,
      ]),
      gone: names.filter((name) => !this.names.has(name)),
      packs: isWith ? ids.flatMap((id) => this.packs.get(id) ?? []) : [],
    };
  }

  /** Anything, to all who follow. */
  say(line: object | string): void {
    for (const stream of this.#streams)
      stream.write(typeof line === 'string' ? line : `${JSON.stringify(line)}\n`);
  }

  /** The latest proof of a pack that was reported. */
  proofOf(packId: string) {
    return this.reports.flatMap(({ proofs }) => proofs).findLast((proof) => proof.packId === packId);
  }

  get released(): string[] {
    return this.reports.flatMap(({ released }) => released);
  }

  #next(): string {
    this.#cursor += 1;
    return new Date(1_800_000_000_000 + this.#cursor).toISOString();
  }

  async #answer(stream: ServerHttp2Stream, url: URL): Promise<void> {
    const body = (
      await stream
        .setEncoding('utf8')
        .toArray()
        .catch(() => [])
    ).join('');
    const answer = this.answers.get(url.pathname) ?? OWN[url.pathname];
    const said =
      url.pathname === PATHS.changes && !this.answers.has(PATHS.changes)
        ? this.#follow(stream, url)
        : await answer?.call(this, body, stream, this, url);
    if (said === undefined || stream.destroyed) return;
    const status = typeof said === 'number' ? said : 200;
    stream.respond({ ':status': status });
    stream.end(JSON.stringify(typeof said === 'number' ? { error: `said ${said}` } : said));
  }

  #follow(stream: ServerHttp2Stream, url: URL): undefined {
    const since = url.searchParams.get('since') ?? undefined;
    this.since.push(since);
    this.open(stream, since === undefined);
    if (since === undefined) stream.write(`${JSON.stringify(this.lineOf([...this.names.keys()], false))}\n`);
    stream.write(`${JSON.stringify({ at: this.#next() })}\n`);
  }

  /** Begins a stream of changes. */
  open(stream: ServerHttp2Stream, isWhole: boolean): void {
    stream.respond({ ':status': 200 });
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
    stream.write(`${JSON.stringify({ isWhole, edge: this.edge })}\n`);
  }
}

type Own = (
  body: string,
  stream: ServerHttp2Stream,
  service: GivenAgentService,
  url: URL,
) => ReturnType<Answer>;

const OWN: Readonly<Record<string, Own | undefined>> = {
  [PATHS.enrol]: async (body, _stream, service) => {
    const { secret, csr, sealingKey } = JSON.parse(body);
    if (secret !== service.secret) return 403;
    service.sealingKey = Buffer.from(sealingKey, 'base64');
    return { ...(await certified(service, csr)), edge: service.edge };
  },
  [PATHS.certificate]: async (body, _stream, service) => {
    service.renewals += 1;
    return certified(service, JSON.parse(body).csr);
  },
  [PATHS.packs]: (body, _stream, service) => {
    const { packs }: { packs: string[] } = JSON.parse(body);
    service.asked.push(packs);
    return { packs: packs.flatMap((id) => service.packs.get(id) ?? []) };
  },
  [PATHS.reports]: (body, _stream, service) => {
    service.reports.push(JSON.parse(body));
    return {};
  },
  [PATHS.files]: (_body, _stream, _service, url) =>
    url.searchParams.get('name') === 'a.example.com' ? { body: 'shown' } : 404,
};

const certified = async ({ authority, valid, renewOn }: GivenAgentService, csr: string) => ({
  certificate: await authority.agent(csr, valid),
  ca: authority.certificate,
  renewOn: renewOn.toISOString(),
});

const authorities = new Map<string, Promise<GivenAuthority>>();

/** Starts one. The test ends it. */
export async function givenAgentService(t: Ending): Promise<GivenAgentService> {
  const made = authorities.get('one') ?? givenAuthority();
  authorities.set('one', made);
  const service = new GivenAgentService(await made);
  await service.start();
  t.after(() => service.stop());
  return service;
}
