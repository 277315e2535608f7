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

/**
 * Gets once, within ten seconds, what is at most so many bytes; in words where it does not come with status 200. Rejects only with the
 * reason of an aborted signal.
 */
export async function getBytes(
  deps: ExchangeDeps,
  url: string,
  most: number,
  signal: AbortSignal,
): Promise<Buffer | string> {
  const asked = { url, method: 'GET', headers: {}, body: '' } as const;
  try {
    return await exchange(deps, asked, (answer) => bytesOf(answer, most), signal);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return error.message;
  }
}

async function bytesOf(answer: IncomingMessage, most: number): Promise<Buffer> {
  if (answer.statusCode !== 200) throw new NoAnswer(`it answers HTTP ${answer.statusCode}`);
  return readUpTo(answer, most);
}

async function readUpTo(answer: IncomingMessage, most: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > most) throw new NoAnswer(`it answers more than ${most} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

async function gotOf(answer: IncomingMessage): Promise<Got> {
  const body = await readUpTo(answer, MOST_BODY_BYTES);
  return { kind: 'got', status: answer.statusCode ?? 0, text: body.toString('utf8') };
}
