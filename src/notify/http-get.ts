/** One GET from a stranger's server, by the rules of `http-exchange.ts`. */
import type { IncomingMessage } from 'node:http';
import { type ExchangeDeps, exchange, NoAnswer } from './http-exchange.ts';

/** What came of a GET; in words where nothing did. */
export type Got =
  | { readonly kind: 'got'; readonly status: number; readonly text: string }
  | { readonly kind: 'lost'; readonly why: string };

/** Longest answer that is taken. */
const MOST_BODY_BYTES = 65_536;

/** Gets once, within ten seconds; a longer answer than 64 KiB is none. Rejects only with the reason of an aborted signal. */
export async function get(deps: ExchangeDeps, url: string, signal: AbortSignal): Promise<Got> {
  const asked = { url, method: 'GET', headers: { accept: 'application/json' }, body: '' } as const;
  try {
    return await exchange(deps, asked, gotOf, signal);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return { kind: 'lost', why: error.message };
  }
}

async function gotOf(answer: IncomingMessage): Promise<Got> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MOST_BODY_BYTES) throw new NoAnswer(`it answers more than ${MOST_BODY_BYTES} bytes`);
    parts.push(part);
  }
  return { kind: 'got', status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') };
}
