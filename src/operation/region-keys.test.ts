/** Who opens keys that are kept to regions, what a stolen database is worth, and how they go from key pair to key pair. */
import assert from 'node:assert/strict';
import { createPrivateKey, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import {
  carryAll,
  clear,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../test/support/job-deps.ts';
import {
  asked,
  at,
  edgeAt,
  keyOf,
  keysAt,
  NAMES,
  PLACES,
  pullingAt,
  regions,
  shownAt,
  uploadKept,
} from '../../test/support/regions.ts';
import { givenCa } from '../../test/support/uploads.ts';
import { parseLeaf } from '../ca/leaf.ts';
import { keyPurpose } from '../key/purpose.ts';
import { type Region, RegionKeys, regionKeyId, regionPurpose } from '../key/region-key.ts';
import { newKeyPair, openWith, rawPublicKey } from '../kit/hpke.ts';
import { type Seal, sealOf } from '../kit/seal.ts';
import type { PackZone } from '../pack/pack.ts';
import { allows, type Restriction } from '../pack/region.ts';
import { pullSource } from '../serve/sources.ts';
import { OPERATOR } from '../store/audit.ts';
import { listRegionKeys } from '../store/region-keys.ts';
import { listTables } from '../store/schema-tables.ts';
import { recoverFromLostKey } from './recover-from-lost-key.ts';
import { replaceUpload } from './replace-upload.ts';
import { resealRegions } from './reseal-regions.ts';
import { rewrapKeys } from './rewrap-keys.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let ca: Awaited<ReturnType<typeof givenCa>>;
before(async () => {
  deps = pullingAt(await startJobDeps(ends), NAMES.map(edgeAt));
  ca = await givenCa(deps);
});
after(() => ends.disposeAsync());

const by = OPERATOR;
const upload = (zone: PackZone, restriction: Restriction | undefined, on = deps) =>
  uploadKept(on, ca, zone, restriction);

/** All bytes of the database: every column of every row of every table. */
async function copyOf(on: TestJobDeps): Promise<Buffer[]> {
  const all: Buffer[] = [];
  for (const { name, columns } of await listTables(on.pool)) {
    const { rows } = await on.pool.query<Record<string, unknown>>(
      `select ${columns.join(', ')} from ${name}`,
    );
    for (const row of rows)
      for (const value of Object.values(row))
        all.push(Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value) ?? ''));
  }
  return all;
}

/** Fails where a key of the thief's opens anything of a copy, by whatever it may be bound to. */
function assertSealed(copy: readonly Buffer[], seal: Seal, purpose: string, keyIds: readonly string[]): void {
  const aad = Buffer.from(purpose);
  for (const sealed of copy.filter(({ length }) => length >= 97)) {
    assert.throws(() => seal.open(sealed, purpose));
    for (const keyId of keyIds) {
      const info = Buffer.from(`certpacks region key ${keyId}`);
      assert.throws(() => openWith(keyOf('us'), sealed, { info, aad }));
    }
  }
}

test('with a copy of the database, the key-encryption key and the keys of one region, nothing of another region opens', async () => {
  const kek = randomBytes(32);
  const on = { ...deps, seal: sealOf(kek) };
  const kept: readonly Restriction[] = [
    { label: 'us' },
    { label: 'eu' },
    { policy: 'country: JP' },
    { policy: '(country: US) or (country: JP)' },
  ];
  const uploads = await Promise.all(
    kept.map(async (restriction, i) => {
      const zone = await givenZone(on, `stolen-${i}.test`);
      return { ...(await upload(zone, restriction, on)), restriction };
    }),
  );
  await carryAll(pullingAt(on, NAMES.map(edgeAt)));
  const copy = await copyOf(on);
  const thief = { seal: sealOf(kek), keys: keysAt('us') };
  for (const { id, made, restriction } of uploads) {
    const isOfUs = allows(restriction, PLACES['us']);
    const pack = await packOf(on, id);
    const stored = (await listRegionKeys(on.pool, pack)) ?? assert.fail();
    const opened = thief.keys.open(stored.keys, regionPurpose(stored.line, 'ecdsa'));
    assert.equal(opened !== undefined, isOfUs, JSON.stringify(restriction));
    const pair = createPrivateKey(made.private_key).export({ type: 'pkcs8', format: 'der' });
    const secret = pair.subarray(36, 68);
    const forms = [
      secret,
      Buffer.from(secret.toString('hex')),
      Buffer.from(pair.toString('base64').slice(8, 60)),
    ];
    assert(!copy.some((one) => forms.some((form) => one.includes(form))), 'it lies there in clear');
    const purposes = [keyPurpose(id, 'ecdsa'), regionPurpose(stored.line, 'ecdsa')];
    const ids = isOfUs
      ? []
      : [...stored.keys.map(({ keyId }) => keyId), regionKeyId(rawPublicKey(keyOf('us')))];
    for (const purpose of purposes) assertSealed(copy, thief.seal, purpose, ids);
  }
  await clear(deps);
});

