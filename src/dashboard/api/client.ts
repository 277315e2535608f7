/** The one place where the dashboard speaks to the API. */
import type { ApiError, Envelope, Info, Message } from './wire.ts';

/** An answer that worked. */
export interface Reply<T> {
  readonly result: T;
  readonly messages: readonly Message[];
  readonly info: Info | undefined;
}

/** Why there is no answer, or not the one that was hoped for. Its message is for people. */
export class Refusal extends Error {
  /** HTTP status; 0: nobody answered. */
  readonly status: number;
  readonly errors: readonly ApiError[];

  constructor(status: number, errors: readonly ApiError[]) {
    super(errors.map(({ message }) => message).join('; '));
    this.status = status;
    this.errors = errors;
  }

  /** What is said of a field of the request, or of a part of it; undefined: nothing. */
  of(field: string): string | undefined {
    const about = this.errors.filter(({ source }) => {
      const pointer = source?.pointer ?? '';
      return pointer === `/${field}` || pointer.startsWith(`/${field}/`);
    });
    return about.length > 0 ? about.map(({ message }) => message).join('; ') : undefined;
  }
}

/** Hears of an answer that says that nobody is signed in any more. */
let onSignedOut: (why: string) => void = () => undefined;
export const hearSignedOut = (hear: typeof onSignedOut): void => {
  onSignedOut = hear;
};

/** Base of the API: beside the page, wherever that is. */
const API = '/client/v4';
const LIMIT_MS = 60_000;

interface Asking {
  /** A form is sent as one, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** One request. Throws `Refusal`. */
export async function ask<T>(
  method: string,
  path: string,
  { body, headers = {}, signal }: Asking = {},
): Promise<Reply<T>> {
  const answer = await exchange(method, path, { body, headers, ...(signal && { signal }) });
  const said = await envelopeOf<T>(answer);
  if (said.success)
    return { result: said.result, messages: said.messages, info: said.result_info ?? undefined };
  const refusal = new Refusal(answer.status, said.errors);
  if (answer.status === 401 && method !== 'POST') onSignedOut(refusal.message);
  throw refusal;
}

/** A file that the API answers as it is. Throws `Refusal`. */
export async function askForFile(path: string): Promise<Blob> {
  const answer = await exchange('GET', path, {});
  if (answer.ok) return answer.blob();
  throw new Refusal(answer.status, (await envelopeOf(answer)).errors);
}

async function exchange(
  method: string,
  path: string,
  { body, headers = {}, signal }: Asking,
): Promise<Response> {
  const limit = AbortSignal.timeout(LIMIT_MS);
  const isForm = body instanceof FormData;
  const sent = isForm ? body : JSON.stringify(body);
  try {
    return await fetch(API + path, {
      method,
      // What shows that a page of ours asks: docs/security.md. Of a form the browser says by itself what it is.
      headers: {
        'x-certpacks-dashboard': '1',
        ...(body !== undefined && !isForm && JSON_BODY),
        ...headers,
      },
      ...(body !== undefined && { body: sent }),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal(0, [{ code: 0, message: 'The service cannot be reached.' }]);
  }
}

const JSON_BODY = { 'content-type': 'application/json' };

async function envelopeOf<T>(answer: Response): Promise<Envelope<T>> {
  try {
    const said: Envelope<T> = await answer.json();
    if (typeof said.success === 'boolean') return said;
  } catch {
    // What stands between may answer in its own words.
  }
  throw new Refusal(answer.status, [
    { code: 0, message: `What answered is not the API (HTTP ${answer.status}).` },
  ]);
}

/** A query of what is given: what is empty is left out. */
export function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((one): one is [string, string] => Boolean(one[1]));
  return given.length > 0 ? `${path}?${String(new URLSearchParams(given))}` : path;
}

/** Part of a path. */
export const part = encodeURIComponent;
