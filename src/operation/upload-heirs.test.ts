/** Which certificates serve after an upload, and what is told of that. */
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
import type { PackZone } from '../pack/pack.ts';
import { servingNotes } from '../pack/serving-notes.ts';
import { OPERATOR } from '../store/audit.ts';
import { listHeirs } from '../store/heirs.ts';
import { getCustomCertificateOf } from '../store/uploads.ts';
import { assignToEdges } from './assign-to-edges.ts';
import { createUpload } from './create-upload.ts';
import { deleteUpload } from './delete-upload.ts';
import { NO_QUOTAS } from './quotas.ts';
import { replaceUpload } from './replace-upload.ts';
import { lifeWork } from './work.ts';

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
async function upload(zone: PackZone, length = 90) {
  const made = await ca.issue([zone.name], { days: length });
  const given = {
    certificate: made.certificate,
    privateKey: made.private_key,
    bundleMethod: 'ubiquitous',
  } as const;
  const { id } = await createUpload(
    { ...deps, trust: ca.trust, quotas: NO_QUOTAS },
    { zone, given, type: 'sni_custom', environment: 'production', by, ...asked(zone) },
  );
  return { id, leaf: fingerprintOf(made) };
}

/** What is told of who serves the apex of a zone, and who will. */
async function notesOn(zone: PackZone, id: string): Promise<string[]> {
  const candidates = await listHeirs(deps.pool, zone.name, 'production');
  return servingNotes(await packOf(deps, id), [{ name: zone.name, candidates }]);
}

test('as what serves next nothing is told of that is going itself: what another replaced, what is being deleted, what ends before', async () => {
  const zone = await givenZone(deps, 'next.test');
  const customOf = async (id: string) => (await getCustomCertificateOf(deps.pool, { id, zone }))?.id ?? '';
  const [long, next] = [await upload(zone, 300), await upload(zone, 60)];
  await carryAll(deps);
  deps.clock.advance(1);
  const { id } = await upload(zone);
  await carryAll(deps);
  const told = (who: string) => `when it is over, certificate pack ${who} (sni_custom) serves ${zone.name}`;
  assert.deepEqual(await notesOn(zone, id), [told(long.id)]);
  const change = { zone, id: await customOf(long.id), bundleMethod: 'force', by, ...asked(zone) } as const;
  const later = await replaceUpload({ ...deps, trust: ca.trust }, change);
  const alone = (who: string) =>
    `when it is over, nothing else serves ${zone.name}: certificate pack ${who} (sni_custom) ends no later`;
  assert.deepEqual(await notesOn(zone, id), [alone(next.id)], 'what took its place is not on its way yet');
  await carryAll(deps);
  deps.clock.advance(60);
  await carryAll(deps);
  assert.deepEqual(await notesOn(zone, later.id), [alone(id)], 'it serves, and outlives the others');
  await deleteUpload(deps, { zoneId: zone.id, id: await customOf(id), by });
  assert.deepEqual(await notesOn(zone, later.id), [alone(next.id)]);
  await deleteUpload(deps, { zoneId: zone.id, id: await customOf(next.id), by });
  assert.deepEqual(await notesOn(zone, later.id), [`when it is over, nothing else serves ${zone.name}`]);
  await clear(deps);
});

test('hosts that were left to a certificate stay with it when it goes to one more edge', async () => {
  const zone = await givenZone(deps, 'stays.test');
  const long = await upload(zone, 300);
  const brought = [long];
  for (const length of [200, 100]) {
    await carryAll(deps);
    deps.clock.advance(1);
    brought.push(await upload(zone, length));
  }
  await carryAll(deps);
  const last = await packOf(deps, brought[2]?.id ?? '');
  await deleteUpload(deps, { zoneId: zone.id, id: last.upload?.id ?? '', by });
  await carryAll(deps);
  assert.equal(await leafFor(deps, zone.name), long.leaf, 'it ends last');
  const edges = [...deps.edges.map(({ name }) => name), 'one-more'];
  assert.ok(await assignToEdges(deps, lifeWork(await packOf(deps, long.id)), edges));
  assert.equal(await leafFor(deps, zone.name), long.leaf);
  assert.deepEqual(await servedHosts(deps, long.id), [zone.name]);
  await clear(deps);
});
