/** A pack and its backup, with the clock, both CAs and the edge in the test's hands; the database is real. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import {
  assertStatuses,
  givenBacked,
  givenBackedActive,
  givenTwoCas,
  swap,
} from '../../test/support/backed.ts';
import {
  carryAll,
  claim,
  clear,
  givenPack,
  packOf,
  servedHosts,
  startJobDeps,
  type TestJobDeps,
} from '../../test/support/job-deps.ts';
import { pass } from '../../test/support/renewing.ts';
import { run } from '../job/engine/run.ts';
import { Fault } from '../kit/fault.ts';
import { minutes } from '../kit/time.ts';
import type { Pack } from '../pack/pack.ts';
import { OPERATOR } from '../store/audit.ts';
import { getServing } from '../store/served-hosts.ts';
import { deletePack } from './delete-pack.ts';
import { revokePack } from './revoke-pack.ts';

const ends = new AsyncDisposableStack();
let plain: TestJobDeps;
before(async () => {
  plain = await startJobDeps(ends);
});
beforeEach(() => clear(plain));
after(() => ends.disposeAsync());

const fingerprints = ({ certificates }: Pack): string[] => certificates.map(({ fingerprint }) => fingerprint);
const isFault = (name: string) => (error: unknown) => error instanceof Fault && error.fault === name;

/** Whether a request is for more than to hear when the CA wants to renew. */
const isOrdering = (request: string): boolean => !/renewal-info|directory/.test(request);

test('a backup is issued by the other CA, with keys of its own, and is on no edge', async (t) => {
  const { deps } = await givenTwoCas(t, plain);
  const ids = await givenBackedActive(deps);
  const [pack, backup] = [await packOf(deps, ids.id), await packOf(deps, ids.backupId)];
  assert.equal(pack.certificateAuthority, 'google');
  assert.equal(backup.certificateAuthority, 'lets_encrypt');
  assert.deepEqual(backup.hosts, pack.hosts);
  assert.equal(new Set([...fingerprints(pack), ...fingerprints(backup)]).size, 4);
  assert.deepEqual(await servedHosts(deps, ids.backupId), []);
  const { rows } = await deps.pool.query('select from deployments where pack_id = $1', [ids.backupId]);
  assert.equal(rows.length, 0);
});

test('the two change places and back, and no CA is asked', async (t) => {
  const { deps, google, letsEncrypt } = await givenTwoCas(t, plain);
  const ids = await givenBackedActive(deps);
  const asked = google.requests.length + letsEncrypt.requests.length;
  const first = await packOf(deps, ids.id);
  const { serving, isChanged } = await swap(deps, ids, ids.backupId);
  assert.deepEqual([serving.id, serving.status, isChanged], [ids.backupId, 'pending_deployment', true]);
  await assertStatuses(deps, ids, ['active', 'pending_deployment']);
  await carryAll(deps);
  await assertStatuses(deps, ids, ['deactivating', 'active']);
  await carryAll(deps);
  await assertStatuses(deps, ids, ['inactive', 'active']);
  assert.deepEqual(fingerprints(await packOf(deps, ids.id)), fingerprints(first));
  assert.deepEqual(await servedHosts(deps, ids.id), []);

  await swap(deps, ids, ids.id);
  await assertStatuses(deps, ids, ['pending_deployment', 'active']);
  for (let i = 0; i < 2; i++) await carryAll(deps);
  await assertStatuses(deps, ids, ['active', 'backup_issued']);
  const since = [...google.requests, ...letsEncrypt.requests].filter(isOrdering).length;
  assert(since <= asked, 'looks at when to renew apart, nothing was asked');
});

test('either id does, and a call that repeats the last one changes nothing for two minutes', async (t) => {
  const { deps } = await givenTwoCas(t, plain);
  const ids = await givenBackedActive(deps);
  await swap(deps, ids, ids.id);
  assert.equal((await swap(deps, ids, ids.id)).isChanged, false);
  for (let i = 0; i < 2; i++) await carryAll(deps);
  const { serving, isChanged } = await swap(deps, ids, ids.id);
  assert.deepEqual([serving.id, isChanged], [ids.backupId, false]);
  await assertStatuses(deps, ids, ['inactive', 'active']);
  deps.clock.advance(minutes(2) + 1);
  assert.equal((await swap(deps, ids, ids.id)).serving.id, ids.id);
});

test('one that is led back before any edge showed the backup was served all along', async (t) => {
  const { deps } = await givenTwoCas(t, plain);
  const ids = await givenBackedActive(deps);
  await swap(deps, ids, ids.backupId);
  await swap(deps, ids, ids.id);
  await assertStatuses(deps, ids, ['active', 'deactivating']);
  for (let i = 0; i < 2; i++) await carryAll(deps);
  await assertStatuses(deps, ids, ['active', 'backup_issued']);
});

test('one that goes off is put back before every edge let go of it', async (t) => {
  const { deps } = await givenTwoCas(t, plain);
  const ids = await givenBackedActive(deps);
  await swap(deps, ids, ids.backupId);
  await carryAll(deps);
  await assertStatuses(deps, ids, ['deactivating', 'active']);
  await swap(deps, ids, ids.id);
  assert.equal((await getServing(deps.pool, ids.zone.name, 'production'))?.id, ids.id);
  for (let i = 0; i < 2; i++) await carryAll(deps);
  await assertStatuses(deps, ids, ['active', 'backup_issued']);
});

