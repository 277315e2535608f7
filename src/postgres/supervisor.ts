import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from './folders.ts';
import { type Brought, bring, type ServerMeans, shutDown } from './postmaster.ts';
import { isLast, leave, type ServerSession } from './server-session.ts';

/** A server that lived this long begins anew with no wait. */
const CALM_MS = 10_000;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 10_000;

/** Keeps a server up until it is stopped: one that ends by itself is started again, with growing waits. */
export class Supervisor {
  readonly #means: ServerMeans;
  readonly #stopping = new AbortController();
  #session: ServerSession | undefined;
  #heldSince = 0;
  #wait = 0;
  #recovery: Promise<void> = Promise.resolve();
  #end: Promise<void> | undefined;

  constructor(means: ServerMeans) {
    this.#means = means;
  }

  /** Starts the server or adopts it. Throws what `bring` throws. */
  async start(): Promise<Brought> {
    const brought = await bring(this.#means, this.#stopping.signal);
    this.#hold(brought.session);
    this.#means.log(
      `${brought.isAdopted ? 'found' : 'started'} the database (process ${brought.session.pid})`,
    );
    return brought;
  }

  /** Stops the server if nobody else uses it, and lets go of it else. Throws `database_unavailable`. */
  stop(): Promise<void> {
    this.#end ??= this.#stop();
    return this.#end;
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await this.#recovery;
    const session = this.#session;
    if (!session) return;
    try {
      // A server that broke while it was asked has to be looked after by whoever else uses it.
      if (await isLast(session).catch(() => false)) await shutDown(session.pid);
    } finally {
      await leave(session);
    }
  }

  #hold(session: ServerSession): void {
    this.#session = session;
    this.#heldSince = performance.now();
    void session.ended.then(() => this.#lose());
  }

  #lose(): void {
    if (this.#stopping.signal.aborted) return;
    this.#session = undefined;
    const isCalm = performance.now() - this.#heldSince > CALM_MS;
    this.#wait = isCalm ? 0 : Math.min(this.#wait * 2 || FIRST_WAIT_MS, LONGEST_WAIT_MS);
    this.#means.log('the database closed its connection: looking after it');
    this.#recovery = this.#recover();
  }

  async #recover(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await sleep(this.#wait, undefined, { signal });
        const { session, isAdopted } = await bring(this.#means, signal);
        this.#means.log(
          `the database ${isAdopted ? 'answers' : 'was started'} again (process ${session.pid})`,
        );
        return this.#hold(session);
      } catch (error) {
        if (signal.aborted) return;
        this.#wait = Math.min(this.#wait * 2 || FIRST_WAIT_MS, LONGEST_WAIT_MS);
        this.#means.log(`the database is down: ${messageOf(error)}`);
      }
    }
  }
}
