import assert from 'node:assert/strict';
import { PERMISSIONS, type Permission } from '../../src/pack/permission.ts';
import { createToken } from '../../src/store/tokens.ts';
import { givenAccount, type TestAccount, type TestApi } from './api.ts';

/** An answer of the API, whatever it is about. */
export interface TokenAnswer {
  readonly status: number;
  readonly result: {
    readonly id: string;
    readonly value: string;
    readonly status: string;
    readonly expires_on?: string;
    readonly not_before?: string;
    readonly policies: readonly { readonly id: string; readonly resources: object }[];
    readonly condition?: object;
  };
  readonly code: number | undefined;
  readonly message: string;
  readonly pointer: string | undefined;
}

/** One request with a body, by the bearer of `token`, from an address where a proxy tells of one. */
export async function send(
  url: string,
  [method, path]: readonly [string, string],
  token: string,
  {
    body,
    from,
    headers,
  }: {
    readonly body?: object;
    readonly from?: string;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<TokenAnswer> {
  const answer = await fetch(url + path, {
    method,
    headers: {
      ...headers,
      authorization: `Bearer ${token}`,
      ...(body && { 'content-type': 'application/json' }),
      ...(from !== undefined && { 'x-forwarded-for': from }),
    },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  const { result, errors }: { result: TokenAnswer['result']; errors: Refusal[] } = JSON.parse(
    await answer.text(),
  );
  const [refusal] = errors;
  return {
    status: answer.status,
    result,
    code: refusal?.code,
    message: refusal?.message ?? '',
    pointer: refusal?.source?.pointer,
  };
}

interface Refusal {
  readonly code: number;
  readonly message: string;
  readonly source?: { readonly pointer: string };
}

/** Permission groups by their names. */
export const groups = (...names: readonly Permission[]) =>
  names.map((name) => ({ id: PERMISSIONS[name].id }));

/** Resources: zones by their ids, or '*', and accounts. */
export const resources = (where: { readonly zones?: readonly string[]; readonly account?: string }) => ({
  ...(where.account !== undefined && { [`com.cloudflare.api.account.${where.account}`]: '*' }),
  ...Object.fromEntries((where.zones ?? []).map((id) => [`com.cloudflare.api.account.zone.${id}`, '*'])),
});

/** A policy that allows. */
export const allow = (names: readonly Permission[], where: object): object => ({
  effect: 'allow',
  resources: where,
  permission_groups: groups(...names),
});

/** An account with zones, and a token that may all in it. */
export async function givenOwner(api: TestApi, zoneNames: readonly string[]): Promise<TestAccount> {
  const account = await givenAccount(api.jobs, zoneNames);
  const owner = { accountId: account.id, name: 'owner', access: 'write' } as const;
  return { ...account, token: await createToken(api.jobs.pool, owner, api.jobs.clock.now()) };
}

/** A new token, which the API has to make. */
export async function made(url: string, by: string, body: object): Promise<TokenAnswer['result']> {
  const answer = await send(url, ['POST', '/user/tokens'], by, { body: { name: 'made', ...body } });
  assert.equal(answer.status, 200, answer.message);
  return answer.result;
}
