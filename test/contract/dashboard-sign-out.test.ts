/** Who signs out is out: also of what goes on for long. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { givenAccount, startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { askAsPage, OWN_PAGE, signedIn } from '../support/browser-session.ts';
import { EventClient } from '../support/event-stream.ts';
import { givenPack } from '../support/job-deps.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let account: TestAccount;
before(async () => {
  api = await startApi(ends);
  account = await givenAccount(api.jobs, ['sign-out.test']);
});
after(() => ends.disposeAsync());

const signOut = (cookie: string) => askAsPage(api.url, ['DELETE', '/user/session'], { cookie });

it('a stream of events ends soon after its browser signed out, and says so', async () => {
  const cookie = await signedIn(api.url, account.token);
  await using client = await EventClient.open(api.url, {
    accountId: account.id,
    headers: { ...OWN_PAGE, cookie },
  });
  await signOut(cookie);
  const end = await Promise.race([client.ended, delay(15_000, 'open still', { ref: false })]);
  assert.equal(end, 'whole');
  assert.match(client.messages.at(-1)?.data ?? '', /no_access/);
});

it('a wait whose browser signed out meanwhile is told nothing of the pack', async () => {
  const cookie = await signedIn(api.url, account.token);
  const zone = account.zones[0] ?? assert.fail();
  const id = await givenPack(api.jobs, zone);
  const path = `/zones/${zone.id}/ssl/certificate_packs/${id}?wait_for=active&timeout=2`;
  const waiting = askAsPage(api.url, ['GET', path], { cookie });
  await delay(500);
  await signOut(cookie);
  const { status, result } = await waiting;
  assert.deepEqual([status, result], [401, null]);
});

it('what a browser is told by its session is kept nowhere', async () => {
  const cookie = await signedIn(api.url, account.token);
  for (const path of ['/zones', '/user/tokens', `/accounts/${account.id}/ssl/certificate_packs/summary`]) {
    const { headers } = await askAsPage(api.url, ['GET', path], { cookie });
    assert.match(headers.get('cache-control') ?? '', /no-store/, path);
  }
});
