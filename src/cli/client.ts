/** How the commands speak to the API: ours, and Cloudflare's own, which answers in the same envelope. */
import { Type } from 'typebox';
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
}

const Envelope = Compile(
  Type.Object({
    success: Type.Boolean(),
    errors: Type.Array(Type.Object({ code: Type.Number(), message: Type.String() })),
    result: Type.Unknown(),
    result_info: Type.Optional(
      Type.Union([
        Type.Null(),
        Type.Object({
          total_pages: Type.Optional(Type.Number()),
          cursor: Type.Optional(Type.String()),
        }),
      ]),
    ),
  }),
);

const LIMIT_MS = 60_000;

/**
 * One request. Ends the process with `EXIT.refused` and the API's own words where that refuses, with `EXIT.unreachable` where
 * nobody answers in an envelope. Throws `configuration` without a token in the environment.
 */
export async function call({ api }: ApiPlace, method: string, path: string, body?: object): Promise<Answer> {
  checkBase(api);
  const url = `${api.replace(/\/$/, '')}${path}`;
  const init = { method, headers: headers(), signal: AbortSignal.timeout(LIMIT_MS) };
  const answer = await fetch(url, { ...init, ...(body && { body: JSON.stringify(body) }) }).catch(
    (error: unknown) =>
      end(EXIT.unreachable, `${url} cannot be reached (${codeOf(error)}); --api is the base URL of the API`),
  );
  const said: unknown = await answer.json().catch(() => undefined);
  if (!Envelope.Check(said))
    return end(EXIT.unreachable, `${url} answers no envelope of this API (HTTP ${answer.status})`);
  const info = said.result_info;
  if (said.success)
    return { result: said.result, pages: info?.total_pages ?? 1, cursor: info?.cursor || undefined };
  return end(EXIT.refused, said.errors.map(({ code, message }) => `${message} (${code})`).join('; '));
}

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

function end(status: number, sentence: string): never {
  tellLine(`certpacks: ${sentence}`);
  process.exit(status);
}