test('a key of a region that is moved to another upload does not open, nor does one that was altered', async () => {
  const [one, other] = [await givenZone(deps, 'one.test'), await givenZone(deps, 'other.test')];
  const [a, b] = [await upload(one, { label: 'us' }), await upload(other, { label: 'us' })];
  const [of, into] = [await packOf(deps, a.id), await packOf(deps, b.id)];
  const [from, to] = [await listRegionKeys(deps.pool, of), await listRegionKeys(deps.pool, into)];
  const keys = from?.keys.filter((key) => key.region === 'us') ?? [];
  assert.equal(keys.length, 1);
  assert.match(keysAt('us').open(keys, regionPurpose(from?.line ?? '', 'ecdsa')) ?? '', /PRIVATE KEY/);
  assert.throws(() => keysAt('us').open(keys, regionPurpose(to?.line ?? '', 'ecdsa')), {
    fault: 'key_sealed_elsewhere',
  });
  assert.throws(() => keysAt('us').open(keys, regionPurpose(from?.line ?? '', 'rsa')), {
    fault: 'key_sealed_elsewhere',
  });
  await clear(deps);
});

test('a change of the key-encryption key, or its loss, leaves keys of regions as they are', async () => {
  const old = randomBytes(32);
  const on = { ...deps, seal: sealOf(old) };
  const zone = await givenZone(on, 'rewrapped.test');
  const { id, leaf } = await upload(zone, { label: 'us' }, on);
  await carryAll(pullingAt(on, [edgeAt('us')]));
  const earlier = await listRegionKeys(deps.pool, await packOf(deps, id));
  assert.equal(await rewrapKeys(deps.pool, sealOf(randomBytes(32), old), () => undefined), 0);
  assert.equal(await recoverFromLostKey(deps, [deps.seal.id]), 0);
  assert.deepEqual(await listRegionKeys(deps.pool, await packOf(deps, id)), earlier);
  assert.equal(await shownAt(deps, 'us', zone.name), leaf);
  await clear(deps);
});

test('a restricted upload goes from chain to chain without its key, and to no other terms with the same one', async () => {
  const zone = await givenZone(deps, 'changed.test');
  const { id, made, leaf } = await upload(zone, { label: 'us' });
  await carryAll(deps);
  const custom = (await packOf(deps, id)).upload?.id ?? assert.fail();
  const on = { ...deps, trust: ca.trust, regions };
  const change = (of: object) => replaceUpload(on, { zone, id: custom, by, ...of, ...asked(zone) });
  const terms = { fault: 'not_offered', pointer: '/geo_restrictions' };
  await assert.rejects(change({ restriction: { label: 'eu' } }), terms);
  await assert.rejects(change({ restriction: { label: 'eu' }, privateKey: made.private_key }), terms);
  const next = await change({ bundleMethod: 'force' });
  assert.notEqual(next.id, id);
  await carryAll(deps);
  await carryAll(deps);
  const pack = await packOf(deps, next.id);
  assert.equal(pack.status, 'active', pack.validationErrors.join());
  assert.deepEqual(pack.upload?.restriction, { label: 'us' });
  assert.equal(await shownAt(deps, 'us', zone.name), leaf);
  assert.equal(await shownAt(deps, 'jp', zone.name), undefined);
  await clear(deps);
});

test('a region changes its key pair, and another comes to be: sealed anew by a process that can open, by no other', async () => {
  const zone = await givenZone(deps, 'rotated.test');
  const { id, leaf } = await upload(zone, { policy: '(country: US) or (region: APAC)' });
  const fresh = newKeyPair();
  const joined = newKeyPair();
  const next: Region[] = [
    ...regions.filter(({ name }) => name !== 'us' && name !== 'jp'),
    { name: 'us', location: PLACES['us'] ?? assert.fail(), publicKey: rawPublicKey(fresh) },
    { name: 'us-west', location: at('WNAM', 'US'), publicKey: rawPublicKey(joined) },
  ];
  const on = (keys: RegionKeys) => ({ pool: deps.pool, regions: next, regionKeys: keys });
  const outside = await resealRegions(on(keysAt('de')), () => undefined);
  assert.deepEqual([outside.done, outside.outOfReach], [0, 1]);
  const inside = await resealRegions(on(keysAt('us')), () => undefined);
  assert.deepEqual([inside.done, inside.outOfReach], [1, 0]);
  const again = await resealRegions(on(new RegionKeys([fresh])), () => undefined);
  assert.deepEqual([again.done, again.outOfReach], [0, 0]);
  const opens = async (keys: RegionKeys) => {
    const stored = (await listRegionKeys(deps.pool, await packOf(deps, id))) ?? assert.fail();
    return keys.open(stored.keys, regionPurpose(stored.line, 'ecdsa')) !== undefined;
  };
  assert.deepEqual(
    [await opens(new RegionKeys([fresh])), await opens(new RegionKeys([joined]))],
    [true, true],
  );
  assert.deepEqual(
    [await opens(keysAt('us')), await opens(keysAt('jp'))],
    [false, false],
    'the old ones open nothing',
  );
  await carryAll({ ...pullingAt(deps, [edgeAt('us')]), showLeaf: async () => undefined });
  const source = pullSource({ ...deps, edges: [edgeAt('us')], regionKeys: new RegionKeys([fresh]) });
  const pair = (await source.packFor(zone.name, 'production', 'name', 'edge-us'))?.certificates.ecdsa;
  assert.equal(parseLeaf(pair?.chain ?? '').fingerprint, leaf);
  await clear(deps);
});
