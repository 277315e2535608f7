/** One POST to a stranger's server, by the rules of `http-exchange.ts`: of the answer the status alone is kept. */
import type { IncomingMessage } from 'node:http';
import type { Seconds } from '../kit/time.ts';
import { type ExchangeDeps, exchange, NoAnswer } from './http-exchange.ts';
import { failed, type Outcome } from './notify.ts';

export interface Post {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Bytes of an answer that are listened to; none is kept. */
const MOST_BODY_BYTES = 16_384;

/** Posts once, within ten seconds. Rejects only with the reason of an aborted signal. */
export async function post(deps: ExchangeDeps, what: Post, signal: AbortSignal): Promise<Outcome> {
  try {
    return await exchange(deps, { ...what, method: 'POST' }, heard, signal);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return failed(error.message, error.isForGood ? { isForGood: true } : {});
  }
}

async function heard(answer: IncomingMessage): Promise<Outcome> {
  await drained(answer);
  return outcomeOf(answer);
}

/** Lets a receiver say what it has to, within bounds: some take it ill when nobody listens. What it says matters to nobody. */
async function drained(answer: IncomingMessage): Promise<void> {
  let length = 0;
  try {
    for await (const part of answer as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > MOST_BODY_BYTES) return;
    }
  } catch {
    // It has said its status.
  }
}

function outcomeOf({ statusCode: status = 0, headers }: IncomingMessage): Outcome {
  if (status >= 200 && status < 300) return { kind: 'sent' };
  if (status === 410)
    return failed('it answered HTTP 410: there is nobody any more who wants to be told', { isForGood: true });
  if (status >= 300 && status < 400) return failed(`it answered HTTP ${status}: no redirect is followed`);
  const retryAfter = [429, 503].includes(status) ? secondsOf(headers['retry-after']) : undefined;
  return failed(`it answered HTTP ${status}`, { ...(retryAfter !== undefined && { retryAfter }) });
}

/** Seconds of a Retry-After (RFC 9110 10.2.3). */
function secondsOf(text: string | undefined): Seconds | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - Date.now()) / 1_000));
}
