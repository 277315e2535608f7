/** What becomes of uploads beside the usual way: zones that wait, staging edges, their end, and keys that are sealed anew or lost. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import {
  carryAll,
  clear,
  givenZone,
  packOf,
  servedHosts,
  startJobDeps,
  type TestJobDeps,
} from '../../test/support/job-deps.ts';
import { fingerprintOf, givenCa, leafFor, pulling } from '../../test/support/uploads.ts';
import { sealOf } from '../kit/seal.ts';
import { days } from '../kit/time.ts';
import type { Environment, PackZone } from '../pack/pack.ts';
import { servingNotes } from '../pack/serving-notes.ts';
import { minuteOf, STANDINGS } from '../pack/standing.ts';
import { OPERATOR } from '../store/audit.ts';
import { listHeirs } from '../store/heirs.ts';
import { getCustomCertificateOf } from '../store/uploads.ts';
import { createUpload } from './create-upload.ts';
import { deleteUpload } from './delete-upload.ts';
import { prioritizeUploads } from './prioritize-uploads.ts';
import { NO_QUOTAS } from './quotas.ts';
import { recoverFromLostKey } from './recover-from-lost-key.ts';
import { replaceUpload } from './replace-upload.ts';
import { rewrapKeys } from './rewrap-keys.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let ca: Awaited<ReturnType<typeof givenCa>>;
before(async () => {
  deps = pulling(await startJobDeps(ends));
  ca = await givenCa(deps);
});
after(() => ends.disposeAsync());

const by = OPERATOR;
const asked = (zone: PackZone) => ({
  request: { zoneId: zone.id, bodyHash: randomBytes(32) },
  isRetry: false,
});

/** An upload for the zone's apex: id of its pack, and the leaf. */
async function upload(zone: PackZone, environment: Environment = 'production', on = deps, length = 90) {
  const made = await ca.issue([zone.name], { days: length });
  const given = {
    certificate: made.certificate,
    privateKey: made.private_key,
    bundleMethod: 'ubiquitous',
  } as const;
  const { id } = await createUpload(
    { ...on, trust: ca.trust, quotas: NO_QUOTAS },
    { zone, given, type: 'sni_custom', environment, by, ...asked(zone) },
  );
  return { id, leaf: fingerprintOf(made) };
}

/** What is told of who serves the apex of a zone, and who will. */
async function notesOn(zone: PackZone, id: string): Promise<string[]> {
  const candidates = await listHeirs(deps.pool, zone.name, 'production');
  return servingNotes(await packOf(deps, id), [{ name: zone.name, candidates }]);
}

const statusOf = async (id: string) => (await packOf(deps, id)).status;

test('an upload into a zone that is not active is held, and goes to the edges by itself when it is', async () => {
  const zone = await givenZone(deps, 'held.test');
  await deps.pool.query("update zones set status = 'pending' where id = $1", [zone.id]);
  const { id, leaf } = await upload(zone);
  await carryAll(deps);
  assert.equal(await statusOf(id), 'holding_deployment');
  assert.equal(await leafFor(deps, zone.name), undefined);
  await deps.pool.query("update zones set status = 'active' where id = $1", [zone.id]);
  await deps.pool.query('update packs set due_at = $1', [deps.clock.now()]);
  await carryAll(deps);
  assert.equal(await statusOf(id), 'active');
  assert.equal(await leafFor(deps, zone.name), leaf);
  await clear(deps);
});

test('an upload for the staging edges goes there alone, and by a change to the others', async () => {
  const zone = await givenZone(deps, 'staged.test');
  const { id, leaf } = await upload(zone, 'staging');
  await carryAll(deps);
  assert.equal(await statusOf(id), 'staging_active');
  assert.equal(await leafFor(deps, zone.name), undefined);
  const shown = await getCustomCertificateOf(deps.pool, { id, zone });
  const change = { zone, id: shown?.id ?? '', environment: 'production', by, ...asked(zone) } as const;
  const promoted = await replaceUpload({ ...deps, trust: ca.trust }, change);
  await carryAll(deps);
  await carryAll(deps);
  assert.deepEqual([await statusOf(promoted.id), await statusOf(id)], ['active', 'deleted']);
  assert.equal(await leafFor(deps, zone.name), leaf);
  await clear(deps);
});

