/** What becomes of packs of Total TLS, whatever befalls their records, their zone and what is beside them. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, it } from 'node:test';
import { carryAll, clear, givenPack, givenZone, packOf, startJobDeps } from '../../test/support/job-deps.ts';
import { caRow, TotalTlsNames } from '../../test/support/total-tls-names.ts';
import { days, hours } from '../kit/time.ts';
import { OPERATOR } from '../store/audit.ts';
import { transaction } from '../store/store.ts';
import { lookAtNames, rangesOf } from '../store/total-tls.ts';
import { changeZone } from './change-zone.ts';
import { deletePack } from './delete-pack.ts';
import { deleteZone } from './delete-zone.ts';
import { endTotalTls } from './end-total-tls.ts';

const ends = new AsyncDisposableStack();
let on: TotalTlsNames;
before(async () => {
  on = new TotalTlsNames(await startJobDeps(ends));
});
beforeEach(() => clear(on.plain));
after(() => ends.disposeAsync());

it('a served pack whose record goes is off the edges, comes back with it, and is gone a day after it', async () => {
  const zone = await on.newZone('gone.test');
  const [made] = await on.records(zone, 'www');
  const id = await on.givenServed(zone, 'www');
  await on.keep();
  assert.deepEqual(await on.labelsOf(zone), ['www']);
  await on.change(zone, { kind: 'delete', pointer: '', id: made?.id ?? '' });
  await on.keep();
  assert.equal((await packOf(on.plain, id)).status, 'deactivating');
  const [again] = await on.records(zone, 'www');
  await on.keep();
  assert.equal((await packOf(on.plain, id)).status, 'pending_deployment');
  await on.change(zone, { kind: 'delete', pointer: '', id: again?.id ?? '' });
  await on.keep(days(1) - 600);
  assert.equal((await packOf(on.plain, id)).status, 'deactivating');
  await on.keep(days(1));
  assert.equal((await packOf(on.plain, id)).status, 'pending_deletion');
  assert.deepEqual(await on.packsOf(zone), []);
});

it('a zone that is paused, or answered elsewhere, waits, and is looked at when it is open again', async () => {
  const zone = await on.newZone('paused.test');
  await changeZone(on.deps, zone, { isPaused: true }, OPERATOR);
  await on.records(zone, 'www');
  await on.keep(days(2));
  assert.deepEqual(await on.packsOf(zone), []);
  await changeZone(on.deps, zone, { isPaused: false }, OPERATOR);
  await changeZone(on.deps, zone, { type: 'partial' }, OPERATOR);
  await on.keep();
  assert.deepEqual(await on.packsOf(zone), []);
  await changeZone(on.deps, zone, { type: 'full' }, OPERATOR);
  await on.keep();
  assert.deepEqual(await on.labelsOf(zone), ['www']);
});

it('names in a zone below are left to that zone', async () => {
  const zone = await on.newZone('above.test');
  await givenZone(on.plain, 'other.test');
  const { accountId } = zone;
  await on.plain.pool.query("update zones set account_id = $1 where name = 'other.test'", [accountId]);
  await on.records(zone, 'www.shop', '*', 'x');
  await on.plain.pool.query(
    `update zone_names set name = 'shop.above.test', reversed = 'test.above.shop', account_id = $1 where name = 'other.test'`,
    [accountId],
  );
  await on.keep();
  assert.deepEqual(await on.labelsOf(zone), ['x']);
});

it('the chosen CA comes first, then those of the operator that issue for the name', async () => {
  const zone = await givenZone(on.plain, 'chosen.test');
  await on.turn(zone, true, 'ssl_com');
  await on.records(zone, 'a');
  await on.keep();
  const few = on.withRows([caRow('google', { allowsWildcard: false }), caRow('lets_encrypt')]);
  await on.records(zone, 'b', '*.c');
  await on.keep(0, few);
  const cas = (await on.packsOf(zone)).map(({ hosts, certificateAuthority: ca }) => `${hosts[0]} ${ca}`);
  assert.deepEqual(cas.toSorted(), [
    '*.c.chosen.test lets_encrypt',
    'a.chosen.test ssl_com',
    'b.chosen.test google',
  ]);
});

it('where no CA issues it is tried again each hour', async () => {
  const zone = await on.newZone('none.test');
  await on.records(zone, 'www');
  await on.keep(0, on.withRows([]));
  assert.deepEqual(await on.packsOf(zone), []);
  await on.keep(hours(1) - 60);
  assert.deepEqual(await on.packsOf(zone), []);
  await on.keep(60);
  assert.deepEqual(await on.labelsOf(zone), ['www']);
});

it('a pack that nobody could order is ordered at the next CA, an hour after it was given up', async () => {
  const zone = await on.newZone('given-up.test');
  await on.records(zone, 'www');
  await on.keep();
  const cas = [];
  for (let i = 0; i < 2; i++) {
    const [pack] = await on.packsOf(zone);
    cas.push(pack?.certificateAuthority);
    await carryAll(on.deps); // no CA answers here
    on.plain.clock.advance(hours(1));
    await carryAll(on.deps);
    assert.equal((await packOf(on.plain, pack?.id ?? '')).status, 'initializing_timed_out');
    on.plain.clock.advance(hours(1));
    await carryAll(on.deps);
  }
  assert.deepEqual(cas, ['google', 'lets_encrypt']);
});

it('a deleted pack opts its name out for as long as the zone is there, one off the edges does not', async () => {
  const zone = await on.newZone('opted.test');
  await on.records(zone, 'a', 'b');
  const [a, b] = [await on.givenServed(zone, 'a'), await on.givenServed(zone, 'b')];
  await on.keep();
  const drop = (id: string) => deletePack(on.deps, { zoneId: zone.id, id, by: OPERATOR, isAsPack: true });
  await drop(a);
  await on.turn(zone, false);
  await on.keep();
  assert.equal((await packOf(on.plain, b)).status, 'deactivating');
  await drop(b);
  await on.turn(zone, true);
  await on.keep();
  assert.deepEqual(await on.labelsOf(zone), ['b']);
});

it('a pack that is to be renewed goes where another covers its name by then, and is renewed else', async () => {
  const zone = await on.newZone('renewed.test');
  await on.records(zone, 'www');
  const id = await on.givenServed(zone, 'www');
  await on.keep();
  assert.equal(await endTotalTls(on.deps, await packOf(on.plain, id)), 'renew');
  await givenPack(on.plain, zone, { status: 'active', hosts: [`*.${zone.name}`] });
  assert.equal(await endTotalTls(on.deps, await packOf(on.plain, id)), 'gone');
  await on.keep();
  assert.deepEqual(await on.packsOf(zone), []);
});

it('of several packs of a name the last stays, once it is served', async () => {
  const zone = await on.newZone('several.test');
  await on.records(zone, 'www');
  const older = await on.givenServed(zone, 'www');
  const name = `www.${zone.name}`;
  const coming = await givenPack(on.plain, zone, { type: 'total_tls', hosts: [name] });
  await on.keep();
  assert.equal((await on.packsOf(zone)).length, 2);
  assert.equal(await endTotalTls(on.deps, await packOf(on.plain, older)), 'wait');
  await deletePack(on.deps, { zoneId: zone.id, id: coming, by: OPERATOR });
  const newer = await on.givenServed(zone, 'www');
  await transaction(on.plain.pool, (tx) =>
    lookAtNames(tx, zone.id, { ranges: rangesOf([name]), at: on.plain.clock.now() }),
  );
  await on.keep();
  assert.deepEqual(
    (await on.packsOf(zone)).map(({ id }) => id),
    [newer],
  );
});

it('a pack that is moved by which it covers less has its names looked at', async () => {
  const zone = await on.newZone('uncovered.test');
  const id = await givenPack(on.plain, zone, { status: 'active', hosts: [zone.name, `*.${zone.name}`] });
  await on.records(zone, '', 'www', 'a.www');
  await on.keep();
  assert.deepEqual(await on.labelsOf(zone), ['a.www']);
  await deletePack(on.deps, { zoneId: zone.id, id, by: OPERATOR, isAsPack: true });
  await on.keep();
  assert.deepEqual(await on.labelsOf(zone), ['a.www', 'uncovered.test', 'www']);
});

it('a zone that goes takes what was to be looked at along', async () => {
  const zone = await on.newZone('deleted.test');
  await on.records(zone, 'www');
  await deleteZone(on.plain, zone, OPERATOR);
  await on.keep();
  const { rows } = await on.plain.pool.query("select from packs where type = 'total_tls'");
  assert.equal(rows.length, 0);
});
