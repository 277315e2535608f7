import { connect } from 'node:net';

/** Where to connect to: an address or a host name, and a port. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** One message to send over TCP. */
interface Outgoing {
  readonly bytes: Buffer;
  readonly signal: AbortSignal;
  /** Time limit in milliseconds, connecting included. */
  readonly limitMs: number;
}

/** The message that came back, or silence and the reason for it. */
export type StreamHeard =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'silence'; readonly why: string };

/** Sends one message over a TCP connection of its own and reads one (RFC 7766). Never throws: an abort is silence. */
export async function askStream({ host, port }: Place, outgoing: Outgoing): Promise<StreamHeard> {
  const socket = connect({ host, port });
  const { signal, limitMs } = outgoing;
  try {
    return await within<StreamHeard>(
      { signal, limitMs, late: silence('does not answer over TCP') },
      (settle) => {
        let bytes: Buffer = Buffer.alloc(0);
        socket.on('error', (error) => settle(silence(`${wordsOf(error)} over TCP`)));
        socket.on('close', () => settle(silence('closed the TCP connection')));
        socket.on('data', (chunk) => {
          bytes = Buffer.concat([bytes, chunk]);
          const end = bytes.length < 2 ? Number.POSITIVE_INFINITY : 2 + bytes.readUInt16BE(0);
          if (bytes.length >= end) settle({ kind: 'bytes', bytes: bytes.subarray(2, end) });
        });
        socket.write(Buffer.concat([uint16(outgoing.bytes.length), outgoing.bytes]));
      },
    );
  } finally {
    socket.destroy();
  }
}

const silence = (why: string): StreamHeard => ({ kind: 'silence', why });

const uint16 = (n: number): Buffer => Buffer.from([n >> 8, n & 255]);

interface Limits<T> {
  readonly signal: AbortSignal;
  readonly limitMs: number;
  /** What to settle on when the limit or the signal ends it. */
  readonly late: T;
}

/** What `start` settles on, or `late` after the time limit or on abort. */
export async function within<T>(
  { signal, limitMs, late }: Limits<T>,
  start: (settle: (value: T) => void) => void,
): Promise<T> {
  if (signal.aborted) return late;
  const { promise, resolve } = Promise.withResolvers<T>();
  const abort = () => resolve(late);
  const timer = setTimeout(abort, limitMs);
  signal.addEventListener('abort', abort, { once: true });
  start(resolve);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

/** Resolves after `ms` milliseconds, or at once on abort. */
export const pause = (ms: number, signal: AbortSignal): Promise<undefined> =>
  within({ signal, limitMs: ms, late: undefined }, () => undefined);

/** A failed connection in words, as the rest of a sentence: `does not listen`. */
export function wordsOf(error: Error): string {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ECONNREFUSED') return 'does not listen';
  return typeof code === 'string' ? `cannot be reached (${code})` : 'cannot be reached';
}
