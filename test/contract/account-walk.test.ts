/** A walk through an account shows every pack that matches all the while exactly once, whatever is written meanwhile. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import fc from 'fast-check';
import { render } from '../../src/operation/render.ts';
import { CERTIFICATE_AUTHORITIES, ENVIRONMENTS, PACK_TYPES, type Pack } from '../../src/pack/pack.ts';
import { deletePack, updatePack } from '../../src/store/pack-writes.ts';
import { lockPack } from '../../src/store/packs.ts';
import { transaction } from '../../src/store/store.ts';
import { touchZone } from '../../src/store/zones.ts';
import { type Answer, askAccount, idsOf } from '../support/account.ts';
import { endingOn, givenAccount, startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { givenPack, packOf } from '../support/job-deps.ts';

let api: TestApi;
let account: TestAccount;
/** What is stored, oldest first. */
const packs = new Map<string, Pack>();
const ends = new AsyncDisposableStack();
before(async () => {
  api = await startApi(ends);
  const stranger = await givenAccount(api.jobs, ['stranger.test']);
  account = await givenAccount(api.jobs, ['one.test', 'two.test', 'three.test']);
  for (const zone of stranger.zones) await givenPack(api.jobs, zone);
});
after(() => ends.disposeAsync());

const STATUSES = ['initializing', 'active', 'expired'] as const;
const NAMES =
  'one.test a.one.test *.one.test b.a.one.test c.b.a.one.test xone.test a-one.test one.test.two.test two.test one-two.test'.split(
    ' ',
  );
const ENDS = ['2027-01-01', '2027-01-02', '2027-06-01', '2027-12-31'];

