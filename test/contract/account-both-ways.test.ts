/** Pages of an account's list lie side by side, whichever way they are come to. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import fc from 'fast-check';
import { days, after as later } from '../../src/kit/time.ts';
import { CERTIFICATE_AUTHORITIES, type Pack } from '../../src/pack/pack.ts';
import { deletePack } from '../../src/store/pack-writes.ts';
import { lockPack } from '../../src/store/packs.ts';
import { transaction } from '../../src/store/store.ts';
import { touchZone } from '../../src/store/zones.ts';
import { type Answer, type Ask, askAccount, givenPacks, idsOf, walkAccount } from '../support/account.ts';
import { endingOn, givenAccount, startApi, type TestAccount, type TestApi } from '../support/api.ts';

let api: TestApi;
let account: TestAccount;
const FIRST_END = new Date('2027-01-01T00:00:00Z');
const ends = new AsyncDisposableStack();
before(async () => {
  api = await startApi(ends);
  account = await givenAccount(api.jobs, ['one.both.test', 'two.both.test', 'three.both.test']);
  for (let i = 0; i < 20; i++) for (const zone of account.zones) await givenPacks(api, zone, [lookAt(i)]);
});
after(() => ends.disposeAsync());

/** Some have no certificates; several end at once. */
const lookAt = (i: number): Partial<Pack> => ({
  hosts: [`a${i}.both.test`],
  status: i % 3 === 0 ? 'active' : 'initializing',
  certificateAuthority: CERTIFICATE_AUTHORITIES[i % 3] ?? 'google',
  certificates: i % 4 === 0 ? [] : endingOn(later(FIRST_END, days((i * 7) % 5))),
});

const FILTERS: readonly (() => Ask)[] = [
  () => ({}),
  () => ({ status: 'active' }),
  () => ({ type: 'advanced', certificate_authority: 'google' }),
  () => ({ zone_id: account.zones[1]?.id }),
  () => ({ zone_id: account.zones[1]?.id, status: 'initializing' }),
  () => ({ 'host.suffix': 'both.test' }),
  () => ({ host: 'a4.both.test' }),
  () => ({ order: 'expires_on' }),
  () => ({ expires_after: '2027-01-02', expires_before: '2027-01-04' }),
];

async function page(query: Ask): Promise<Answer> {
  const answer = await askAccount(api, account, { per_page: '7', ...query });
  assert.equal(answer.status, 200, JSON.stringify(answer));
  return answer;
}

for (const [i, filterOf] of FILTERS.entries()) {
  it(`the pages of filter ${i} are the same backwards, and downwards the other way round`, async () => {
    const filter = filterOf();
    const all = await walkAccount(api, account, { ...filter, per_page: '7' });
    assert(all.length > 2);
    const forth: string[][] = [];
    let last = await page(filter);
    for (;;) {
      forth.push(idsOf(last));
      const { after: next } = last.result_info.cursors;
      assert.equal(next, last.result_info.cursor);
      if (next === undefined) break;
      last = await page({ ...filter, cursor: next });
    }
    const back = [idsOf(last)];
    for (let { before: cursor } = last.result_info.cursors; cursor !== undefined; ) {
      const one = await page({ ...filter, cursor });
      back.unshift(idsOf(one));
      cursor = one.result_info.cursors.before;
    }
    assert.deepEqual([forth.flat(), back.flat()], [all, all]);
    const sizes = back.map((ids) => ids.length);
    assert(
      sizes.slice(1, -1).every((size) => size === 7),
      String(sizes),
    );
    const down = await walkAccount(api, account, { ...filter, direction: 'desc', per_page: '7' });
    assert.deepEqual(down, all.toReversed());
  });
}

it('the first page has nothing before it, and the last nothing after it', async () => {
  const first = await page({});
  assert.deepEqual(Object.keys(first.result_info.cursors), ['after']);
  const only = await page({ per_page: '1000' });
  assert.deepEqual(only.result_info.cursors, {});
  const next = await page({ cursor: first.result_info.cursors.after });
  const again = await page({ cursor: next.result_info.cursors.before });
  assert.deepEqual([idsOf(again), Object.keys(again.result_info.cursors)], [idsOf(first), ['after']]);
});

it('by end comes what ends first, and nothing without certificates', async () => {
  const { result } = await page({ order: 'expires_on', per_page: '1000' });
  const { rows } = await api.jobs.pool.query<{ id: string }>(
    `select id from packs where account_id = $1 and expires_on is not null
      order by expires_on, created_on, zone_id, ord`,
    [account.id],
  );
  assert.deepEqual(
    result?.map(({ id }) => id),
    rows.map(({ id }) => id),
  );
});

it('each pack of the list tells its zone, also one without certificates', async () => {
  const { result } = await page({ per_page: '1000' });
  const counts = account.zones.map(({ id }) => result?.filter((one) => one.zone_id === id).length);
  assert.deepEqual(counts, [20, 20, 20]);
});

it('sorting by end is refused where only creation sorts, with a pointer', async () => {
  for (const filter of [
    { zone_id: account.zones[0]?.id },
    { host: 'a1.both.test' },
    { 'host.suffix': 'test' },
  ]) {
    const { status, errors } = await askAccount(api, account, { ...filter, order: 'expires_on' });
    assert.deepEqual([status, errors[0]?.source], [400, { pointer: '/order' }]);
  }
});

it('whoever turns about sees what he saw, but for what was ordered or deleted meanwhile', async () => {
  const turns = fc.array(
    fc.record({ isBack: fc.boolean(), change: fc.constantFrom('none', 'order', 'delete') }),
    {
      maxLength: 12,
    },
  );
  const property = fc.asyncProperty(turns, fc.constantFrom('asc', 'desc'), async (steps, direction) => {
    let at = await page({ direction });
    for (const { isBack, change } of steps) {
      const cursor = isBack ? at.result_info.cursors.before : at.result_info.cursors.after;
      if (cursor === undefined) continue;
      // Behind what was deleted a page may be empty.
      const isDeleting = change === 'delete' && idsOf(at).length > 0;
      const gone = isDeleting ? await removeOne(idsOf(at)) : undefined;
      if (change === 'order') await givenPacks(api, account.zones[0], [{}]);
      const there = await page({ direction, cursor });
      const back = await page({ direction, cursor: opposite(there, isBack) });
      const shown = idsOf(at).filter((id) => id !== gone);
      assert.deepEqual(
        idsOf(back).filter((id) => shown.includes(id)),
        shown.slice(isBack ? 0 : -7),
      );
      assert.deepEqual(
        idsOf(back).filter((id) => idsOf(there).includes(id)),
        [],
        'no pack is on both',
      );
      at = there;
    }
  });
  await fc.assert(property, { numRuns: 25 });
});

const opposite = ({ result_info: { cursors } }: Answer, isBack: boolean): string | undefined =>
  isBack ? cursors.after : cursors.before;

/** Removes the last of these packs, past its life. */
async function removeOne(ids: readonly string[]): Promise<string | undefined> {
  const id = ids.at(-1);
  const { rows } = await api.jobs.pool.query<{ zone_id: string }>('select zone_id from packs where id = $1', [
    id,
  ]);
  const zoneId = rows[0]?.zone_id ?? '';
  await transaction(api.jobs.pool, async (tx) => {
    await touchZone(tx, zoneId);
    const pack = await lockPack(tx, zoneId, id ?? '');
    assert(pack && (await deletePack(tx, pack)));
  });
  return id;
}
