import assert from 'node:assert/strict';
import type { Pack } from '../../src/pack/pack.ts';
import type { TestAccount, TestApi } from './api.ts';
import { givenPack } from './job-deps.ts';

/** What the list of an account answers. */
export interface Answer {
  readonly status: number;
  readonly result: readonly { readonly id: string; readonly zone_id: string }[] | null;
  readonly result_info: {
    readonly count: number;
    readonly per_page: number;
    readonly cursor?: string;
    readonly cursors: { readonly before?: string; readonly after?: string };
  };
  readonly errors: readonly { readonly code: number; readonly message: string; readonly source?: object }[];
}

/** Query parameters; those that are undefined are left out. */
export type Ask = Readonly<Record<string, string | undefined>>;

/** One page of the list of an account. */
export async function askAccount(
  api: TestApi,
  account: Pick<TestAccount, 'id' | 'token'>,
  query: Ask = {},
): Promise<Answer> {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, value);
  const path = `/accounts/${account.id}/ssl/certificate_packs?${String(parameters)}`;
  const response = await api.get(path, account.token);
  const answer: Answer = JSON.parse(await response.text());
  return { ...answer, status: response.status };
}

/** Ids of a page. */
export const idsOf = ({ result }: Answer): string[] => (result ?? []).map(({ id }) => id);

/** Ids of all pages. */
export async function walkAccount(api: TestApi, account: TestAccount, query: Ask = {}): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await askAccount(api, account, { ...query, cursor });
    assert.equal(page.status, 200, JSON.stringify(page));
    ids.push(...idsOf(page));
    ({ cursor } = page.result_info);
  } while (cursor !== undefined);
  return ids;
}

/** New packs of a zone, one after the other: each in a millisecond of its own, as lists go by that. */
export async function givenPacks(
  api: TestApi,
  zone: Pack['zone'] | undefined,
  changes: readonly Partial<Pack>[],
): Promise<string[]> {
  assert.ok(zone);
  const ids: string[] = [];
  for (const change of changes) {
    api.jobs.clock.advance(0.001);
    ids.push(await givenPack(api.jobs, zone, change));
  }
  return ids;
}

/** Fails unless the list, by pages of two, has just the packs of an account that each group of its summary counts. */
export async function assertGroupsListed(
  api: TestApi,
  account: TestAccount,
  groups: Readonly<Record<string, number>>,
): Promise<void> {
  for (const [group, n] of Object.entries(groups)) {
    const ids = await walkAccount(api, account, { group, per_page: '2' });
    assert.equal(new Set(ids).size, n, group);
    const inZones = account.zones.map(({ id }) => walkAccount(api, account, { group, zone_id: id }));
    assert.deepEqual((await Promise.all(inZones)).flat().toSorted(), ids.toSorted(), `${group}, by zones`);
  }
}