const looks = fc.record({
  status: fc.constantFrom(...STATUSES),
  environment: fc.constantFrom(...ENVIRONMENTS),
});
const news = fc.record({
  zone: fc.nat(2),
  look: looks,
  type: fc.constantFrom(...PACK_TYPES.slice(3, 6)),
  certificateAuthority: fc.constantFrom(...CERTIFICATE_AUTHORITIES),
  hosts: fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 5 }),
  end: fc.option(fc.constantFrom(...ENDS)),
});
const step = fc.oneof(
  fc.record({ do: fc.constant('order' as const), pack: news }),
  fc.record({ do: fc.constant('change' as const), nth: fc.nat(), look: looks }),
  fc.record({ do: fc.constant('delete' as const), nth: fc.nat() }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Mostly not there: all filters at once leave nothing. */
const maybe = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const filters = fc.record({
  status: maybe(fc.constantFrom(...STATUSES)),
  deploy: maybe(fc.constantFrom(...ENVIRONMENTS)),
  type: maybe(fc.constantFrom(...PACK_TYPES.slice(3, 6))),
  certificate_authority: maybe(fc.constantFrom(...CERTIFICATE_AUTHORITIES)),
  zone: maybe(fc.nat(2)),
  expires_before: maybe(fc.constantFrom(...ENDS)),
  host: maybe(fc.constantFrom(...NAMES)),
  'host.suffix': maybe(fc.constantFrom('test', 'one.test', 'a.one.test', 'two.test')),
});
type Filter = typeof filters extends fc.Arbitrary<infer T> ? T : never;

async function take(one: Step): Promise<void> {
  if (one.do === 'order') return order(one.pack);
  const pack = [...packs.values()][one.nth % packs.size];
  if (!pack) return;
  const { id, zone, certificates } = pack;
  await transaction(api.jobs.pool, async (tx) => {
    await touchZone(tx, zone.id);
    const found = await lockPack(tx, zone.id, id);
    assert.ok(found);
    const to = { ...found, ...(one.do === 'change' ? one.look : {}), certificates };
    const how = { dueAt: undefined, isFreed: false, isPutDown: true, record: undefined };
    const isDone =
      one.do === 'delete'
        ? deletePack(tx, found)
        : updatePack(tx, found, to, { ...render(api.jobs, to), ...how });
    assert.ok(await isDone);
  });
  if (one.do === 'delete') packs.delete(id);
  else packs.set(id, { ...pack, ...one.look });
}

async function order({ zone, look, end, ...rest }: typeof news extends fc.Arbitrary<infer T> ? T : never) {
  const place = account.zones[zone];
  assert.ok(place);
  const certificates = end === null ? [] : endingOn(new Date(`${end}T00:00:00Z`));
  const id = await givenPack(api.jobs, place, { ...rest, ...look, certificates });
  packs.set(id, { ...(await packOf(api.jobs, id)), certificates });
}

/** Ids of what matches now. */
const matching = (filter: Filter): Set<string> =>
  new Set([...packs.values()].filter((pack) => matches(pack, filter)).map(({ id }) => id));

function matches(pack: Pack, filter: Filter): boolean {
  const { host, 'host.suffix': suffix, expires_before: end = '9999' } = filter;
  const zone = filter.zone === undefined ? undefined : account.zones[filter.zone]?.id;
  const pairs = [
    [filter.status, pack.status],
    [filter.deploy, pack.environment],
    [filter.type, pack.type],
    [filter.certificate_authority, pack.certificateAuthority],
    [zone, pack.zone.id],
    [host, pack.hosts.find((name) => name === host)],
    [suffix, pack.hosts.some((name) => suffix !== undefined && isBelow(name, suffix)) ? suffix : undefined],
  ];
  const isEnding = filter.expires_before === undefined || (endOf(pack) ?? '9999') < end;
  return isEnding && pairs.every(([wanted, own]) => wanted === undefined || wanted === own);
}

const endOf = ({ certificates }: Pack) => certificates[0]?.notAfter.toISOString().slice(0, 10);
const isBelow = (host: string, suffix: string) => host === suffix || host.endsWith(`.${suffix}`);

async function pageOf({ zone, ...filter }: Filter, cursor: string | undefined): Promise<Answer> {
  const zoneId = zone === undefined ? undefined : account.zones[zone]?.id;
  const page = await askAccount(api, account, { ...filter, zone_id: zoneId, cursor, per_page: '5' });
  assert.equal(page.status, 200, JSON.stringify(page));
  return page;
}

/** Walks; `steps` are taken between its pages. Returns what it showed, and what matched at each page. */
async function walk(filter: Filter, steps: readonly (readonly Step[])[]) {
  const shown: string[] = [];
  const all: Set<string>[] = [];
  let cursor: string | undefined;
  for (let i = 0; ; i += 1) {
    all.push(matching(filter));
    const page = await pageOf(filter, cursor);
    for (const id of idsOf(page)) assert.ok(all.at(-1)?.has(id), 'what is shown matches at that time');
    shown.push(...idsOf(page));
    ({ cursor } = page.result_info);
    if (cursor === undefined) return { shown, all };
    for (const one of steps[i] ?? []) await take(one);
  }
}

/** Where a pack stands in the order of a filter: with equal ones the older is first, then that of the lesser zone. */
function keyOf(pack: Pack | undefined, filter: Filter): string {
  if (!pack) return '';
  const isOther =
    filter.host !== undefined || filter['host.suffix'] !== undefined || filter.zone !== undefined;
  const end = !isOther && filter.expires_before !== undefined ? endOf(pack) : '';
  return `${end} ${pack.createdOn.toISOString()} ${pack.zone.id} ${String(pack.ord).padStart(6, '0')}`;
}

it('a walk through an account holds for filters and changes as they come', async () => {
  for (const pack of fc.sample(news, { numRuns: 60, seed: 1 })) await order(pack);
  const property = fc.asyncProperty(
    filters,
    fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 12 }),
    async (filter, steps) => {
      const known = new Map(packs);
      const { shown, all } = await walk(filter, steps);
      assert.equal(new Set(shown).size, shown.length, 'none is shown twice');
      const throughout = [...(all[0] ?? [])].filter((id) => all.every((one) => one.has(id)));
      assert.deepEqual(
        throughout.filter((id) => !shown.includes(id)),
        [],
      );
      const keys = shown.map((id) => keyOf(packs.get(id) ?? known.get(id), filter));
      const isKnown = shown.every((id) => packs.has(id) || known.has(id));
      if (isKnown) assert.deepEqual(keys, keys.toSorted(), 'in their order');
    },
  );
  await fc.assert(property, { numRuns: 250, endOnFailure: true });
});
