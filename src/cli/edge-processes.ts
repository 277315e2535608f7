/**
 * Several processes of one edge, and one that only begins and ends them. They accept from one listening socket, which stays when any
 * of them ends, so that no client is refused when others take their place (SO_REUSEPORT would reset what a socket that is closed
 * has not accepted yet).
 */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BundledEdgeStats, sumOfStats } from '../edge/bundled/edge-stats.ts';
import { Fault } from '../kit/fault.ts';
import type { Log } from '../kit/log.ts';

/** How often a process tells what it counted. */
const TELL_MS = 1_000;
/** How long one that ended by itself is left alone. */
const REST_MS = 1_000;

/** In one of them: tells the first that it is ready, and what it counts; the function that is returned does so a last time. */
export function tellPrimary(stats: () => BundledEdgeStats): () => Promise<void> {
  const tell = (told?: () => void) =>
    process.send?.({ stats: stats() }, undefined, undefined, told ?? ignored);
  tell();
  const timer = setInterval(() => tell(), TELL_MS).unref();
  return async () => {
    clearInterval(timer);
    const { promise, resolve } = Promise.withResolvers<void>();
    tell(() => resolve());
    await promise;
  };
}

export class EdgeProcesses {
  readonly #count: number;
  readonly #log: Log;
  /** Those that run, each with what it told last. */
  readonly #running = new Map<Worker, BundledEdgeStats | undefined>();
  /** Those that are being ended. */
  readonly #leaving = new Set<Worker>();
  /** What those counted that ended. */
  #ended: BundledEdgeStats | undefined;
  #turn: Promise<void> = Promise.resolve();
  #isClosing = false;

  constructor(count: number, log: Log) {
    this.#count = count;
    this.#log = log;
    cluster.schedulingPolicy = cluster.SCHED_NONE;
  }

  /** Resolves when all are ready. Throws `configuration` where one ends instead; it has said why. */
  async start(): Promise<void> {
    if ((await this.#begin()) || this.#isClosing) return;
    await this.close();
    throw new Fault('configuration', 'a process of the edge ended before it was ready: its log says why');
  }

  /** New ones, then the old ones end; where a new one does not come up the old ones stay. Never rejects. */
  replace(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#replace());
    return this.#turn;
  }

  /** What all of them counted since the start, as they told last. */
  stats(): BundledEdgeStats {
    return sumOfStats(
      [...this.#running.values()].filter((one) => one !== undefined),
      this.#ended,
    );
  }

  /** Ends all, each when its connections have ended or its time is over. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all([...this.#running.keys()].map((worker) => this.#end(worker)));
  }

  async #replace(): Promise<void> {
    if (this.#isClosing) return;
    const old = [...this.#running.keys()].filter((worker) => !this.#leaving.has(worker));
    const isReady = await this.#begin();
    const fresh = [...this.#running.keys()].filter((worker) => !old.includes(worker));
    this.#log.info({ isReady }, isReady ? 'edge: new processes serve' : 'edge: the old processes stay');
    for (const worker of isReady ? old : fresh) void this.#end(worker);
  }

  /** Begins as many as there are to be; whether all are ready. */
  async #begin(): Promise<boolean> {
    const ready = await Promise.all(Array.from({ length: this.#count }, () => this.#fork()));
    return ready.every(Boolean);
  }

  async #fork(): Promise<boolean> {
    const worker = cluster.fork();
    this.#running.set(worker, undefined);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    worker.on('message', (message: unknown) => {
      if (!isStatsMessage(message)) return;
      this.#running.set(worker, message.stats);
      resolve(true);
    });
    worker.on('error', (err) => this.#log.error({ err }, 'edge: a process'));
    worker.once('exit', (code, signal) => {
      resolve(false);
      void this.#exited(worker, `${code ?? signal}`);
    });
    return promise;
  }

  async #exited(worker: Worker, how: string): Promise<void> {
    const stats = this.#running.get(worker);
    this.#running.delete(worker);
    if (stats) this.#ended = sumOfStats([], this.#ended, stats);
    if (this.#leaving.delete(worker) || this.#isClosing || !stats) return;
    this.#log.error({ how }, 'edge: a process ended, and is begun again');
    await sleep(REST_MS);
    while (!this.#isClosing && !(await this.#fork())) await sleep(REST_MS);
  }

  async #end(worker: Worker): Promise<void> {
    if (worker.isDead()) return;
    this.#leaving.add(worker);
    const exited = once(worker, 'exit');
    worker.process.kill('SIGTERM');
    await exited;
  }
}

/** Without a callback a first process that is gone would be an error of this one, which ends by itself then. */
const ignored = (): void => undefined;

const isStatsMessage = (message: unknown): message is { readonly stats: BundledEdgeStats } =>
  typeof message === 'object' && message !== null && 'stats' in message;