test('the one that is served stays so until an edge that is away showed the other', async (t) => {
  const { deps } = await givenTwoCas(t, plain);
  const ids = await givenBackedActive(deps);
  const away = { ...deps, showLeaf: async () => undefined };
  await swap(deps, ids, ids.backupId);
  await carryAll(away);
  await assertStatuses(deps, ids, ['active', 'pending_deployment']);
  assert.deepEqual(await servedHosts(deps, ids.id), [ids.zone.name]);
  assert.equal((await getServing(deps.pool, ids.zone.name, 'production'))?.id, ids.backupId);
  await pass(deps, minutes(10));
  for (let i = 0; i < 2; i++) await carryAll(deps);
  await assertStatuses(deps, ids, ['inactive', 'active']);
});

test('among all packs for its hosts a backup has the place of its pack', async (t) => {
  const { deps } = await givenTwoCas(t, plain);
  const ids = await givenBackedActive(deps);
  deps.clock.advance(60);
  const later = await givenPack(deps, ids.zone, { certificateAuthority: 'google' });
  await carryAll(deps);
  await swap(deps, ids, ids.backupId);
  await carryAll(deps);
  assert.equal((await getServing(deps.pool, ids.zone.name, 'production'))?.id, later);
});

test('a pack that is issued when its backup serves already goes off the edges by itself', async (t) => {
  const { deps } = await givenTwoCas(t, plain);
  const ids = await givenBacked(deps, { validationMethod: 'http' });
  await deps.pool.query("update packs set validation_method = 'txt' where id = $1", [ids.backupId]);
  await carryAll(deps);
  await assertStatuses(deps, ids, ['pending_validation', 'backup_issued']);
  await swap(deps, ids, ids.backupId);
  await carryAll(deps);
  await assertStatuses(deps, ids, ['pending_validation', 'active']);
  const visible: TestJobDeps = {
    ...deps,
    precheckHttp: async (wanted) => ({ ...wanted, isVisible: true, seen: [] }),
  };
  await pass(visible, minutes(5));
  await assertStatuses(deps, ids, ['inactive', 'active']);
  assert.deepEqual(await servedHosts(deps, ids.id), []);
});

test('in a zone that is paused nothing takes the place of a pack that is not there', async (t) => {
  const { deps } = await givenTwoCas(t, plain);
  const ids = await givenBacked(deps, { validationMethod: 'http' });
  await deps.pool.query("update packs set validation_method = 'txt' where id = $1", [ids.backupId]);
  await carryAll(deps);
  await deps.pool.query('update zones set is_paused = true where id = $1', [ids.zone.id]);
  await assert.rejects(swap(deps, ids, ids.backupId), isFault('backup_not_ready'));
  await assertStatuses(deps, ids, ['pending_validation', 'backup_issued']);
  await deps.pool.query('update zones set is_paused = false where id = $1', [ids.zone.id]);
  assert.equal((await swap(deps, ids, ids.backupId)).serving.id, ids.backupId);
});

test('a backup goes with its pack, and alone when it stands by', async (t) => {
  const { deps } = await givenTwoCas(t, plain);
  for (const end of ['delete', 'revoke'] as const) {
    const ids = await givenBackedActive(deps);
    const which = { zoneId: ids.zone.id, id: ids.id, by: OPERATOR };
    await (end === 'delete' ? deletePack(deps, which) : revokePack(deps, { ...which, reason: 'superseded' }));
    await carryAll(deps);
    await assertStatuses(deps, ids, ['deleted', 'deleted']);
    const { rows } = await deps.pool.query('select distinct pack_id from revocations');
    assert.deepEqual(rows, end === 'revoke' ? [{ pack_id: ids.id }] : []);
  }
  const ids = await givenBackedActive(deps);
  await deletePack(deps, { zoneId: ids.zone.id, id: ids.backupId, by: OPERATOR });
  await carryAll(deps);
  await assertStatuses(deps, ids, ['active', 'deleted']);
  assert.equal((await packOf(deps, ids.id)).pair, undefined);
});

test('a backup that serves is not deleted alone; revoked, it leaves its place to its pack', async (t) => {
  const { deps } = await givenTwoCas(t, plain);
  const ids = await givenBackedActive(deps);
  await swap(deps, ids, ids.backupId);
  for (let i = 0; i < 2; i++) await carryAll(deps);
  const which = { zoneId: ids.zone.id, id: ids.backupId, by: OPERATOR };
  await assert.rejects(deletePack(deps, which), isFault('transition_refused'));
  await assertStatuses(deps, ids, ['inactive', 'active']);
  await revokePack(deps, { ...which, reason: 'keyCompromise' });
  await carryAll(deps);
  await assertStatuses(deps, ids, ['active', 'deleted']);
});

test('a worker that has either in its hands loses it, and what another process does meanwhile is not undone', async (t) => {
  const { deps } = await givenTwoCas(t, plain);
  const ids = await givenBackedActive(deps);
  await swap(deps, ids, ids.backupId);
  const held = await claim(deps);
  assert(held.length > 0);
  await swap(deps, ids, ids.id);
  for (const one of held) await run(deps, one, new AbortController().signal);
  await assertStatuses(deps, ids, ['active', 'deactivating']);
  for (let i = 0; i < 2; i++) await carryAll(deps);
  await assertStatuses(deps, ids, ['active', 'backup_issued']);
});
