/** Where uploads go whose keys are kept to regions. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import {
  carryAll,
  clear,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../test/support/job-deps.ts';
import {
  allKeys,
  edgeAt,
  keysAt,
  NAMES,
  PLACES,
  pullingAt,
  shownAt,
  uploadKept,
} from '../../test/support/regions.ts';
import { givenCa } from '../../test/support/uploads.ts';
import { Fault } from '../kit/fault.ts';
import type { PackZone } from '../pack/pack.ts';
import { allows, GEO_LABELS, type Location, type Restriction } from '../pack/region.ts';
import { pullSource } from '../serve/sources.ts';
import { OPERATOR } from '../store/audit.ts';
import { listHandshakes } from '../store/deployments.ts';
import { countEdgeProblems } from '../store/figure-counts.ts';
import { getCustomCertificateOf } from '../store/uploads.ts';
import { deleteUpload } from './delete-upload.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let ca: Awaited<ReturnType<typeof givenCa>>;
before(async () => {
  deps = pullingAt(await startJobDeps(ends), NAMES.map(edgeAt));
  ca = await givenCa(deps);
});
after(() => ends.disposeAsync());

const upload = (zone: PackZone, restriction: Restriction | undefined, on = deps) =>
  uploadKept(on, ca, zone, restriction);

test('a restricted pack is served where its key may be, and what comes next serves elsewhere', async () => {
  const zone = await givenZone(deps, 'split.test');
  const open = await upload(zone, undefined);
  await carryAll(deps);
  deps.clock.advance(1);
  const kept = await upload(zone, { label: 'eu' });
  await carryAll(deps);
  assert.equal(
    (await packOf(deps, kept.id)).status,
    'active',
    (await packOf(deps, kept.id)).validationErrors.join(),
  );
  assert.equal((await packOf(deps, open.id)).status, 'active');
  for (const place of NAMES)
    assert.equal(
      await shownAt(deps, place, zone.name),
      ['de', 'fr', 'pl', 'eu'].includes(place) ? kept.leaf : open.leaf,
      place,
    );
  const { rows } = await deps.pool.query<{ edge: string }>(
    'select edge from deployments where pack_id = $1 order by edge',
    [kept.id],
  );
  assert.deepEqual(
    rows.map(({ edge }) => edge),
    ['edge-de', 'edge-eu', 'edge-fr', 'edge-pl'],
  );
  await clear(deps);
});

test('where no edge is surely allowed, the pack waits and says so, and it is the operator’s move', async () => {
  const on = pullingAt(deps, ['us', 'jp', 'nowhere'].map(edgeAt));
  const zone = await givenZone(on, 'none.test');
  const { id } = await upload(zone, { policy: '(region: EU) and (not country: FR)' }, on);
  await carryAll(on);
  const pack = await packOf(on, id);
  assert.equal(pack.status, 'pending_deployment');
  assert.match(
    pack.validationErrors.join(),
    /no production edge here is surely where the policy \(region: EU\) and \(not country: FR\) allows its key to be; the operator has to add one/,
  );
  assert.equal(pack.found?.cause, 'no_edge');
  for (const place of ['us', 'jp', 'nowhere']) assert.equal(await shownAt(on, place, zone.name), undefined);
  await clear(on);
});

test('an edge that moved away is waited for no more, and what it did not show is no problem of it any more', async () => {
  const dumb = { ...pullingAt(deps, ['de', 'fr'].map(edgeAt)), showLeaf: async () => undefined };
  const zone = await givenZone(dumb, 'moves.test');
  const { id, leaf } = await upload(zone, { label: 'eu' }, dumb);
  await carryAll(dumb);
  const problems = () => countEdgeProblems(deps.pool, ['edge-de', 'edge-fr']);
  assert.deepEqual(
    (await problems()).map(({ packs }) => packs),
    [1, 1],
  );
  const moved = { ...edgeAt('fr'), location: PLACES['us'] };
  const on = pullingAt(deps, [edgeAt('de'), moved], () => allKeys);
  await deps.pool.query('update packs set due_at = $1', [deps.clock.now()]);
  await carryAll(on);
  assert.equal((await packOf(on, id)).status, 'active');
  assert.equal(await shownAt(on, 'de', zone.name), leaf);
  assert.equal(await shownAt(on, 'fr', zone.name), undefined);
  assert.deepEqual(
    (await problems()).map(({ packs }) => packs),
    [0, 0],
  );
  const shown = await listHandshakes(deps.pool, { id, zone });
  assert.deepEqual(
    shown.map(({ edge, wanted }) => [edge, wanted.ecdsa]),
    [
      ['edge-de', leaf],
      ['edge-fr', null],
    ],
  );
  const custom = await getCustomCertificateOf(deps.pool, { id, zone });
  await deleteUpload(on, { zoneId: zone.id, id: custom?.id ?? '', by: OPERATOR });
  await carryAll(on);
  assert.equal((await packOf(on, id)).status, 'deleted');
  await clear(deps);
});

test('a key that no region here may have is not taken, and nothing is stored', async () => {
  const zone = await givenZone(deps, 'far.test');
  for (const restriction of [{ policy: 'region: OC' }, { policy: '(country: US) and (region: EU)' }])
    await assert.rejects(upload(zone, restriction), { fault: 'not_offered', pointer: '/policy' });
  const { rows } = await deps.pool.query('select 1 from packs');
  assert.equal(rows.length, 0);
  await clear(deps);
});

test('an edge that may have the key, beside a process that has none of its private keys, shows what comes next', async () => {
  const zone = await givenZone(deps, 'keyless.test');
  const open = await upload(zone, undefined);
  deps.clock.advance(1);
  await upload(zone, { label: 'us' });
  await carryAll(deps);
  const source = pullSource({ ...deps, edges: [edgeAt('us')], regionKeys: keysAt('jp') });
  const pack = await source.packFor(zone.name, 'production', 'name', 'edge-us');
  assert.equal(pack?.packId, open.id);
  await clear(deps);
});

/** A restriction, and the truth of it of a place of which all is known. */
interface Told {
  readonly text: string;
  readonly is: (place: Location) => boolean;
}
test('an edge without a name, of another name, or of an unknown place gets nothing restricted, whatever keys are beside it', async () => {
  const zone = await givenZone(deps, 'nameless.test');
  const open = await upload(zone, undefined);
  deps.clock.advance(1);
  const kept = await upload(zone, { policy: 'not country: FR' });
  await carryAll(deps);
  const edges = ['us', 'fr', 'nowhere'].map(edgeAt);
  const source = pullSource({ ...deps, edges, regionKeys: allKeys });
  const servedBy = async (name?: string) =>
    (await source.packFor(zone.name, 'production', 'name', name))?.packId;
  assert.equal(await servedBy('edge-us'), kept.id);
  for (const name of [undefined, '', 'edge-jp', 'edge-fr', 'edge-nowhere', 'EDGE-US'])
    assert.equal(await servedBy(name), open.id, String(name));
  await clear(deps);
});