test('an upload ends by itself: told once a third of its life is left and at a tenth, off the edges at its end, and what covers its hosts serves then', async () => {
  const zone = await givenZone(deps, 'ends.test');
  const longer = await upload(zone, 'production', deps, 300);
  await carryAll(deps);
  deps.clock.advance(1);
  const { id, leaf } = await upload(zone);
  await carryAll(deps);
  assert.deepEqual([await statusOf(id), await leafFor(deps, zone.name)], ['active', leaf]);
  const [heir] = [`certificate pack ${longer.id} (sni_custom)`];
  assert.deepEqual(await notesOn(zone, id), [`when it is over, ${heir} serves ends.test`]);
  assert.deepEqual(await notesOn(zone, longer.id), [
    `certificate pack ${id} (sni_custom) serves ends.test, and goes before this one: it came later`,
  ]);
  deps.clock.advance(days(61));
  const toldOf = async () => {
    await carryAll(deps);
    await deps.pool.query('update packs set due_at = $1 where id = $2', [deps.clock.now(), id]);
    await carryAll(deps);
    const { rows } = await deps.pool.query<{ told: number }>(
      "select count(*)::int as told from audit where pack_id = $1 and event = 'ends_soon'",
      [id],
    );
    const { status, validationErrors, certificates } = await packOf(deps, id);
    const [end = deps.clock.now()] = certificates.map(({ notAfter }) => notAfter);
    const why = `the certificate ends at ${minuteOf(end)} and is not renewed by itself`;
    const isSaid = validationErrors.map((one) => one.includes(why));
    return { status, events: rows[0]?.told, isSaid };
  };
  assert.deepEqual(await toldOf(), { status: 'active', events: 1, isSaid: [true] });
  await deps.pool.query("update packs set validation_errors = '[]' where id = $1", [id]);
  assert.deepEqual(await toldOf(), { status: 'active', events: 1, isSaid: [true] }, 'said again, not told');
  deps.clock.advance(days(20));
  assert.deepEqual(await toldOf(), { status: 'pending_expiration', events: 1, isSaid: [true] });
  deps.clock.advance(days(9));
  await carryAll(deps);
  assert.equal(await statusOf(id), 'expired');
  assert.deepEqual(await servedHosts(deps, id), []);
  assert.equal(await leafFor(deps, zone.name), longer.leaf);
  await clear(deps);
});

test('hosts are not left to a certificate in whose place another came, though it ends last: that one would wait for ever', async () => {
  const zone = await givenZone(deps, 'left.test');
  const long = await upload(zone, 'production', deps, 300);
  await carryAll(deps);
  deps.clock.advance(1);
  const first = await upload(zone, 'production', deps, 90);
  await carryAll(deps);
  const idOf = async (id: string) => (await getCustomCertificateOf(deps.pool, { id, zone }))?.id ?? '';
  const priorities = [{ id: await idOf(first.id), priority: 1 }];
  await prioritizeUploads(deps, { zoneId: zone.id, priorities, by });
  deps.clock.advance(1);
  const next = await ca.issue([zone.name], { days: 60 });
  const sent = { certificate: next.certificate, privateKey: next.private_key };
  const { id } = await replaceUpload(
    { ...deps, trust: ca.trust },
    { zone, id: await idOf(long.id), ...sent, by, ...asked(zone) },
  );
  await carryAll(deps);
  assert.deepEqual([await statusOf(id), await statusOf(long.id)], ['pending_deployment', 'active']);
  deps.clock.advance(1);
  await deleteUpload(deps, { zoneId: zone.id, id: await idOf(first.id), by });
  await deps.pool.query('update packs set due_at = $1 where due_at is not null', [deps.clock.now()]);
  for (let i = 0; i < 3; i++) {
    await carryAll(deps);
    deps.clock.advance(5);
  }
  assert.deepEqual([await statusOf(id), await statusOf(long.id)], ['active', 'deleted']);
  assert.equal(await leafFor(deps, zone.name), fingerprintOf(next));
  await clear(deps);
});

