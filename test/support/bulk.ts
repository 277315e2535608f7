import { createToken } from '../../src/store/tokens.ts';
import type { TestApi } from './api.ts';

/** A bulk job on the wire, or what a dry run found. */
export interface BulkAnswer {
  readonly id: string;
  readonly action: string;
  readonly status: string;
  readonly matched: number;
  readonly done: number;
  readonly failed: number;
  readonly failures: readonly { readonly id: string; readonly code: number; readonly message: string }[];
  readonly failures_by_code: Readonly<Record<string, number>>;
  readonly stopped_because?: string;
  readonly count: number;
  readonly packs: readonly { readonly id: string; readonly zone_id: string }[];
}

/** What the API answered. */
export interface Told {
  readonly status: number;
  readonly result: BulkAnswer;
  readonly code: number | undefined;
  readonly pointer: string | undefined;
}

/** How a request about bulk jobs of an account is sent. */
export interface BulkRequest {
  readonly accountId: string;
  readonly token: string;
  readonly method?: 'GET' | 'POST';
  /** Behind `…/bulk`. */
  readonly path?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends one to an API at its base URL. */
export async function sendBulk(
  url: string,
  { accountId, token, method = 'POST', path = '', body, headers }: BulkRequest,
): Promise<Told> {
  const answer = await fetch(`${url}/accounts/${accountId}/ssl/certificate_packs/bulk${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  const said: { result: BulkAnswer; errors: { code: number; source?: { pointer: string } }[] } = JSON.parse(
    await answer.text(),
  );
  const [error] = said.errors;
  return {
    status: answer.status,
    result: said.result,
    code: error?.code,
    pointer: error?.source?.pointer,
  };
}

/** A token that writes, for all of an account or some zones; it is called `writer`. */
export const writerFor = (
  { pool, clock }: Pick<TestApi['jobs'], 'pool' | 'clock'>,
  accountId: string,
  zones?: readonly string[],
): Promise<string> =>
  createToken(pool, { name: 'writer', accountId, access: 'write', ...(zones && { zones }) }, clock.now());
