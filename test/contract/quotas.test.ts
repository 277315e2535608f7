/** How much one account may have, whatever another has. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, it, type TestContext } from 'node:test';
import { buildApi } from '../../src/api/api.ts';
import { documentedRows } from '../../src/ca/configuration.ts';
import { days } from '../../src/kit/time.ts';
import { NO_QUOTAS, type Quotas } from '../../src/operation/quotas.ts';
import { FREE_NAMES } from '../../src/pack/name-policy.ts';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { newClient } from '../support/client.ts';
import { clear } from '../support/job-deps.ts';
import { allow, givenOwner, made, resources, send, type TokenAnswer } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let mine: TestAccount;
let other: TestAccount;
before(async () => {
  api = await startApi(ends);
});
beforeEach(async () => {
  await clear(api.jobs);
  mine = await givenOwner(api, ['mine.example']);
  other = await givenOwner(api, ['other.example']);
});
after(() => ends.disposeAsync());

/** A token, and the zone that it is about. */
interface Who {
  readonly token: string;
  readonly zones: readonly { readonly id: string }[];
}

interface Ask {
  (who: Who, call: readonly [string, string], body?: object): Promise<TokenAnswer>;
  readonly url: string;
}

/** Asks an API that holds accounts to quotas; names rest for a day. */
async function given(t: TestContext, quotas: Partial<Quotas>): Promise<Ask> {
  const rows = new Map([['lets_encrypt', documentedRows.lets_encrypt]] as const);
  const names = { ...FREE_NAMES, rest: days(1) };
  const app = await buildApi({ ...api.deps, rows, names, quotas: { ...NO_QUOTAS, ...quotas } });
  t.after(() => app.close());
  const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/client/v4`;
  const ask = ({ token }: Who, call: readonly [string, string], body?: object) =>
    send(url, call, token, body ? { body } : {});
  return Object.assign(ask, { url });
}

const packsOf = ({ zones }: Who): string => `/zones/${zones[0]?.id}/ssl/certificate_packs`;
const order = (ask: Ask, who: Who, hosts: readonly string[]): Promise<TokenAnswer> =>
  ask(who, ['POST', `${packsOf(who)}/order`], {
    type: 'advanced',
    hosts,
    certificate_authority: 'lets_encrypt',
    validation_method: 'txt',
    validity_days: 90,
  });
const newZone = (ask: Ask, who: Who, name: string): Promise<TokenAnswer> =>
  ask(who, ['POST', '/zones'], { name, type: 'partial' });

function assertFull({ status, code, message }: TokenAnswer, words: RegExp): void {
  assert.deepEqual([status, code], [403, 1405], message);
  assert.match(message, words);
}

it('an account has so many packs, and another for each that leaves; what another has is no matter', async (t) => {
  const ask = await given(t, { packs: 2 });
  const packs = [await order(ask, mine, ['mine.example']), await order(ask, mine, ['mine.example'])];
  assert.deepEqual(
    packs.map(({ status }) => status),
    [200, 200],
  );
  const words = /^this account may have 2 certificate packs; .*\(option account_packs\)$/;
  assertFull(await order(ask, mine, ['mine.example']), words);
  assert.equal((await order(ask, other, ['other.example'])).status, 200);
  await ask(mine, ['DELETE', `${packsOf(mine)}/${packs[0]?.result.id}`]);
  assert.equal((await order(ask, mine, ['mine.example'])).status, 200);
  assertFull(await order(ask, mine, ['mine.example']), words);
});

/** What Cloudflare's own client reads of the quota. */
const quotaOf = async (ask: Ask, { token, zones: [zone] }: Who) => {
  const client = newClient({ apiToken: token, baseURL: ask.url });
  return (await client.ssl.certificatePacks.quota.get({ zone_id: zone?.id ?? '' })).advanced;
};

it('a zone has so many packs, and tells how many it may have and has', async (t) => {
  const ask = await given(t, { zonePacks: 2 });
  assert.deepEqual(await quotaOf(ask, mine), { allocated: 2, used: 0 });
  const { result } = await order(ask, mine, ['mine.example']);
  assert.deepEqual(await quotaOf(ask, mine), { allocated: 2, used: 1 });
  await order(ask, mine, ['mine.example']);
  const words = /^this zone may have 2 certificate packs; .*\(option zone_packs\)$/;
  assertFull(await order(ask, mine, ['mine.example']), words);
  const second = await newZone(ask, mine, 'more.example');
  const elsewhere = { ...mine, zones: [second.result] };
  assert.deepEqual(await quotaOf(ask, elsewhere), { allocated: 2, used: 0 }, 'each zone by itself');
  assert.equal((await order(ask, elsewhere, ['more.example'])).status, 200);
  await ask(mine, ['DELETE', `${packsOf(mine)}/${result.id}`]);
  assert.deepEqual(await quotaOf(ask, mine), { allocated: 2, used: 1 });
});

it('what an account’s other zones leave is what a zone may have', async (t) => {
  const ask = await given(t, { packs: 3, zonePacks: 2 });
  const { result } = await newZone(ask, mine, 'more.example');
  const elsewhere = { ...mine, zones: [result] };
  await order(ask, mine, ['mine.example']);
  await order(ask, mine, ['mine.example']);
  assert.deepEqual(await quotaOf(ask, elsewhere), { allocated: 1, used: 0 });
  await order(ask, elsewhere, ['more.example']);
  assert.deepEqual(await quotaOf(ask, elsewhere), { allocated: 1, used: 1 });
  assert.deepEqual(await quotaOf(ask, mine), { allocated: 2, used: 2 });
  assertFull(await order(ask, elsewhere, ['more.example']), /^this account may have 3 certificate packs; /);
  const narrower = await given(t, { packs: 1 });
  assert.deepEqual(
    await quotaOf(narrower, mine),
    { allocated: 2, used: 2 },
    'none is left, none is taken away',
  );
});

it('without a quota it says the largest there can be', async (t) => {
  const ask = await given(t, {});
  await order(ask, mine, ['mine.example']);
  assert.deepEqual(await quotaOf(ask, mine), { allocated: 1_000_000_000, used: 1 });
});

it('a quota is told to whoever may read the zone’s certificates, and to nobody else', async (t) => {
  const ask = await given(t, { zonePacks: 2 });
  const path = `${packsOf(mine)}/quota`;
  assert.equal((await ask(other, ['GET', path])).status, 404);
  const policy = allow(['Zone Read'], resources({ zones: [mine.zones[0]?.id ?? ''] }));
  const token = (await made(ask.url, mine.token, { policies: [policy] })).value;
  const { status, code, message } = await ask({ ...mine, token }, ['GET', path]);
  assert.deepEqual([status, code], [403, 9109]);
  assert.match(message, /'SSL and Certificates Read'/);
  const outside = await ask(mine, ['GET', '/zones/nonsense/ssl/certificate_packs/quota']);
  assert.deepEqual([outside.status, outside.code], [400, 7003]);
});

it('requests that come together get no more than there is', async (t) => {
  const ask = await given(t, { packs: 5, zonePacks: 4, zones: 4, tokens: 4 });
  const zone = await newZone(ask, mine, 'more.example');
  const places = [packsOf(mine), `/zones/${zone.result.id}/ssl/certificate_packs`];
  const hosts = ['mine.example', 'more.example'];
  const answers = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const body = { type: 'advanced', hosts: [hosts[i % 2]], certificate_authority: 'lets_encrypt' };
      const rest = { validation_method: 'txt', validity_days: 90 };
      return Promise.all([
        ask(mine, ['POST', `${places[i % 2]}/order`], { ...body, ...rest }),
        newZone(ask, mine, `z${i}.example`),
        ask(mine, ['POST', '/user/tokens'], TOKEN),
      ]);
    }),
  );
  const counts = [0, 1, 2].map((i) => answers.filter((each) => each[i]?.status === 200).length);
  assert.deepEqual(counts, [5, 2, 2]);
});

const TOKEN = { name: 'made', policies: [allow(['Zone Read'], resources({ zones: ['*'] }))] };

it('hosts are counted once each, however often packs have them', async (t) => {
  const ask = await given(t, { hosts: 3 });
  assert.equal((await order(ask, mine, ['mine.example', '*.mine.example'])).status, 200);
  assert.equal((await order(ask, mine, ['MINE.example', 'www.mine.example'])).status, 200);
  assert.equal((await order(ask, mine, ['www.mine.example', '*.mine.example'])).status, 200);
  assertFull(await order(ask, mine, ['a.mine.example']), /^this account may have 3 different hosts /);
  assert.equal(
    (await order(ask, other, ['a.other.example', 'b.other.example', 'other.example'])).status,
    200,
  );
});

it('a zone that was deleted counts while its name rests: nobody keeps names from others by making and deleting', async (t) => {
  const ask = await given(t, { zones: 2 });
  const { result } = await newZone(ask, mine, 'more.example');
  const words = /^this account may have 2 zones /;
  assertFull(await newZone(ask, mine, 'third.example'), words);
  assert.equal((await newZone(ask, other, 'theirs.example')).status, 200);
  await ask(mine, ['DELETE', `/zones/${result.id}`]);
  assertFull(await newZone(ask, mine, 'third.example'), words);
  assert.equal((await newZone(ask, mine, 'more.example')).status, 200, 'its own again');
  await ask(mine, ['DELETE', `/zones/${mine.zones[0]?.id}`]);
  api.jobs.clock.advance(days(1));
  assert.equal((await newZone(ask, mine, 'third.example')).status, 200);
});

it('an account has so many tokens', async (t) => {
  const ask = await given(t, { tokens: 3 }); // two are there
  const { status, result } = await ask(mine, ['POST', '/user/tokens'], TOKEN);
  assert.equal(status, 200);
  assertFull(await ask(mine, ['POST', '/user/tokens'], TOKEN), /^this account may have 3 API tokens; /);
  assert.equal((await ask(other, ['POST', '/user/tokens'], TOKEN)).status, 200);
  assert.equal((await ask(mine, ['DELETE', `/user/tokens/${result.id}`])).status, 200);
  assert.equal((await ask(mine, ['POST', '/user/tokens'], TOKEN)).status, 200);
});

it('without quotas an account has any number of everything', async (t) => {
  const ask = await given(t, {});
  for (let i = 0; i < 12; i++) {
    assert.equal((await order(ask, mine, [`h${i}.mine.example`])).status, 200);
    assert.equal((await newZone(ask, mine, `z${i}.example`)).status, 200);
    assert.equal((await ask(mine, ['POST', '/user/tokens'], TOKEN)).status, 200);
  }
});
