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
  startJobDeps,
  type TestJobDeps,
} from '../../test/support/job-deps.ts';
import { withCa } from '../../test/support/simulator/with-ca.ts';
import { makeDue } from '../store/packs.ts';
import { autocommit, transaction } from '../store/store.ts';
import { advance, override, postpone, update } from './advance.ts';
import { lifeWork } from './work.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

const rowOf = async (id: string) =>
  (await deps.pool.query('select * from packs where id = $1', [id])).rows[0];
const moved = { fault: 'pack_moved' };

test('a worker whose pack was claimed by another changes nothing of it', async () => {
  const id = await givenPack(deps, await givenZone(deps, 'one.test'));
  await claim(deps);
  const old = await packOf(deps, id);
  deps.clock.advance(60);
  await claim(deps);
  const found = await rowOf(id);
  const writes = [
    transaction(deps.pool, (tx) => advance(tx, deps, lifeWork(old), { event: 'done' })),
    transaction(deps.pool, (tx) => update(tx, deps, lifeWork(old), { validationErrors: ['old'] })),
    transaction(deps.pool, (tx) =>
      postpone(tx, deps, lifeWork(old), { seconds: 5, validationErrors: ['old'] }),
    ),
  ];
  for (const result of await Promise.allSettled(writes)) {
    assert.equal(result.status, 'rejected');
    assert.equal(result.reason.fault, 'pack_moved');
  }
  assert.deepEqual(await rowOf(id), found);
});

test('a write that is a transaction of its own and finds the pack moved on leaves nothing, not even in the counts', async () => {
  const zone = await givenZone(deps, 'one.test');
  const id = await givenPack(deps, zone);
  const seen = await packOf(deps, id);
  const earlier = await deps.pool.query('select version, counts from zones where id = $1', [zone.id]);
  const write = () =>
    autocommit(deps.pool, zone.id, (db) => advance(db, deps, lifeWork(seen), { event: 'delete' }));
  await write();
  const once = await deps.pool.query('select version, counts from zones where id = $1', [zone.id]);
  assert.notDeepEqual(once.rows, earlier.rows);
  await assert.rejects(write(), moved);
  await assert.rejects(
    autocommit(deps.pool, zone.id, (db) => update(db, deps, lifeWork({ ...seen, claim: 7 }), {})),
    moved,
  );
  const { rows } = await deps.pool.query('select version, counts from zones where id = $1', [zone.id]);
  assert.deepEqual(rows, once.rows);
});

test('a wish from outside takes the pack from its worker and makes it due at once', async () => {
  const id = await givenPack(deps, await givenZone(deps, 'one.test'));
  await claim(deps);
  const held = await packOf(deps, id);
  await transaction(deps.pool, (tx) => override(tx, deps, held, { event: 'delete' }));
  assert.equal(await dueIn(deps, id), 0);
  await assert.rejects(
    transaction(deps.pool, (tx) => update(tx, deps, lifeWork(held), {})),
    moved,
  );
  const wished = await packOf(deps, id);
  assert.equal(wished.status, 'pending_deletion');
  await assert.rejects(
    transaction(deps.pool, (tx) => update(tx, deps, lifeWork({ ...wished, claim: held.claim }), {})),
    moved,
  );
});

test('a pack that was made due while it was worked on stays due when it is put down', async () => {
  const id = await givenPack(deps, await givenZone(deps, 'one.test'));
  await claim(deps);
  const held = await packOf(deps, id);
  await makeDue(deps.pool, ['one.test'], 'initializing', deps.clock.now());
  await transaction(deps.pool, (tx) => postpone(tx, deps, lifeWork(held), { seconds: 300 }));
  assert.equal(await dueIn(deps, id), 0);
  assert.equal((await packOf(deps, id)).attempts, 1);
});

test('records that our own name servers answer are looked at again at once, since nobody has to publish them', async (t) => {
  const { at } = await withCa(t, deps);
  const id = await givenPack(at, await givenZone(deps, 'one.test'));
  await carryAll(at);
  assert.equal(await dueIn(at, id), 1);
});

test('records that cannot be seen are looked at again after a minute, and later each time', async (t) => {
  const { at } = await withCa(t, deps);
  const id = await givenPack(at, await givenZone(deps, 'one.test', 'partial'));
  await carryAll(at);
  assert.equal(await dueIn(at, id), 60);
  assert.deepEqual((await packOf(at, id)).validationErrors, [
    '_acme-challenge.one.test: not seen; it is tried again',
  ]);
  deps.clock.advance(61);
  await carryAll(at);
  assert.equal(await dueIn(at, id), 63);
});

test('a pack that waits past the end of its status is due when that ends', async () => {
  const id = await givenPack(deps, await givenZone(deps, 'one.test'));
  await claim(deps);
  const held = await packOf(deps, id);
  await transaction(deps.pool, (tx) => postpone(tx, deps, lifeWork(held), { seconds: 86_400 }));
  assert.equal(await dueIn(deps, id), 3_600);
});
