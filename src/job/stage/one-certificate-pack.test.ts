/** A pack of one certificate of one algorithm, which no CA gave: as an upload makes it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  carryAll,
  clear,
  dueIn,
  edgeNamed,
  givenCertificates,
  givenPack,
  givenZone,
  packOf,
  servedHosts,
  startJobDeps,
  type TestJobDeps,
  truthful,
} from '../../../test/support/job-deps.ts';
import { days } from '../../kit/time.ts';
import { deletePack } from '../../operation/delete-pack.ts';
import type { ListFilter } from '../../pack/list-index.ts';
import {
  CERTIFICATE_AUTHORITIES,
  ENVIRONMENTS,
  PACK_STATUSES,
  PACK_TYPES,
  type PackStatus,
  type PackZone,
} from '../../pack/pack.ts';
import { OPERATOR } from '../../store/audit.ts';
import { listAccountPage } from '../../store/list/account-list.ts';
import { Lists } from '../../store/list/list.ts';
import { remindUnplanned } from '../../store/packs.ts';
import { Reader } from '../../store/protocol/reader.ts';
import { EVERY_CELL } from '../../store/zone-key.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let reader: Reader;
before(async () => {
  const plain = await startJobDeps(ends);
  deps = { ...plain, edges: [edgeNamed('edge-a')], showLeaf: truthful(plain) };
  reader = new Reader(plain.pool, 1);
  ends.defer(() => reader.close());
});
after(() => ends.disposeAsync());

const NO_CA = { certificateAuthority: undefined, validationMethod: undefined, validityDays: undefined };

/** Every pack of an account. */
const ANY = {
  status: 'all',
  environment: undefined,
  expiresBefore: undefined,
  expiresAfter: undefined,
  order: 'created_on',
  zoneId: undefined,
  host: undefined,
  suffix: undefined,
} as const;

async function givenUpload(zone: PackZone): Promise<string> {
  const upload = { type: 'sni_custom', status: 'pending_deployment', ...NO_CA } as const;
  const id = await givenPack(deps, zone, upload);
  await givenCertificates(deps, id, ['rsa']);
  return id;
}

/** Holds that every filter of the zone's list shows the pack where it is of that status, and nowhere else. */
async function assertListed(
  zone: PackZone,
  status: PackStatus,
  served: 'served' | 'not served',
): Promise<void> {
  const matching: readonly ListFilter['status'][] = ['all', status, ...(served === 'served' ? [served] : [])];
  const filters: readonly ListFilter['status'][] = ['all', 'served', ...PACK_STATUSES];
  for (const one of filters)
    for (const environment of [undefined, ...ENVIRONMENTS]) {
      const expected = matching.includes(one) && environment !== 'staging' ? 1 : 0;
      const ask = { zoneId: zone.id, status: one, environment, page: 1, perPage: 20 };
      let seen = 0;
      const head = await new Lists(reader).page(ask, 0, () => seen++);
      assert.deepEqual([seen, head?.total], [expected, expected], `${one} ${environment}`);
    }
  await assertListedInAccount(zone);
}

/** The same for the account's list: by its type, and by no CA. */
async function assertListedInAccount({ accountId }: PackZone): Promise<void> {
  for (const type of [undefined, ...PACK_TYPES])
    for (const certificateAuthority of [undefined, ...CERTIFICATE_AUTHORITIES]) {
      const filter = { ...ANY, accountId, type, certificateAuthority };
      const { rows } = await listAccountPage(reader, filter, { from: undefined, way: 'forwards', most: 10 });
      const isMatch = (type ?? 'sni_custom') === 'sni_custom' && certificateAuthority === undefined;
      assert.equal(rows.length, isMatch ? 1 : 0, `${type} ${certificateAuthority}`);
    }
}

test('a pack of one certificate and without a CA is served, proven, listed, withdrawn and removed', async () => {
  const zone = await givenZone(deps, 'upload.test');
  const id = await givenUpload(zone);
  const asked: string[] = [];
  const watching = {
    ...deps,
    showLeaf: (...[edge, ask, signal]: Parameters<TestJobDeps['showLeaf']>) => {
      asked.push(ask.algorithm);
      return deps.showLeaf(edge, ask, signal);
    },
  };
  await assertListed(zone, 'pending_deployment', 'not served');
  await carryAll(watching);
  const pack = await packOf(deps, id);
  assert.equal(pack.status, 'active');
  assert.deepEqual(asked, ['rsa'], 'nobody asks for a certificate that it is not to have');
  await assertListed(zone, 'active', 'served');
  const { rows } = await deps.pool.query<{ wire: string }>('select wire from packs where id = $1', [id]);
  const json = JSON.parse(rows[0]?.wire ?? '');
  assert.equal(json.primary_certificate, pack.certificates[0]?.id);
  for (const absent of ['certificate_authority', 'validation_method', 'validity_days'])
    assert(!(absent in json), `${absent} is left out`);

  await deletePack(deps, { zoneId: zone.id, id, by: OPERATOR });
  await carryAll(watching);
  assert.equal((await packOf(deps, id)).status, 'deleted');
  assert.deepEqual(await servedHosts(deps, id), []);
  await assertListed(zone, 'deleted', 'not served');
  deps.clock.advance(121);
  await carryAll(watching);
  await assert.rejects(packOf(deps, id), /no pack/);
  await clear(deps);
});

test('a pack that its owner has to renew is not renewed by us: that is told at a third of its life and at a tenth, and at its end it is expired', async () => {
  const zone = await givenZone(deps, 'owner.test');
  const id = await givenUpload(zone);
  await carryAll(deps);
  // The end of a certificate is to the second, and its beginning with us is not.
  const until = (await dueIn(deps, id)) ?? 0;
  assert(Math.abs(until - days(60)) <= 1, `${until} s`);
  await remindUnplanned(deps.pool, { cells: EVERY_CELL, limit: 10 }, deps.clock.now());
  assert.equal(await dueIn(deps, id), until, 'nobody looks at it meanwhile');
  deps.clock.advance(days(60) + 1);
  await carryAll(deps);
  const early = await packOf(deps, id);
  assert.equal(early.status, 'active');
  assert.match(early.validationErrors.join(), /not renewed by itself; PATCH this custom certificate/);
  assert(Math.abs(((await dueIn(deps, id)) ?? 0) - (days(21) - 1)) <= 1);
  deps.clock.advance(days(21));
  await carryAll(deps);
  const told = await packOf(deps, id);
  assert.equal(told.status, 'pending_expiration');
  assert.deepEqual(told.validationErrors, early.validationErrors);
  assert.deepEqual(await servedHosts(deps, id), ['owner.test']);
  assert(Math.abs(((await dueIn(deps, id)) ?? 0) - (days(9) - 1)) <= 1);
  deps.clock.advance(days(9));
  await carryAll(deps);
  assert.equal((await packOf(deps, id)).status, 'expired');
  assert.equal((await packOf(deps, id)).renewal, undefined);
  await clear(deps);
});
