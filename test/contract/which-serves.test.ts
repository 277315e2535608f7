/** Which pack serves a name, seen by handshakes with a bundled edge: every pair of types, exact and wildcard, and what changes it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, it } from 'node:test';
import { parseLeaf } from '../../src/ca/leaf.ts';
import { createUpload } from '../../src/operation/create-upload.ts';
import { deleteUpload } from '../../src/operation/delete-upload.ts';
import { prioritizeUploads } from '../../src/operation/prioritize-uploads.ts';
import { NO_QUOTAS } from '../../src/operation/quotas.ts';
import type { UploadType } from '../../src/pack/custom-certificate.ts';
import type { PackType, PackZone } from '../../src/pack/pack.ts';
import { servingNotes } from '../../src/pack/serving-notes.ts';
import { OPERATOR } from '../../src/store/audit.ts';
import { getServing, listCandidates } from '../../src/store/served-hosts.ts';
import { carryAll, givenZone, packOf, type TestJobDeps } from '../support/job-deps.ts';
import {
  leafAt,
  leafWithout,
  NAMELESS,
  type OnEdge,
  type Ordered,
  onEdge,
  shows,
  startOrdered,
  tell,
} from '../support/ordered.ts';

/** The order as Cloudflare documents it; of one rank the later one, and the second of a pair is. */
const RANKS: readonly (readonly PackType[])[] = [
  ['keyless'],
  ['legacy_custom'],
  ['sni_custom'],
  ['managed_hostname', 'mh_custom'],
  ['advanced'],
  ['total_tls'],
  ['universal'],
];
const ALL = RANKS.flat();
const rankOf = (type: PackType): number => RANKS.findIndex((some) => some.includes(type));

/** Where the machine has nothing to build the terminator of keyless names with, which one serves is asked of the store alone. */
const isShown = (type: PackType): boolean => type !== 'keyless' || world.keyless !== undefined;

const ends = new AsyncDisposableStack();
let world: Ordered;
let deps: TestJobDeps;
let ca: Ordered['ca'];
before(async () => {
  world = await startOrdered(ends);
  ({ deps, ca } = world);
});
after(() => ends.disposeAsync());

/** Pairs of types, each with the first that is put there and the second, which comes later. */
const PAIRS = ALL.flatMap((first) => ALL.map((second) => [first, second] as const));
const labelOf = ([first, second]: readonly [PackType, PackType]): string =>
  `${first}-${second}`.replaceAll('_', '');

/** A name of a pair in a zone. */
const at = (zone: PackZone, pair: readonly [PackType, PackType], place: string): string =>
  `${place}.${labelOf(pair)}.${zone.name}`;

/** Hosts of a pack in its pairs: exact with the other, by wildcard with it, exact where the other is not, and the reverse. */
const hostsIn = (zone: PackZone, pairs: readonly (typeof PAIRS)[number][], exact: string, wild: string) =>
  pairs.flatMap((pair) =>
    ['both', '*.wild', `x.${exact}`, `*.${wild}`].map((place) => at(zone, pair, place)),
  );

/** Two packs of each type: all that are first of a pair come before all that are second. */
async function givenPairs(zone: PackZone) {
  const [firsts, seconds] = [new Map<PackType, OnEdge>(), new Map<PackType, OnEdge>()];
  for (const type of ALL) {
    const mine = PAIRS.filter(([one]) => one === type);
    firsts.set(type, await onEdge(world, zone, type, hostsIn(zone, mine, 'one', 'two')));
  }
  for (const type of ALL) {
    const mine = PAIRS.filter(([, one]) => one === type);
    seconds.set(type, await onEdge(world, zone, type, hostsIn(zone, mine, 'two', 'one')));
  }
  return { firsts, seconds };
}

it('of every pair of types the documented one is shown, exact before wildcard whatever the types, by handshake', async () => {
  const zone = await givenZone(deps, 'order.test');
  const { firsts, seconds } = await givenPairs(zone);
  const asked = PAIRS.flatMap((pair) => {
    const [first, second] = [firsts.get(pair[0]), seconds.get(pair[1])];
    const better = rankOf(pair[0]) < rankOf(pair[1]) ? first : second;
    return [
      { name: at(zone, pair, 'both'), pack: better },
      { name: at(zone, pair, 'x.wild'), pack: better },
      { name: at(zone, pair, 'x.one'), pack: first },
      { name: at(zone, pair, 'x.two'), pack: second },
    ];
  });
  assert.equal(asked.length, 256);
  let shown = 0;
  for (const { name, pack = assert.fail() } of asked) {
    assert.equal((await getServing(deps.pool, name, 'production'))?.id, pack.id, name);
    if (!isShown(pack.type)) continue;
    shown++;
    assert.equal(await leafAt(world, name), pack.leaf, name);
  }
  // A keyless pack goes first in 15 of 64 pairs, by both kinds of name, and alone with an exact name 16 times.
  assert.equal(asked.length - shown, ALL.every(isShown) ? 0 : 2 * 15 + 16);
});

