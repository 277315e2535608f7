import { createServer, type Server, type Socket } from 'node:net';
import { encode, readQuery } from '../message/query.ts';
import type { Respondent } from './respond.ts';
import { StreamTable } from './stream-table.ts';

/** Longest from an answer to the first byte of the next message, in milliseconds (RFC 7766 6.2.3). */
const IDLE_MS = 10_000;
/** Longest for one message, from the connection or its first byte to its last; and for an answer to be taken. */
const MESSAGE_MS = 5_000;
/** Connections in all, and from one /24 or /56. */
const LIMITS = { most: 1_000, mostOfNetwork: 64 };
const MOST_MESSAGES = 10_000;
/** No question is longer, EDNS options and its length included. */
const MOST_BYTES = 4_098;

/**
 * A TCP server, not yet listening, that answers with the messages of RFC 7766; `close` ends its connections. Whoever comes
 * finds room, and who does not finish a message in time is cut off.
 */
export function newStreamServer(respondent: Respondent): { readonly server: Server; close(): Promise<void> } {
  const table = new StreamTable(LIMITS);
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  server.on('connection', (socket) => {
    socket.on('error', () => socket.destroy());
    table.enter(socket);
    void new Stream(socket, respondent, table).serve();
  });
  const close = async () => {
    table.destroyAll();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    await promise;
  };
  return { server, close };
}

/** One connection. */
class Stream {
  readonly #socket: Socket;
  readonly #respondent: Respondent;
  readonly #table: StreamTable;
  #timer: NodeJS.Timeout | undefined;
  #left = MOST_MESSAGES;

  constructor(socket: Socket, respondent: Respondent, table: StreamTable) {
    this.#socket = socket;
    this.#respondent = respondent;
    this.#table = table;
  }

  /** Answers the connection's messages in order, until it ends, is slow or asks too much. Never rejects. */
  async serve(): Promise<void> {
    this.#allow(MESSAGE_MS);
    try {
      await this.#answerAll(this.#socket);
    } catch {
      // The client went away in the middle of something.
    } finally {
      clearTimeout(this.#timer);
      this.#socket.destroySoon();
    }
  }

  /** Each message stands behind its length (RFC 1035 4.2.2). Ends early at one that is too long or no question. */
  async #answerAll(chunks: AsyncIterable<Buffer>): Promise<void> {
    let rest: Buffer = Buffer.alloc(0);
    let isFirst = true;
    for await (const chunk of chunks) {
      // A byte now and then is no reason to wait longer for the message that it belongs to.
      if (rest.length === 0 && !isFirst) this.#allow(MESSAGE_MS);
      rest = Buffer.concat([rest, chunk]);
      for (let end = endOf(rest); rest.length >= end; end = endOf(rest)) {
        if (end > MOST_BYTES || !(await this.#answer(rest.subarray(2, end)))) return;
        isFirst = false;
        rest = rest.subarray(end);
        this.#allow(rest.length > 0 ? MESSAGE_MS : IDLE_MS);
      }
      if (endOf(rest) > MOST_BYTES) return;
    }
  }

  /** Whether the message was answered, and another may come. */
  async #answer(message: Buffer): Promise<boolean> {
    this.#table.answering(this.#socket);
    this.#allow(MESSAGE_MS);
    const reply = await replyTo(message, this.#respondent);
    this.#left -= 1;
    if (!reply || this.#left < 0) return false;
    await send(this.#socket, reply);
    this.#table.answered(this.#socket);
    return true;
  }

  /** Cuts the connection off unless something else is allowed in time. */
  #allow(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#socket.destroy(), ms);
  }
}

/** Where the first message of `bytes` ends; before their own end only where all of it is there. */
const endOf = (bytes: Buffer): number => 2 + (bytes.length < 2 ? 0 : bytes.readUInt16BE(0));

async function replyTo(message: Buffer, respondent: Respondent): Promise<Buffer | undefined> {
  const incoming = readQuery(message);
  if (incoming.kind === 'ignored') return undefined;
  return incoming.kind === 'odd'
    ? incoming.reply
    : respondent.respond(incoming.query, (query, answers) => encode(query, answers));
}

/** Resolves when the kernel has taken the reply, so that a client that does not read is not written for. */
async function send(socket: Socket, reply: Buffer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const length = Buffer.from([reply.length >> 8, reply.length & 255]);
  socket.write(Buffer.concat([length, reply]), () => resolve());
  await promise;
}
