import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import {
  claim,
  clear,
  dueIn,
  givenCertificates,
  givenPack,
  givenZone,
  packOf,
  startDesk,
  type TestDesk,
} from '../../test/support/desk.ts';
import { after as afterInstant } from '../kit/time.ts';
import { postpone } from '../operation/advance.ts';
import { type Claim, extendLeases, freeLeases, giveBack, LEASE } from './claims.ts';
import { makeDue } from './packs.ts';
import { transaction } from './store.ts';

const ends = new AsyncDisposableStack();
let desk: TestDesk;
before(async () => {
  desk = await startDesk(ends);
});
beforeEach(() => clear(desk));
after(() => ends.disposeAsync());

const idsOf = (claims: readonly Claim[]) => claims.map(({ packId }) => packId).toSorted();
const numbersOf = (claims: readonly Claim[]) => claims.map(({ packId, claim: number }) => [packId, number]);

test('two workers that claim at the same time get different packs', async () => {
  const zone = await givenZone(desk, 'one.test');
  const ids: string[] = [];
  for (let i = 0; i < 6; i++) ids.push(await givenPack(desk, zone));
  const [some, others] = await transaction(desk.pool, async (tx) => {
    const first = await claim(desk, 3, tx);
    return [first, await claim(desk, 3)];
  });
  assert.equal(some.length, 3);
  assert.deepEqual(idsOf([...some, ...others]), ids.toSorted());
});

test('a claimed pack is claimed again only when its lease of a minute is over', async () => {
  const id = await givenPack(desk, await givenZone(desk, 'one.test'));
  assert.deepEqual(numbersOf(await claim(desk)), [[id, 1]]);
  assert.deepEqual(await claim(desk), []);
  desk.clock.advance(50);
  assert.deepEqual(await claim(desk), []);
  desk.clock.advance(10);
  assert.deepEqual(numbersOf(await claim(desk)), [[id, 2]]);
});

test('a claimed pack comes with its zone, and with the certificates of an earlier life', async () => {
  const zone = await givenZone(desk, 'one.test');
  const id = await givenPack(desk, zone);
  // It was restarted, which raised the claim.
  await desk.pool.query('update packs set claim = 2 where id = $1', [id]);
  await givenCertificates(desk, id);
  const [held] = await claim(desk);
  const pack = await held?.read();
  assert.deepEqual(pack, await packOf(desk, id));
  assert.deepEqual([pack?.zone.id, pack?.certificates.length, pack?.claim], [zone.id, 2, 3]);
});

test('an extended lease keeps the pack, and only for the worker that has it', async () => {
  const id = await givenPack(desk, await givenZone(desk, 'one.test'));
  const [held] = await claim(desk);
  assert(held);
  desk.clock.advance(40);
  await extendLeases(desk.pool, desk.clock, [held]);
  desk.clock.advance(40);
  assert.deepEqual(await claim(desk), []);
  await extendLeases(desk.pool, desk.clock, [{ packId: id, claim: 0 }]);
  desk.clock.advance(20);
  assert.deepEqual(idsOf(await claim(desk)), [id]);
});

test('a pack that was made due while it is held stays due when its lease is extended', async () => {
  const id = await givenPack(desk, await givenZone(desk, 'one.test'));
  const [held] = await claim(desk);
  assert(held);
  await makeDue(desk.pool, ['one.test'], 'initializing', desk.clock.now());
  await extendLeases(desk.pool, desk.clock, [held]);
  assert.deepEqual(idsOf(await claim(desk)), [id]);
});

test('an account with 200 due packs does not hold up the one pack of another', async () => {
  const busy = await givenZone(desk, 'busy.test');
  const quiet = await givenZone(desk, 'quiet.test');
  for (let i = 0; i < 200; i++) await givenPack(desk, busy);
  const id = await givenPack(desk, quiet);
  const claims = await claim(desk);
  assert.equal(claims.length, 16);
  assert(idsOf(claims).includes(id));
});

test('a pack is given back by the worker that has it alone', async () => {
  const id = await givenPack(desk, await givenZone(desk, 'one.test'));
  const [held] = await claim(desk);
  assert(held);
  await giveBack(desk.pool, desk.clock, { packId: id, claim: 0 });
  assert.equal(await dueIn(desk, id), 60);
  await giveBack(desk.pool, desk.clock, held);
  assert.equal(await dueIn(desk, id), 0);
});

test('a pack that waits for its day is not given back', async () => {
  const id = await givenPack(desk, await givenZone(desk, 'one.test'));
  const [held] = await claim(desk);
  assert(held);
  const pack = await packOf(desk, id);
  await transaction(desk.pool, (tx) => postpone(tx, desk, pack, { seconds: 300 }));
  await giveBack(desk.pool, desk.clock, held);
  assert.equal(await dueIn(desk, id), 300);
});

test('who has the name of a killed process goes on at once with what that had in its hands, and with nothing else', async () => {
  const zone = await givenZone(desk, 'one.test');
  const [held, others, waiting] = await Promise.all([0, 1, 2].map(() => givenPack(desk, zone)));
  await desk.pool.query('update packs set due_at = null where id <> $1', [held]);
  assert.equal((await claim({ ...desk, worker: 'killed' })).length, 1);
  await desk.pool.query('update packs set due_at = $2 where id = $1', [others, desk.clock.now()]);
  assert.equal((await claim({ ...desk, worker: 'alive' })).length, 1);
  const soon = afterInstant(desk.clock.now(), 30);
  await desk.pool.query('update packs set due_at = $2 where id = $1', [waiting, soon]);

  assert.equal(await freeLeases(desk.pool, desk.clock, { worker: 'killed', inHand: [] }), 1);
  assert.equal(await dueIn(desk, held ?? ''), 0);
  assert.equal(await dueIn(desk, others ?? ''), LEASE);
  assert.equal(await dueIn(desk, waiting ?? ''), 30);
});
