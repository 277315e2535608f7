/** Which names of a zone Total TLS has packs for, and where it gets them. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, it } from 'node:test';
import { carryAll, clear, givenPack, givenZone, startJobDeps } from '../../test/support/job-deps.ts';
import { asked, edgeAt, pullingAt, regions, uploadKept } from '../../test/support/regions.ts';
import { TotalTlsNames } from '../../test/support/total-tls-names.ts';
import { givenCa } from '../../test/support/uploads.ts';
import { hours } from '../kit/time.ts';
import { OPERATOR } from '../store/audit.ts';
import { getCustomCertificateOf } from '../store/uploads.ts';
import { keepManaged } from './keep-managed.ts';
import { replaceUpload } from './replace-upload.ts';

const ends = new AsyncDisposableStack();
let on: TotalTlsNames;
before(async () => {
  on = new TotalTlsNames(await startJobDeps(ends));
});
beforeEach(() => clear(on.plain));
after(() => ends.disposeAsync());

it('a pack counts as covering by its status, environment and place in a pair, a coming one for an hour', async () => {
  const cases = [
    [{ status: 'active' }, true],
    [{ status: 'pending_deployment' }, true],
    [{ status: 'deployment_timed_out' }, true],
    [{ status: 'initializing' }, 'soon'],
    [{ status: 'pending_validation' }, 'soon'],
    [{ status: 'pending_issuance' }, 'soon'],
    [{ status: 'pending_expiration' }, false],
    [{ status: 'expired' }, false],
    [{ status: 'inactive' }, false],
    [{ status: 'validation_timed_out' }, false],
    [{ status: 'pending_deletion' }, false],
    [{ status: 'deleted' }, false],
    [{ status: 'staging_active', environment: 'staging' }, false],
    [{ status: 'pending_validation', environment: 'staging' }, false],
    [{ status: 'backup_issued' }, false],
  ] as const;
  for (const [i, [change_, covers]] of cases.entries())
    for (const label of ['www', '*']) {
      const zone = await on.newZone(`cover-${i}-${label.length}.test`);
      const hosts = [`${label}.${zone.name}`];
      await givenPack(on.plain, zone, { ...change_, hosts });
      await on.records(zone, 'www');
      await on.keep();
      const what = `${JSON.stringify(change_)} ${label}`;
      assert.deepEqual(await on.labelsOf(zone), covers ? [] : ['www'], what);
      if (covers === 'soon') {
        await on.keep(hours(1) - 60);
        assert.deepEqual(await on.labelsOf(zone), [], what);
        await on.keep(60);
        assert.deepEqual(await on.labelsOf(zone), ['www'], what);
      }
    }
});

it('an upload whose key is kept to regions covers nothing: elsewhere clients would have no certificate', async () => {
  const ca = await givenCa(on.plain);
  for (const [name, restriction, labels] of [
    ['kept.test', { label: 'eu' }, ['kept.test']],
    ['open.test', undefined, []],
  ] as const) {
    const zone = await on.newZone(name);
    await uploadKept(on.plain, ca, zone, restriction);
    await on.records(zone, '');
    await on.keep();
    assert.deepEqual(await on.labelsOf(zone), labels);
  }
});

it('a name has a pack of its own when an upload gives way to one whose key is kept to regions', async () => {
  const ca = await givenCa(on.plain);
  const zone = await on.newZone('changes.test');
  const plain = pullingAt(on.plain, ['de', 'us'].map(edgeAt));
  const { id } = await uploadKept(plain, ca, zone, undefined);
  await on.records(zone, '');
  await carryAll(plain);
  await on.keep();
  assert.deepEqual(await on.labelsOf(zone), []);
  const { certificate, private_key: privateKey } = await ca.issue([zone.name], { days: 90 });
  const shown = await getCustomCertificateOf(plain.pool, { id, zone });
  const change = {
    zone,
    id: shown?.id ?? '',
    certificate,
    privateKey,
    restriction: { label: 'eu' },
    by: OPERATOR,
  } as const;
  plain.clock.advance(1);
  await replaceUpload({ ...plain, trust: ca.trust, regions }, { ...change, ...asked(zone) });
  await carryAll(plain);
  await on.keep();
  assert.deepEqual(await on.labelsOf(zone), [zone.name]);
});

it('a wildcard record has a pack for its wildcard, which covers names with records of their own, one label deep', async () => {
  const zone = await on.newZone('wild.test');
  await on.records(zone, 'a.x', 'b.a.x', '*.x', '');
  await on.keep();
  assert.deepEqual(await on.labelsOf(zone), ['*.x', 'b.a.x', 'wild.test']);
});

it('a wildcard pack that is put on the edges again covers its names in the same look', async () => {
  const zone = await on.newZone('again.test');
  await on.records(zone, '*.x');
  await on.givenServed(zone, '*.x');
  await on.records(zone, 'a.x');
  await on.keep();
  assert.deepEqual(await on.labelsOf(zone), ['*.x']);
  for (const isOn of [false, true]) {
    await on.turn(zone, isOn);
    await on.keep();
  }
  assert.deepEqual(await on.labelsOf(zone), ['*.x']);
});

it('names that no certificate can have are left out: over 64 characters, and with an underscore', async () => {
  const zone = await on.newZone('long.test');
  const longest = 'x'.repeat(54);
  assert.equal(`${longest}.${zone.name}`.length, 64);
  await on.records(zone, longest, `${longest}y`, '_a', 'x._b');
  await on.keep();
  assert.deepEqual(await on.labelsOf(zone), [longest]);
});

it('thousands of names are looked at some at a time, and zones take turns', async () => {
  const [many, few] = [await on.newZone('many.test'), await on.newZone('few.test')];
  await on.records(many, ...Array.from({ length: 130 }, (_, i) => `n${i}`));
  on.plain.clock.advance(1);
  await on.records(few, 'www');
  for (let i = 0; i < 5; i++) {
    assert.equal(await keepManaged(on.deps), true);
    on.plain.clock.advance(1);
  }
  assert.deepEqual(await on.labelsOf(few), ['www']);
  const done = (await on.packsOf(many)).length;
  assert(done > 0 && done < 130, `${done}`);
  await on.keep();
  assert.equal((await on.packsOf(many)).length, 130);
  await on.turn(many, false);
  const steps = await on.keep();
  assert(steps >= 130 / 10, `${steps}`);
  assert.deepEqual(await on.packsOf(many), []);
  await on.turn(many, true);
  await on.keep();
  assert.equal((await on.packsOf(many)).length, 130);
});

it('where nothing changes of what is proxied nothing is looked at, nor where Total TLS is off', async () => {
  const zone = await on.newZone('quiet.test');
  const [one] = await on.records(zone, 'www');
  await on.keep();
  const id = one?.id ?? '';
  await on.change(zone, { kind: 'change', pointer: '', id, to: (was) => ({ ...was, content: '192.0.2.2' }) });
  assert.equal(await on.keep(), 0);
  const off = await givenZone(on.plain, 'off.test');
  await on.records(off, 'www');
  assert.equal(await on.keep(), 0);
  assert.deepEqual(await on.packsOf(off), []);
});
