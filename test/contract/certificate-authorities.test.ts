/** What an account is told of CAs: what concerns it, and nothing of others. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { buildApi } from '../../src/api/api.ts';
import type { ApiDeps } from '../../src/api/deps.ts';
import type { CaRow } from '../../src/ca/ca.ts';
import { days, after as later } from '../../src/kit/time.ts';
import { newCaHealth } from '../../src/serve/tell-troubles.ts';
import { take } from '../../src/store/ca-limits.ts';
import { transaction } from '../../src/store/store.ts';
import { givenPacks } from '../support/account.ts';
import {
  endingOn,
  givenAccount,
  startApi,
  type TestAccount,
  type TestApi,
  tokenFor,
} from '../support/api.ts';

let api: TestApi;
let account: TestAccount;
/** The time of all that is asked here: it stands still. */
let now: Date;
const ends = new AsyncDisposableStack();
before(async () => {
  api = await startApi(ends);
  now = api.jobs.clock.now();
  account = await givenAccount(api.jobs, ['cas.test']);
  const certificates = endingOn(later(now, days(40)));
  await givenPacks(api, account.zones[0], [
    { status: 'active', certificates, certificateAuthority: 'google' },
  ]);
});
after(() => ends.disposeAsync());

const ORDERS = { most: 40, within: 4_000 };
const ROW: CaRow = {
  name: 'google',
  directoryUrl: 'https://ca.test/directory',
  contact: [],
  hasAgreedToTerms: true,
  validityDays: [30, 90],
  sendsNotAfter: true,
  allowsWildcard: true,
  allowsIdn: true,
  reusesAuthorizations: true,
  isPublic: false,
  limits: { orders: ORDERS },
};

const wire = (instant: Date): string => instant.toISOString().replace('Z', '000Z');

interface Authority {
  readonly certificate_authority: string;
  readonly is_configured: boolean;
  readonly packs: number;
  readonly soonest_end?: string;
  readonly health: Readonly<Record<string, unknown>>;
  readonly limits: readonly Readonly<Record<string, unknown>>[];
}

/** What the account is told of google by an API with this beside the rest. */
async function google(more: Partial<ApiDeps>, bearer = account): Promise<Authority> {
  const app = await buildApi({
    ...api.deps,
    clock: { now: () => now, sleep: async () => undefined },
    rows: new Map([['google', ROW]]),
    ...more,
  });
  try {
    const path = `/client/v4/accounts/${bearer.id}/ssl/certificate_authorities`;
    const answer = await app.inject({
      url: path,
      headers: { authorization: `Bearer ${bearer.token}`, host: 'a' },
    });
    assert.equal(answer.statusCode, 200, answer.body);
    const { result }: { result: Authority[] } = JSON.parse(answer.body);
    assert.deepEqual(
      result.map(({ certificate_authority: ca, is_configured: is }) => [ca, is]),
      [
        ['google', true],
        ['lets_encrypt', false],
        ['ssl_com', false],
      ],
    );
    return result[0] ?? assert.fail();
  } finally {
    await app.close();
  }
}

const spend = (n: number, taker?: string) =>
  transaction(api.jobs.pool, async (tx) => {
    const bucket = { kind: 'orders', subject: '', limit: ORDERS, taker };
    for (let i = 0; i < n; i++) assert.equal(await take(tx, 'google', [bucket], now), undefined);
  });

it('a CA that nobody spoke to is neither up nor down; its packs and their soonest end are told', async () => {
  const { health, packs, soonest_end: end, limits } = await google({});
  assert.deepEqual([health, packs], [{}, 1]);
  assert.equal(end?.slice(0, 10), later(now, days(40)).toISOString().slice(0, 10));
  assert.deepEqual(limits, [
    { limit: 'orders', most: 40, within_s: 4_000, is_shared: false, remaining: 40, is_available: true },
  ]);
});

it('what was ordered is gone from the limit of an account that has it alone, until it is full again', async () => {
  await spend(10);
  const [limit] = (await google({})).limits;
  assert.equal(limit?.['remaining'], 30);
  assert.equal(limit['full_on'], wire(later(now, 1_000)));
  await spend(21);
  const [low] = (await google({})).limits;
  assert.deepEqual([low?.['remaining'], low?.['is_available']], [9, false], 'ten are kept for renewals');
  assert.equal(low?.['available_on'], wire(later(now, 200)));
});

it('of a limit that accounts share no account is told what others took, only whether it is given one', async () => {
  const other = await givenAccount(api.jobs, ['other-cas.test']);
  const [limit] = (await google({}, other)).limits;
  assert.deepEqual(limit, {
    limit: 'orders',
    most: 40,
    within_s: 4_000,
    is_shared: true,
    is_available: false,
    available_on: wire(later(now, 200)),
  });
  assert.equal((await google({}, other)).packs, 0);
});

it('a CA is down while it is in trouble, and why is told; when it answered last stays', async () => {
  const health = newCaHealth(() => now);
  health.hear('google', { status: 200, seconds: 0.1, endpoint: 'other' });
  const good = wire(now);
  now = later(now, 60);
  health.hear('google', { status: 503, seconds: 0.1, endpoint: 'other' });
  health.hear('google', { status: undefined, seconds: 0.1, endpoint: 'other' });
  const known = { caHealth: health.of, caTrouble: () => 'it answers HTTP 503' };
  assert.deepEqual((await google(known)).health, {
    is_up: false,
    problem: 'it answers HTTP 503',
    last_success: good,
    last_failure: wire(now),
  });
  assert.equal((await google({ caHealth: health.of })).health['is_up'], true, 'it works again');
});

it('CAs are told to whoever may read all packs of the account, and to nobody else', async () => {
  const path = `/accounts/${account.id}/ssl/certificate_authorities`;
  const limited = await tokenFor(api.jobs, { accountId: account.id, zones: [account.zones[0]?.id ?? ''] });
  assert.equal((await api.get(path, limited)).status, 403);
  const stranger = await givenAccount(api.jobs, ['stranger-cas.test']);
  assert.equal((await api.get(path, stranger.token)).status, 403);
});
