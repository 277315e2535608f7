/** Words in the place of a pack's id are no ids. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { givenAccount, startApi, type TestAccount, type TestApi } from '../support/api.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let account: TestAccount;
before(async () => {
  api = await startApi(ends);
  account = await givenAccount(api.jobs, ['literal.test']);
});
after(() => ends.disposeAsync());

const CASES = [
  ['PATCH', 'quota'],
  ['DELETE', 'quota'],
  ['GET', 'order'],
  ['DELETE', 'order'],
  ['PATCH', 'export'],
  ['GET', 'quota/revoke'],
] as const;
for (const [method, path] of CASES) {
  it(`${method} …/certificate_packs/${path} is refused as a path that is not there, with a token or without`, async () => {
    const whole = `/client/v4/zones/${account.zones[0]?.id}/ssl/certificate_packs/${path}`;
    for (const headers of [{ authorization: `Bearer ${account.token}` }, {}]) {
      const answer = await fetch(new URL(whole, api.url), { method, headers });
      const { success, result, errors }: Refusal = JSON.parse(await answer.text());
      const [{ code = 0, message = '' } = {}] = errors;
      assert.deepEqual(
        { status: answer.status, success, result, code, message },
        { status: 404, success: false, result: null, code: 7000, message: `no route for ${method} ${whole}` },
      );
    }
  });
}

interface Refusal {
  readonly success: boolean;
  readonly result: null;
  readonly errors: readonly { readonly code?: number; readonly message?: string }[];
}
