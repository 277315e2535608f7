import { once } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import type { Seconds } from '../../kit/time.ts';
import type { Line } from './protocol.ts';

/** Longest time for which a reader may take nothing. */
const SLOWEST: Seconds = 30;

/**
 * Writes lines to an agent as fast as it reads them, with signs of life in between, until they end. Who reads nothing for too long is
 * cut: it goes on from its cursor when it comes again.
 */
export async function writeLines(
  stream: ServerHttp2Stream,
  lines: AsyncIterable<Line>,
  { heartbeat, slowest = SLOWEST }: { readonly heartbeat: Seconds; readonly slowest?: Seconds },
): Promise<void> {
  const beat = setInterval(() => {
    if (!stream.destroyed && !stream.writableNeedDrain) stream.write('{"heartbeat":true}\n');
  }, heartbeat * 1_000);
  try {
    for await (const line of lines) {
      if (stream.destroyed) return;
      if (stream.write(`${JSON.stringify(line)}\n`)) continue;
      const limit = AbortSignal.timeout(slowest * 1_000);
      await once(stream, 'drain', { signal: limit });
    }
  } finally {
    clearInterval(beat);
  }
}
