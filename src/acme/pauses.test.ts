/** A server's wishes to be left alone. */
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { simulatedCa, type TestCa, type TestRule } from '../../test/support/simulator/simulated-ca.ts';
import { VirtualClock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { AcmeClient } from './client.ts';
import type { Endpoint } from './pauses.ts';
import type { AcmeOptions } from './session.ts';

const signal = AbortSignal.timeout(60_000);
const names = ['a.example'];

const clientOf = ({ row }: TestCa, options: Partial<AcmeOptions>) =>
  new AcmeClient({ directoryUrl: row.directoryUrl, tlsRoots: row.tlsRoots ?? '', ...options });

/** A simulated CA that goes wrong by `rules`, and an order that another client made there. */
async function givenOrder(t: TestContext, rules: readonly TestRule[]) {
  const ca = await simulatedCa(t);
  const account = ca.newAccount();
  const { url } = await clientOf(ca, {}).newOrder(account, { names }, signal);
  ca.script(...rules);
  return { ca, account, url };
}

/** Asks for a minute, whatever else is said. */
const busy = (
  on: Endpoint,
  headers: Record<string, string> = {},
): Extract<TestRule, { fault: 'answer' }> => ({
  on,
  times: 1,
  fault: 'answer',
  status: 503,
  headers: { 'content-type': 'text/html', 'retry-after': '60', ...headers },
  body: '<html>',
});

for (const on of ['directory', 'new-nonce', 'new-order', 'order'] as const) {
  it(`keeps to the wish of a server that is busy at ${on}, also in another process, and forgets it when it is over`, async (t) => {
    const clock = new VirtualClock();
    const kept = new Map<string, Date>();
    const pauses = {
      read: async () => kept,
      put: async (endpoint: string, until: Date) => void kept.set(endpoint, until),
    };
    const { ca, account, url } = await givenOrder(t, [busy(on)]);
    const anew = () => clientOf(ca, { clock, pauses });
    const ask = (client: AcmeClient) =>
      on === 'new-order' ? client.newOrder(account, { names }, signal) : client.order(account, url, signal);
    const first = anew();
    await assert.rejects(ask(first), { retryAfter: 60 });
    const sent = ca.requests.length;
    clock.advance(30);
    for (const client of [first, anew()])
      await assert.rejects(ask(client), (error) => {
        assert.ok(error instanceof Fault && error.fault === 'ca_unreachable');
        assert.ok(error.retryAfter !== undefined && error.retryAfter >= 29 && error.retryAfter <= 30);
        return true;
      });
    assert.equal(ca.requests.slice(sent).filter((one) => one.endsWith(` ${on}`)).length, 0);
    clock.advance(31);
    assert.equal((await ask(anew())).status, 'pending');
  });
}

const STATUSES = [
  ['order', 500],
  ['order', 502],
  ['order', 504],
  ['new-order', 529],
  ['directory', 403],
  ['new-nonce', 400],
] as const;
for (const [on, status] of STATUSES) {
  it(`keeps to a wish that comes with HTTP ${status} at ${on}`, async (t) => {
    const { ca, account, url } = await givenOrder(t, [{ ...busy(on), status }]);
    const client = clientOf(ca, { clock: new VirtualClock() });
    const ask = () =>
      on === 'new-order' ? client.newOrder(account, { names }, signal) : client.order(account, url, signal);
    await assert.rejects(ask(), { retryAfter: 60 });
    await assert.rejects(ask(), { fault: 'ca_unreachable', retryAfter: 60 });
    assert.equal(ca.requests.filter((one) => one.endsWith(` ${on}`)).length, COUNTS[on]);
  });
}

/** Requests of who made the order, and the one that was refused. */
const COUNTS = { order: 1, 'new-order': 2, directory: 2, 'new-nonce': 2 };

it('grants a server ten minutes of a wish for a day, and nothing of one that is over', async (t) => {
  const clock = new VirtualClock();
  for (const [wish, granted] of [
    ['86400', 600],
    ['Mon, 23 Nov 2020 10:00:00 GMT', 0],
  ] as const) {
    const { ca, account, url } = await givenOrder(t, [busy('order', { 'retry-after': wish })]);
    const client = clientOf(ca, { clock });
    await assert.rejects(client.order(account, url, signal), { fault: 'ca_wrong_answer' });
    if (granted > 0) await assert.rejects(client.order(account, url, signal), { retryAfter: granted });
    clock.advance(granted);
    assert.equal((await client.order(account, url, signal)).status, 'pending');
  }
});

it('takes a limit for that of who asked for what, not of all who ask', async (t) => {
  const limit: TestRule = {
    on: 'new-order',
    times: 1,
    fault: 'answer',
    problem: 'rateLimited',
    headers: { 'retry-after': '60' },
  };
  const { ca, account } = await givenOrder(t, [limit]);
  const client = clientOf(ca, {});
  await assert.rejects(client.newOrder(account, { names }, signal), { retryAfter: 60 });
  assert.equal((await client.newOrder(account, { names }, signal)).status, 'pending');
});
