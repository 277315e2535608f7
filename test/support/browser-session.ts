/** Asks the API as a page of the dashboard does. */
import assert from 'node:assert/strict';

export interface SessionAnswer {
  readonly status: number;
  readonly result: unknown;
  readonly message: string;
  readonly headers: Headers;
}

/** What a page's requests carry that no other page can have a browser send. */
export const OWN_PAGE = { 'x-certpacks-dashboard': '1' } as const;

export interface PageAsk {
  readonly cookie?: string | undefined;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One request of a page, with the cookie that the browser has. */
export async function askAsPage(
  url: string,
  [method, path]: readonly [string, string],
  { cookie, body, headers = OWN_PAGE }: PageAsk = {},
): Promise<SessionAnswer> {
  const answer = await fetch(url + path, {
    method,
    headers: {
      ...headers,
      ...(cookie !== undefined && { cookie }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  const { result, errors }: { result: unknown; errors: { message: string }[] } = JSON.parse(
    await answer.text(),
  );
  return { status: answer.status, result, message: errors[0]?.message ?? '', headers: answer.headers };
}

/** What a browser keeps of `Set-Cookie`: name and value. */
export function cookieOf({ headers }: Pick<SessionAnswer, 'headers'>): string {
  const [cookie = ''] = headers.get('set-cookie')?.split(';') ?? [];
  assert.match(cookie, /^[\w-]+=[\w-]{43}$/);
  return cookie;
}

/** Signs in by a token; the cookie. */
export async function signedIn(url: string, token: string): Promise<string> {
  const answer = await askAsPage(url, ['POST', '/user/session'], { body: { token } });
  assert.equal(answer.status, 200, answer.message);
  return cookieOf(answer);
}
