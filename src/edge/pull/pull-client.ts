import { Agent, get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Deadline } from '../../kit/deadline.ts';
import type { Log } from '../../kit/log.ts';
import type { Seconds } from '../../kit/time.ts';
import type { Environment } from '../../pack/pack.ts';
import type { NamedBy, ServedFile, ServedPack } from '../edge.ts';
import { Tally } from '../tally.ts';
import { toHosts, toServedFile, toServedPack } from './pull-schema.ts';

/** The pack that serves a name; `unknown` when none does, `unreachable` when the service cannot tell now. */
export type PullAnswer = ServedPack | 'unknown' | 'unreachable';

/** What came of a question to the service. */
export type PullOutcome = (typeof OUTCOMES)[number];
export const OUTCOMES = ['found', 'unknown', 'unreachable'] as const;

export interface PullClientOptions {
  /** Path of the service's unix socket. */
  readonly path: string;
  readonly environment: Environment;
  /** Name of the edge in the service's configuration; undefined: it is nowhere, and gets nothing that is restricted. */
  readonly edge?: string | undefined;
  readonly log: Log;
  /** Time for one answer; 2 s when left out. */
  readonly deadline?: Seconds;
  /** Silence after which the stream of changes counts as lost; 15 s when left out. */
  readonly silence?: Seconds;
}

/** What is made of the stream of changes. */
export interface Follower {
  /** From here on every change is told. */
  live(): void;
  /** From here on changes may be missed, until `live` is called again. */
  lost(): void;
  /** Something changed for these hosts; wildcards as they are. */
  changed(hosts: readonly string[]): void;
}

const MOST_BODY_BYTES = 262_144;
const MOST_LINE_LENGTH = 1_048_576;

/** The bundled edge's side of the pull listener. */
export class PullClient {
  readonly #options: PullClientOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 32, timeout: 30_000 });
  readonly #closing = new AbortController();
  readonly #tallies = { certificates: new Tally(OUTCOMES), files: new Tally(OUTCOMES) };
  #following: Promise<void> = Promise.resolve();
  #isLive = false;
  #failures = 0;

  constructor(options: PullClientOptions) {
    this.#options = options;
  }

  /** Asks which pack serves `name`. Never rejects. */
  load(name: string, by: NamedBy = 'name'): Promise<PullAnswer> {
    const { edge } = this.#options;
    const about = { name, ...(by === 'address' && { by }), ...(edge !== undefined && { edge }) };
    return this.#ask('certificates', about, toServedPack);
  }

  /** Asks for the text that shows control of `name` at `path`. Never rejects. */
  file(name: string, path: string): Promise<ServedFile | 'unknown' | 'unreachable'> {
    return this.#ask('files', { name, path }, toServedFile);
  }

  /** What was asked for since the start, and what came of it. */
  get counts() {
    const { certificates, files } = this.#tallies;
    return { certificates: certificates.counts, files: files.counts };
  }

  /** Follows the changes until `close`; a lost stream is opened again after 0.1 s to 5 s. */
  follow(follower: Follower): void {
    this.#following = this.#followAll(follower);
  }

  /** Ends every exchange and resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#agent.destroy();
    await this.#following;
  }

  async #ask<T extends object>(
    what: 'certificates' | 'files',
    about: Readonly<Record<string, string>>,
    read: (body: string) => T | undefined,
  ): Promise<T | 'unknown' | 'unreachable'> {
    const answer = await this.#answerTo(what, about, read);
    this.#tallies[what].add(typeof answer === 'string' ? answer : 'found');
    return answer;
  }

  async #answerTo<T extends object>(
    what: string,
    about: Readonly<Record<string, string>>,
    read: (body: string) => T | undefined,
  ): Promise<T | 'unknown' | 'unreachable'> {
    const { environment, deadline = 2, log } = this.#options;
    using limit = new Deadline(deadline);
    const signal = AbortSignal.any([this.#closing.signal, limit.signal]);
    const path = `/v1/${what}?${new URLSearchParams({ environment, ...about }).toString()}`;
    try {
      const response = await this.#get(path, { agent: this.#agent, signal });
      const body = await readBody(response);
      // A name that the service takes for none, e.g. an older one, is served by no pack of it.
      if (response.statusCode === 404 || response.statusCode === 400) return 'unknown';
      return (response.statusCode === 200 ? read(body) : undefined) ?? 'unreachable';
    } catch (error) {
      log.debug({ ...about, code: codeOf(error) }, 'edge: the service did not answer');
      return 'unreachable';
    }
  }

  async #get(path: string, { agent, signal }: Lane): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const { silence = 15 } = this.#options;
    const socketPath = this.#options.path;
    const request = get(
      { socketPath, path, signal, agent: agent ?? false, timeout: silence * 1_000 },
      resolve,
    );
    request.on('timeout', () => request.destroy());
    request.on('error', reject);
    try {
      return await promise;
    } catch (error) {
      // The service may close an idle connection at the moment it is used again.
      const isStale = request.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(codeOf(error));
      if (isStale) return this.#get(path, { agent: undefined, signal });
      throw error;
    }
  }

  async #followAll(follower: Follower): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const code = await this.#followOnce(follower).catch(codeOf);
      if (this.#isLive) {
        this.#isLive = false;
        follower.lost();
        if (!signal.aborted) this.#options.log.warn({ code }, 'edge: lost the service, all is stale');
      }
      const pause = Math.min(5_000, 100 * 2 ** this.#failures++) * (0.5 + Math.random() / 2);
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  async #followOnce(follower: Follower): Promise<string> {
    const path = `/v1/changes?environment=${this.#options.environment}`;
    const response = await this.#get(path, { agent: undefined, signal: this.#closing.signal });
    if (response.statusCode !== 200) {
      response.destroy();
      return `status ${response.statusCode}`;
    }
    for await (const line of linesOf(response)) this.#take(line, follower);
    return 'ended';
  }

  #take(line: string, follower: Follower): void {
    const hosts = toHosts(line);
    if (hosts.length > 0) follower.changed(hosts);
    if (this.#isLive) return;
    this.#isLive = true;
    this.#failures = 0;
    this.#options.log.info('edge: follows the changes of the service');
    follower.live();
  }
}

interface Lane {
  /** Connections to use again; undefined for one of its own. */
  readonly agent: Agent | undefined;
  readonly signal: AbortSignal;
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BODY_BYTES) throw new RangeError('answer too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length > MOST_LINE_LENGTH) throw new RangeError('line too long');
  }
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  return error instanceof Error ? error.name : 'unknown';
}
