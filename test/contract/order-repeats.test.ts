/** What a repeated order is known by: the account and the zone, not the token that it comes with. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { buildApi } from '../../src/api/api.ts';
import type { CaRow } from '../../src/ca/ca.ts';
import { createToken } from '../../src/store/tokens.ts';
import { givenAccount, startApi, type TestAccount, type TestApi } from '../support/api.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let url: string;
let mine: TestAccount;
let other: TestAccount;
before(async () => {
  api = await startApi(ends);
  const app = await buildApi({ ...api.deps, rows: new Map([[ROW.name, ROW]]) });
  ends.defer(() => app.close());
  url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/client/v4`;
  mine = await givenAccount(api.jobs, ['one.test', 'two.test']);
  other = await givenAccount(api.jobs, ['other.test']);
});
after(() => ends.disposeAsync());

const ROW: CaRow = {
  name: 'google',
  directoryUrl: 'https://ca.test/directory',
  contact: [],
  hasAgreedToTerms: true,
  validityDays: [90],
  sendsNotAfter: false,
  allowsWildcard: true,
  allowsIdn: true,
  reusesAuthorizations: true,
  isPublic: false,
};

const writerOf = ({ id: accountId }: TestAccount): Promise<string> =>
  createToken(api.jobs.pool, { accountId, name: 'writer', access: 'write' }, api.jobs.clock.now());

/** Orders a pack by a key and, where the client says so, once more; the pack's id. */
async function order(
  zone: { readonly id: string; readonly name: string } | undefined,
  token: string,
  headers: Record<string, string>,
): Promise<string> {
  assert.ok(zone);
  const body = {
    type: 'advanced',
    hosts: [`www.${zone.name}`],
    certificate_authority: 'google',
    validation_method: 'txt',
    validity_days: 90,
  };
  const answer = await fetch(`${url}/zones/${zone.id}/ssl/certificate_packs/order`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  const { result }: { result: { id: string } | null } = JSON.parse(await answer.text());
  assert.equal(answer.status, 200);
  assert.ok(result);
  return result.id;
}

/** Takes a token away, by the API. */
async function revoke(secret: string, by: string): Promise<void> {
  const verified = await fetch(`${url}/user/tokens/verify`, {
    headers: { authorization: `Bearer ${secret}` },
  });
  const { result }: { result: { id: string } } = JSON.parse(await verified.text());
  const gone = await fetch(`${url}/user/tokens/${result.id}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${by}` },
  });
  assert.equal(gone.status, 200);
}

const REPEATS: readonly (readonly [string, Record<string, string>, Record<string, string>])[] = [
  ['with the same Idempotency-Key', { 'idempotency-key': 'k' }, { 'idempotency-key': 'k' }],
  ['by the vendor’s own retry', { 'x-stainless-retry-count': '0' }, { 'x-stainless-retry-count': '1' }],
];
for (const [how, first, again] of REPEATS) {
  it(`an order repeated ${how} is the same pack, also by another token of the account when the first is gone`, async () => {
    const [one, two] = [await writerOf(mine), await writerOf(mine)];
    const id = await order(mine.zones[0], one, first);
    await revoke(one, two);
    assert.equal(await order(mine.zones[0], two, again), id);
  });

  it(`an order repeated ${how} in another zone, or by another account, is another pack`, async () => {
    const [here, there] = [await writerOf(mine), await writerOf(other)];
    const ids = [
      await order(mine.zones[0], here, first),
      await order(mine.zones[1], here, again),
      await order(other.zones[0], there, again),
    ];
    assert.equal(new Set(ids).size, 3);
  });
}
