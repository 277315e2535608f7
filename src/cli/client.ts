/** How the commands speak to the API: ours, and Cloudflare's own, which answers in the same envelope. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { environ } from '../kit/config.ts';
import { Fault } from '../kit/fault.ts';
import { tellLine } from './print.ts';

/** Where a command's API is. */
export interface ApiPlace {
  /** Base URL, with or without a slash at its end. */
  readonly api: string;
}

/** Exit statuses of the commands that are clients; docs/cli.md. */
export const EXIT = { refused: 2, unreachable: 3 } as const;

/** An answer of the API. */
export interface Answer {
  readonly result: unknown;
  readonly pages: number;
  /** Where a list goes on that has no pages. */
  readonly cursor: string | undefined;
  /** What it tells beside the result. */
  readonly messages: readonly string[];
  /** How many a list has in all. */
  readonly total?: number | undefined;
}

const Wire = Type.Object({
  success: Type.Boolean(),
  errors: Type.Array(Type.Object({ code: Type.Number(), message: Type.String() })),
  // Of custom hostnames they are plain texts.
  messages: Type.Optional(Type.Array(Type.Union([Type.String(), Type.Object({ message: Type.String() })]))),
  result: Type.Unknown(),
  result_info: Type.Optional(
    Type.Union([
      Type.Null(),
      Type.Object({
        total_pages: Type.Optional(Type.Number()),
        total_count: Type.Optional(Type.Number()),
        cursor: Type.Optional(Type.String()),
      }),
    ]),
  ),
});
const Envelope = Compile(Wire);

const LIMIT_MS = 60_000;

/**
 * One request. Ends the process with `EXIT.refused` and the API's own words where that refuses, with `EXIT.unreachable` where
 * nobody answers in an envelope. Throws `configuration` without a token in the environment.
 */
export async function call(place: ApiPlace, method: string, path: string, body?: object): Promise<Answer> {
  const init = { method, signal: AbortSignal.timeout(LIMIT_MS), ...(body && { body: JSON.stringify(body) }) };
  const answer = await request(place, path, init).catch((error: unknown) =>
    end(
      EXIT.unreachable,
      `${place.api} cannot be reached (${codeOf(error)}); --api is the base URL of the API`,
    ),
  );
  return read(answer);
}

/** How often a request is sent that got no answer, and how long is waited at most in between. */
const [TRIES, LONGEST_WAIT_S] = [12, 60];

/**
 * As `call`, for what may be sent twice: it is sent again, for some minutes, where nobody answers, where the service says that it
 * is not ready, and when it says that there were too many requests. Throws `configuration` with its words where it refuses.
 */
export async function callPatiently(place: ApiPlace, path: string, body: object): Promise<Answer> {
  const method = 'POST';
  for (let n = 1; n < TRIES; n++) {
    const init = { method, signal: AbortSignal.timeout(LIMIT_MS), body: JSON.stringify(body) };
    const answer = await request(place, path, init).catch((error: unknown) => {
      if (error instanceof Fault) throw error;
      return undefined;
    });
    if (answer && answer.status !== 429 && answer.status < 500) return read(answer, throwRefused);
    const seconds = Number(answer?.headers.get('retry-after')) || 2 ** (n - 1);
    await delay(Math.min(seconds, LONGEST_WAIT_S) * 1_000);
  }
  return call(place, method, path, body);
}

/** A stream that is read line by line. */
interface LineStream {
  /** What its content type has in it. */
  readonly type: 'ndjson' | 'event-stream';
  /** Headers that are sent beside the usual ones. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The lines of an answer that is a stream of them, as they come. Ends the process where the API refuses. Throws where nobody
 * answers, and where the stream breaks off.
 */
export async function* callLines(
  place: ApiPlace,
  path: string,
  { type, headers: more = {} }: LineStream = { type: 'ndjson' },
): AsyncGenerator<string> {
  const answer = await request(place, path, { headers: { ...headers(), ...more } });
  if (answer.status >= 500) throw new Error(`${answer.url} answers HTTP ${answer.status}`);
  if (!answer.body || !answer.headers.get('content-type')?.includes(type)) {
    await read(answer);
    end(EXIT.unreachable, `${answer.url} is no stream of lines: that is a route of certpacks alone`);
  }
  let rest = '';
  for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

function request({ api }: ApiPlace, path: string, init: RequestInit = {}): Promise<Response> {
  checkBase(api);
  return fetch(`${api.replace(/\/$/, '')}${path}`, { headers: headers(), ...init });
}

/** What becomes of a refusal, in the API's words. */
type Refuse = (words: string) => never;

const throwRefused: Refuse = (words) => {
  throw new Fault('configuration', words);
};
const endRefused: Refuse = (words) => end(EXIT.refused, words);

async function read(answer: Response, refuse = endRefused): Promise<Answer> {
  const said: unknown = await answer.json().catch(() => undefined);
  if (!Envelope.Check(said))
    return end(EXIT.unreachable, `${answer.url} answers no envelope of this API (HTTP ${answer.status})`);
  if (said.success) return toAnswer(said);
  return refuse(said.errors.map(({ code, message }) => `${message} (${code})`).join('; '));
}

const toAnswer = ({ result, messages, result_info: info }: Static<typeof Wire>): Answer => ({
  result,
  messages: messages?.map((one) => (typeof one === 'string' ? one : one.message)) ?? [],
  pages: info?.total_pages ?? 1,
  cursor: info?.cursor || undefined,
  total: info?.total_count,
});

/** Throws `configuration` for what is no base URL. */
function checkBase(api: string): void {
  const { protocol = '', pathname = '/' } = URL.parse(api) ?? {};
  if (!/^https?:$/.test(protocol))
    throw new Fault('configuration', `--api must be an http or https URL, not ${JSON.stringify(api)}`);
  if (pathname === '/')
    throw new Fault(
      'configuration',
      `--api is the base URL with its path, e.g. ${new URL('/client/v4', api).href}`,
    );
}

/** All pages of a list. */
export async function callAll(place: ApiPlace, path: string): Promise<unknown[]> {
  const all: unknown[] = [];
  const mark = path.includes('?') ? '&' : '?';
  for (let page = 1, pages = 1; page <= pages; page++) {
    const answer = await call(place, 'GET', `${path}${mark}page=${page}&per_page=50`);
    if (Array.isArray(answer.result)) all.push(...answer.result);
    ({ pages } = answer);
  }
  return all;
}

/** A token, or an address and a key, under our names or Cloudflare's. */
function headers(): Record<string, string> {
  const env = environ();
  const token = env['CERTPACKS_TOKEN'] ?? env['CLOUDFLARE_API_TOKEN'];
  const [email, key] = [env['CLOUDFLARE_EMAIL'], env['CLOUDFLARE_API_KEY']];
  const json = { 'content-type': 'application/json' };
  if (token) return { ...json, authorization: `Bearer ${token}` };
  if (email && key) return { ...json, 'x-auth-email': email, 'x-auth-key': key };
  throw new Fault(
    'configuration',
    'an API token is wanted in the variable CERTPACKS_TOKEN or CLOUDFLARE_API_TOKEN (or CLOUDFLARE_EMAIL and CLOUDFLARE_API_KEY)',
  );
}

const codeOf = (error: unknown): string => {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause
    ? String(cause.code)
    : String(error instanceof Error ? error.name : error);
};

/** Ends the process, and says why. */
export function end(status: number, sentence: string): never {
  tellLine(`certpacks: ${sentence}`);
  process.exit(status);
}