const anyCountry = fc
  .constantFrom('US', 'CA', 'DE', 'FR', 'PL', 'GB', 'JP')
  .map((code): Told => ({ text: `country: ${code}`, is: (place) => place.country === code }));
const anyRegion = fc
  .constantFrom('EU', 'WEUR', 'EEUR', 'ENAM', 'APAC')
  .map(
    (code): Told => ({ text: `region: ${code}`, is: (place) => place.regions.some((one) => one === code) }),
  );
const anyPolicy = fc.letrec<{ policy: Told }>((tie) => {
  const pair = fc.tuple(tie('policy'), tie('policy'));
  return {
    policy: fc.oneof(
      { maxDepth: 3 },
      anyCountry,
      anyRegion,
      tie('policy').map((one): Told => ({ text: `not (${one.text})`, is: (place) => !one.is(place) })),
      pair.map(
        ([a, b]): Told => ({
          text: `(${a.text}) and (${b.text})`,
          is: (place) => a.is(place) && b.is(place),
        }),
      ),
      pair.map(
        ([a, b]): Told => ({ text: `(${a.text}) or (${b.text})`, is: (place) => a.is(place) || b.is(place) }),
      ),
    ),
  };
}).policy;
const LABELS = {
  us: (place: Location) => place.country === 'US',
  eu: (place: Location) => place.regions.includes('EU'),
  highest_security: (place: Location) => place.isHighestSecurity,
} as const;
type Wanted = readonly [Restriction, Told['is']];
const anyRestriction: fc.Arbitrary<Wanted> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(...GEO_LABELS).map((label): Wanted => [{ label }, LABELS[label]]) },
  { weight: 4, arbitrary: anyPolicy.map(({ text, is }): Wanted => [{ policy: text }, is]) },
);

test('over 1,000 random placements a restricted certificate reaches no edge outside, and every edge inside', async () => {
  const zones = await Promise.all(Array.from({ length: 5 }, (_, i) => givenZone(deps, `random-${i}.test`)));
  let [placements, inside] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      anyRestriction,
      fc.subarray([...NAMES, 'nowhere'], { minLength: 8 }),
      fc.nat(4),
      async ([restriction, is], places, index) => {
        const zone = zones[index] ?? assert.fail();
        // Whoever has all private keys still gives none to an edge outside.
        const on = pullingAt(deps, places.map(edgeAt), () => allKeys);
        const made = await upload(zone, restriction, on).catch((error: unknown) => {
          assert(error instanceof Fault && error.fault === 'not_offered', String(error));
          return undefined;
        });
        if (made) await carryAll(on);
        for (const place of places) {
          placements += 1;
          const location = PLACES[place];
          const may = location?.country === undefined ? allows(restriction, location) : is(location);
          const isShown = made !== undefined && (await shownAt(on, place, zone.name)) === made.leaf;
          if (may) inside += 1;
          assert.equal(isShown, may, `${JSON.stringify(restriction)} at ${place}`);
        }
        if (made) await deps.pool.query('delete from served_hosts where pack_id = $1', [made.id]);
      },
    ),
    { numRuns: 130 },
  );
  assert(placements >= 1_000, `${placements} placements`);
  assert(inside > 100 && inside < placements - 100, `${inside} of them inside`);
  await clear(deps);
});
