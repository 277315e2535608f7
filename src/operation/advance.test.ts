import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import {
  carryAll,
  claim,
  clear,
  dueIn,
  givenPack,
  givenZone,
  packOf,
  startDesk,
  type TestDesk,
} from '../../test/support/desk.ts';
import { scriptedCa } from '../../test/support/scripted-ca.ts';
import { makeDue } from '../store/packs.ts';
import { alone, transaction } from '../store/store.ts';
import { advance, intervene, keep, postpone } from './advance.ts';

const ends = new AsyncDisposableStack();
let desk: TestDesk;
before(async () => {
  desk = await startDesk(ends);
});
beforeEach(() => clear(desk));
after(() => ends.disposeAsync());

const rowOf = async (id: string) =>
  (await desk.pool.query('select * from packs where id = $1', [id])).rows[0];
const moved = { fault: 'pack_moved' };

test('a worker whose pack was claimed by another changes nothing of it', async () => {
  const id = await givenPack(desk, await givenZone(desk, 'one.test'));
  await claim(desk);
  const old = await packOf(desk, id);
  desk.clock.advance(60);
  await claim(desk);
  const found = await rowOf(id);
  const writes = [
    transaction(desk.pool, (tx) => advance(tx, desk, old, { event: 'done' })),
    transaction(desk.pool, (tx) => keep(tx, desk, old, { validationErrors: ['old'] })),
    transaction(desk.pool, (tx) => postpone(tx, desk, old, { seconds: 5, validationErrors: ['old'] })),
  ];
  for (const result of await Promise.allSettled(writes)) {
    assert.equal(result.status, 'rejected');
    assert.equal(result.reason.fault, 'pack_moved');
  }
  assert.deepEqual(await rowOf(id), found);
});

test('a write that is a transaction of its own and finds the pack moved on leaves nothing, not even in the counts', async () => {
  const zone = await givenZone(desk, 'one.test');
  const id = await givenPack(desk, zone);
  const seen = await packOf(desk, id);
  const earlier = await desk.pool.query('select version, counts from zones where id = $1', [zone.id]);
  const write = () => alone(desk.pool, zone.id, (db) => advance(db, desk, seen, { event: 'delete' }));
  await write();
  const once = await desk.pool.query('select version, counts from zones where id = $1', [zone.id]);
  assert.notDeepEqual(once.rows, earlier.rows);
  await assert.rejects(write(), moved);
  await assert.rejects(
    alone(desk.pool, zone.id, (db) => keep(db, desk, { ...seen, claim: 7 }, {})),
    moved,
  );
  const { rows } = await desk.pool.query('select version, counts from zones where id = $1', [zone.id]);
  assert.deepEqual(rows, once.rows);
});

test('a wish from outside takes the pack from its worker and makes it due at once', async () => {
  const id = await givenPack(desk, await givenZone(desk, 'one.test'));
  await claim(desk);
  const held = await packOf(desk, id);
  await transaction(desk.pool, (tx) => intervene(tx, desk, held, { event: 'delete' }));
  assert.equal(await dueIn(desk, id), 0);
  await assert.rejects(
    transaction(desk.pool, (tx) => keep(tx, desk, held, {})),
    moved,
  );
  const wished = await packOf(desk, id);
  assert.equal(wished.status, 'pending_deletion');
  await assert.rejects(
    transaction(desk.pool, (tx) => keep(tx, desk, { ...wished, claim: held.claim }, {})),
    moved,
  );
});

test('a pack that was made due while it was worked on stays due when it is put down', async () => {
  const id = await givenPack(desk, await givenZone(desk, 'one.test'));
  await claim(desk);
  const held = await packOf(desk, id);
  await makeDue(desk.pool, ['one.test'], 'initializing', desk.clock.now());
  await transaction(desk.pool, (tx) => postpone(tx, desk, held, { seconds: 300 }));
  assert.equal(await dueIn(desk, id), 0);
  assert.equal((await packOf(desk, id)).attempts, 1);
});

test('records that our own name servers answer are looked at again at once, since nobody has to publish them', async (t) => {
  const at = { ...desk, cas: scriptedCa(t).cas };
  const id = await givenPack(at, await givenZone(desk, 'one.test'));
  await carryAll(at);
  assert.equal(await dueIn(at, id), 1);
});

test('records that cannot be seen are looked at again after a minute, and later each time', async (t) => {
  const at = { ...desk, cas: scriptedCa(t).cas };
  const id = await givenPack(at, await givenZone(desk, 'one.test', 'partial'));
  await carryAll(at);
  assert.equal(await dueIn(at, id), 60);
  assert.deepEqual((await packOf(at, id)).validationErrors, [
    '_acme-challenge.one.test: not seen; it is tried again',
  ]);
  desk.clock.advance(61);
  await carryAll(at);
  assert.equal(await dueIn(at, id), 63);
});

test('a pack that waits past the end of its status is due when that ends', async () => {
  const id = await givenPack(desk, await givenZone(desk, 'one.test'));
  await claim(desk);
  const held = await packOf(desk, id);
  await transaction(desk.pool, (tx) => postpone(tx, desk, held, { seconds: 86_400 }));
  assert.equal(await dueIn(desk, id), 3_600);
});
