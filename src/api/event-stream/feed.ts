/** Reads the events of packs for all streams of this process, one statement after another, and hands them out. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../../kit/log.ts';
import {
  comparePositions,
  type EventBatch,
  type EventPosition,
  readEvents,
  type StreamedEvent,
} from '../../store/pack-events.ts';
import type { Pool } from '../../store/store.ts';

/** Who is told of the events of an account. */
export interface Listener {
  readonly accountId: string;
  /** Whether it can take more now. One that cannot is left behind, and led on later from where it was. */
  readonly isReady: () => boolean;
  /** Hands over events, and says how far that is: also where there are none, or none that it wants. */
  readonly take: (events: readonly StreamedEvent[], position: EventPosition) => void;
  /** Nothing more comes: the database is not the one that the positions are of. */
  readonly lose: () => void;
}

/** A place in the events, of the database that gave it. */
export interface Start {
  readonly position: EventPosition;
  readonly history: string;
}

/** A listener, and the position of the last event that it was told of, or passed over. */
interface Reading {
  readonly listener: Listener;
  position: EventPosition;
}

/** How long after a look that found nothing there is another. */
const PAUSE_MS = 250;
const PAUSE_AFTER_FAILURE_MS = 1_000;

export class EventFeed {
  readonly #pool: Pool;
  readonly #log: Log;
  readonly #readings = new Set<Reading>();
  readonly #stop = new AbortController();
  /** Behind what was read for all; undefined: nobody listens. */
  #at: Start | undefined;
  #isRunning = false;

  constructor({ pool, log }: { readonly pool: Pool; readonly log: Log }) {
    this.#pool = pool;
    this.#log = log;
  }

  /** Tells a listener of all behind `from`, until it is removed by what this gives. `newest` is of now. */
  add(listener: Listener, from: EventPosition, newest: Start): () => void {
    const reading = { listener, position: from };
    this.#readings.add(reading);
    this.#at ??= newest;
    if (!this.#isRunning) void this.#run();
    return () => {
      this.#readings.delete(reading);
      if (this.#readings.size === 0) this.#at = undefined;
    };
  }

  /** Ends reading. */
  close(): void {
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    const { signal } = this.#stop;
    let hasFailed = false;
    while (this.#readings.size > 0 && !signal.aborted) {
      const isMore = await this.#turn().catch((err: unknown) => {
        if (!hasFailed) this.#log.warn({ err }, 'events cannot be read; streams wait');
        return undefined;
      });
      hasFailed = isMore === undefined;
      const pause = hasFailed ? PAUSE_AFTER_FAILURE_MS : PAUSE_MS;
      if (!isMore) await delay(pause, undefined, { signal }).catch(() => undefined);
    }
    this.#isRunning = false;
  }

  /** Whether there is more to be read at once. */
  async #turn(): Promise<boolean> {
    const isMore = await this.#readNew();
    const behind = [...this.#readings].filter((one) => this.#isBehind(one) && one.listener.isReady());
    let isMoreBehind = false;
    for (const one of behind) isMoreBehind = (await this.#leadOn(one)) || isMoreBehind;
    return isMore || isMoreBehind;
  }

  #isBehind({ position }: Reading): boolean {
    return this.#at !== undefined && comparePositions(position, this.#at.position) < 0;
  }

  /** Reads on for all who are not behind. */
  async #readNew(): Promise<boolean> {
    const at = this.#at;
    const ready = [...this.#readings].filter((one) => !this.#isBehind(one) && one.listener.isReady());
    if (!at || ready.length === 0) return false;
    const accounts = [...new Set(ready.map(({ listener }) => listener.accountId))];
    const batch = await readEvents(this.#pool, accounts, { after: at.position });
    const last = batch.events.at(-1);
    if (this.#isLost(batch) || !last) return false;
    const byAccount = Map.groupBy(batch.events, ({ accountId }) => accountId);
    for (const one of ready) this.#hand(one, byAccount.get(one.listener.accountId) ?? [], last.position);
    if (this.#at) this.#at = { ...at, position: last.position };
    return batch.isFull;
  }

  /** Reads what one has missed, up to where the others are. */
  async #leadOn(one: Reading): Promise<boolean> {
    const upTo = this.#at?.position;
    if (!upTo) return false;
    const batch = await readEvents(this.#pool, one.listener.accountId, { after: one.position, upTo });
    if (this.#isLost(batch)) return false;
    const last = batch.isFull ? batch.events.at(-1) : undefined;
    this.#hand(one, batch.events, last?.position ?? upTo);
    return batch.isFull;
  }

  #hand(one: Reading, events: readonly StreamedEvent[], position: EventPosition): void {
    if (!this.#readings.has(one)) return;
    const later = events.filter((event) => comparePositions(event.position, one.position) > 0);
    if (comparePositions(position, one.position) > 0) one.position = position;
    one.listener.take(later, one.position);
  }

  /** Whether the database is another one than that of the positions: what was given out says nothing there. */
  #isLost({ history }: EventBatch): boolean {
    if (!this.#at || history === this.#at.history) return false;
    for (const { listener } of this.#readings) listener.lose();
    this.#readings.clear();
    this.#at = undefined;
    return true;
  }
}
