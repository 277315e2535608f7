import type { ServerResponse } from 'node:http';
import type { Seconds } from '../../kit/time.ts';
import type { EventPosition, StreamedEvent } from '../../store/pack-events.ts';
import type { Listener } from './feed.ts';

/** How long things around a stream may take. */
export interface StreamTimes {
  /** After which a sign of life is sent. */
  readonly heartbeat: Seconds;
  /** For which a client may take nothing of what it is sent. */
  readonly patience: Seconds;
  /** After which it is looked at again whether the token is good. */
  readonly recheck: Seconds;
}

export const USUAL_TIMES: StreamTimes = { heartbeat: 15, patience: 60, recheck: 5 };

/** Why a stream ends, as the client is told. */
const ENDS = {
  stopping: 'the service stops; come back with the last id',
  no_access: 'the token may not read on',
  moved: 'the database is another one; list the packs anew, and begin without an id',
} as const;

/** What a stream shows, and to whom. */
export interface Shown {
  readonly accountId: string;
  /** Where it begins. */
  readonly position: EventPosition;
  /** Id of a message that stands at a position. */
  readonly idOf: (position: EventPosition) => string;
  /** An event as its client may see it; undefined: it may not. */
  readonly toReply: (event: StreamedEvent) => object | undefined;
}

/**
 * One stream of server-sent events (HTML, 9.2). It holds what the socket has not taken, one batch at most: a client that is
 * slow is told later, one that takes nothing is cut off and can go on from the last id that it has.
 */
export class EventStream implements Listener {
  readonly accountId: string;
  readonly #shown: Shown;
  readonly #raw: ServerResponse;
  readonly #timer: NodeJS.Timeout;
  readonly #patience: number;
  #position: EventPosition;
  #isEnded = false;
  /** Since when the socket has taken nothing. */
  #stuckSince: number | undefined;

  constructor(raw: ServerResponse, shown: Shown, times: StreamTimes) {
    this.accountId = shown.accountId;
    this.#shown = shown;
    this.#raw = raw;
    this.#patience = times.patience * 1_000;
    this.#position = shown.position;
    raw.writeHead(200, HEADERS);
    raw.on('drain', () => {
      this.#stuckSince = undefined;
    });
    this.#send(`retry: ${RETRY_MS}\n${this.#idLine()}\n`);
    this.#timer = setInterval(() => this.#beat(), times.heartbeat * 1_000);
    raw.once('close', () => clearInterval(this.#timer));
  }

  isReady(): boolean {
    return !this.#isEnded && !this.#raw.writableNeedDrain;
  }

  take(events: readonly StreamedEvent[], position: EventPosition): void {
    const { idOf, toReply } = this.#shown;
    const messages = events.flatMap((event) => {
      const shown = toReply(event);
      return shown
        ? `id: ${idOf(event.position)}\nevent: certificate_pack\ndata: ${JSON.stringify(shown)}\n\n`
        : [];
    });
    this.#position = position;
    if (messages.length > 0) this.#send(messages.join(''));
  }

  lose(): void {
    this.end('moved');
  }

  /** Ends it with a message that says why. */
  end(why: keyof typeof ENDS): void {
    if (this.#isEnded) return;
    this.#send(`event: end\ndata: ${JSON.stringify({ reason: why, message: ENDS[why] })}\n\n`);
    this.#isEnded = true;
    clearInterval(this.#timer);
    this.#raw.end();
    // Who takes nothing would not take the end either.
    setTimeout(() => this.#raw.destroy(), LAST_WORD_MS).unref();
  }

  /** A comment, and the id to come back with: what was passed over is not passed over again. */
  #beat(): void {
    if (this.#stuckSince !== undefined && performance.now() - this.#stuckSince > this.#patience)
      this.#raw.destroy();
    else if (this.isReady()) this.#send(`: still here\n${this.#idLine()}\n`);
  }

  #idLine(): string {
    return `id: ${this.#shown.idOf(this.#position)}\n`;
  }

  #send(text: string): void {
    if (this.#isEnded || this.#raw.destroyed) return;
    if (!this.#raw.write(text)) this.#stuckSince ??= performance.now();
  }
}

const RETRY_MS = 3_000;
const LAST_WORD_MS = 1_000;

const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'private, no-store',
  // What stands between is not to gather it up.
  'x-accel-buffering': 'no',
  connection: 'close',
} as const;