it('packs of the zone in which a custom hostname lies go before those of the custom hostname, also by wildcard', async () => {
  const [platform, customer] = [
    await givenZone(deps, 'platform.test'),
    await givenZone(deps, 'customer.test'),
  ];
  assert.notEqual(platform.accountId, customer.accountId);
  const hosts = ['shop.customer.test', 'shop.nobody.test'];
  const theirs = [
    await onEdge(world, platform, 'managed_hostname', hosts),
    await onEdge(world, platform, 'mh_custom', hosts),
  ];
  const universal = await onEdge(world, customer, 'universal', ['customer.test', '*.customer.test']);
  assert.equal(await leafAt(world, 'shop.customer.test'), universal.leaf);
  assert.equal(
    await leafAt(world, 'shop.nobody.test'),
    theirs[1]?.leaf,
    'where nobody has a zone, the later one',
  );
  const candidates = await listCandidates(deps.pool, 'shop.customer.test', 'production');
  const [notes] = servingNotes(await packOf(deps, theirs[0]?.id ?? ''), [
    { name: 'shop.customer.test', candidates },
  ]);
  assert.equal(
    notes,
    'a certificate pack of another zone serves shop.customer.test, and goes before this one: the name lies in its zone',
  );
  const own = await onEdge(world, platform, 'advanced', ['own.platform.test']);
  assert.equal(await leafAt(world, 'own.platform.test'), own.leaf);
  const hostname = await onEdge(world, platform, 'managed_hostname', ['own.platform.test']);
  await shows(world, 'own.platform.test', hostname.leaf);
});

/** A custom certificate, uploaded and shown. */
async function upload(zone: PackZone, type: UploadType, days: number) {
  const made = await ca.issue([zone.name], { days });
  const given = {
    certificate: made.certificate,
    privateKey: made.private_key,
    bundleMethod: 'ubiquitous',
  } as const;
  const request = { zoneId: zone.id, bodyHash: randomBytes(32) };
  const { id } = await createUpload(
    { ...deps, trust: ca.trust, quotas: NO_QUOTAS },
    { zone, given, type, environment: 'production', by: OPERATOR, request, isRetry: false },
  );
  deps.clock.advance(1);
  await carryAll(deps);
  const pack = await packOf(deps, id);
  return { id: pack.upload?.id ?? '', pack: id, leaf: parseLeaf(made.leaf).fingerprint };
}

it('who sends no name is shown the legacy_custom of the host that the address stands for, and no other pack', async () => {
  const zone = await givenZone(deps, NAMELESS);
  for (const type of ALL)
    if (type !== 'keyless' && type !== 'legacy_custom')
      await onEdge(world, zone, type, [zone.name, `*.${zone.name}`]);
  const modern = await onEdge(world, zone, 'sni_custom', [zone.name]);
  assert.equal(await leafAt(world, zone.name), modern.leaf);
  await assert.rejects(leafWithout(world), /alert/, 'a sni_custom is for clients that send the name');
  const legacy = await onEdge(world, zone, 'legacy_custom', [zone.name]);
  await tell(world, zone.name);
  assert.equal(await leafWithout(world), legacy.leaf);
  await onEdge(world, zone, 'keyless', [zone.name]);
  await tell(world, zone.name);
  assert.equal(
    await leafWithout(world),
    legacy.leaf,
    'also where another pack goes first for those who send it',
  );
});

for (const type of ['legacy_custom', 'sni_custom'] as const)
  it(`after the deletion of the ${type} in use the one that ends last is shown, until another is uploaded or put first`, async () => {
    const zone = await givenZone(deps, `${type.replace('_', '-')}.test`);
    const remove = async ({ id }: { readonly id: string }) => {
      await deleteUpload(deps, { zoneId: zone.id, id, by: OPERATOR });
      deps.clock.advance(60);
      await carryAll(deps);
    };
    const long = await upload(zone, type, 300);
    const middle = await upload(zone, type, 200);
    const short = await upload(zone, type, 100);
    const last = await upload(zone, type, 50);
    assert.equal(await leafAt(world, zone.name), last.leaf, 'the one that came last');
    const candidates = await listCandidates(deps.pool, zone.name, 'production');
    assert.deepEqual(servingNotes(await packOf(deps, last.pack), [{ name: zone.name, candidates }]), [
      `when it is over, certificate pack ${long.pack} (${type}) serves ${zone.name}`,
    ]);
    await remove(last);
    assert.equal(await leafAt(world, zone.name), long.leaf, 'the one that ends last');
    const now = await listCandidates(deps.pool, zone.name, 'production');
    assert.deepEqual(servingNotes(await packOf(deps, short.pack), [{ name: zone.name, candidates: now }]), [
      `certificate pack ${long.pack} (${type}) serves ${zone.name}, and goes before this one: it ended last when another one went`,
    ]);
    await remove(short);
    assert.equal(await leafAt(world, zone.name), long.leaf, 'one that was not in use changes nothing');
    const newest = await upload(zone, type, 60);
    assert.equal(await leafAt(world, zone.name), newest.leaf, 'the one that came last again');
    await prioritizeUploads(deps, {
      zoneId: zone.id,
      priorities: [{ id: middle.id, priority: 1 }],
      by: OPERATOR,
    });
    await shows(world, zone.name, middle.leaf);
  });