test('of changes that come one upon another there is the pack that is served, the last one, and what comes now', async () => {
  const zone = await givenZone(deps, 'often.test');
  const { id } = await upload(zone);
  await carryAll(deps);
  const custom = async (pack: string) =>
    (await getCustomCertificateOf(deps.pool, { id: pack, zone }))?.id ?? '';
  let [previous, last] = [id, id];
  for (const bundleMethod of ['force', 'optimal', 'force', 'ubiquitous', 'force'] as const) {
    const change = { zone, id: await custom(last), bundleMethod, by, ...asked(zone) };
    previous = last;
    last = (await replaceUpload({ ...deps, trust: ca.trust }, change)).id;
  }
  const { rows } = await deps.pool.query<{ id: string }>(
    "select id from packs where zone_id = $1 and status not in ('pending_deletion', 'deleted') order by ord",
    [zone.id],
  );
  assert.deepEqual(
    rows.map((row) => row.id),
    [id, previous, last],
  );
  await carryAll(deps);
  await carryAll(deps);
  assert.deepEqual([await statusOf(last), await statusOf(id)], ['active', 'deleted']);
  await clear(deps);
});

test('a certificate that came twice stays on the edges for the later pack, and the earlier one goes', async () => {
  const zone = await givenZone(deps, 'twice.test');
  const { id, leaf } = await upload(zone);
  await carryAll(deps);
  const change = {
    zone,
    id: (await packOf(deps, id)).upload?.id ?? assert.fail(),
    bundleMethod: 'force',
    by,
  } as const;
  const on = { ...deps, trust: ca.trust, quotas: NO_QUOTAS };
  const later = await replaceUpload(on, { ...change, ...asked(zone) });
  await carryAll(deps);
  deps.clock.advance(60);
  await carryAll(deps);
  assert.deepEqual([await statusOf(id), await statusOf(later.id)], ['deleted', 'active']);
  assert.equal(await leafFor(deps, zone.name), leaf);
  await clear(deps);
});

test('keys of uploads are sealed with another key-encryption key like all others, and serve then', async () => {
  const [old, next] = [randomBytes(32), randomBytes(32)];
  const earlier = { ...deps, seal: sealOf(old) };
  const zone = await givenZone(deps, 'sealed.test');
  const { leaf } = await upload(zone, 'production', earlier);
  await carryAll(pulling(earlier));
  const both = sealOf(next, old);
  assert.equal(await rewrapKeys(deps.pool, both, () => undefined), 1);
  assert.equal(await leafFor({ ...deps, seal: sealOf(next) }, zone.name), leaf);
  await assert.rejects(leafFor(earlier, zone.name), /key/);
  await clear(deps);
});

test('an upload whose key is lost is taken off the edges, and its owner is told to send another', async () => {
  const lost = { ...deps, seal: sealOf(randomBytes(32)) };
  const zone = await givenZone(deps, 'lost.test');
  const { id } = await upload(zone, 'production', lost);
  await carryAll(pulling(lost));
  assert.equal(await statusOf(id), 'active');
  assert.equal(await recoverFromLostKey(deps, [deps.seal.id]), 1);
  assert.match(
    (await packOf(deps, id)).validationErrors.join(),
    /cannot be opened any more; PATCH this custom/,
  );
  await carryAll(deps);
  const pack = await packOf(deps, id);
  assert.equal(pack.status, 'inactive');
  const { next } = STANDINGS.inactive({ pack, run: pack });
  assert.match(next, /PATCH this custom certificate with a certificate and its key/);
  assert.equal(await leafFor(deps, zone.name), undefined);
  assert.equal(await recoverFromLostKey(deps, [deps.seal.id]), 0, 'once');
  await clear(deps);
});
