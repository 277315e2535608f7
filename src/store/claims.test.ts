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
  startJobDeps,
  type TestJobDeps,
} from '../../test/support/job-deps.ts';
import { after as afterInstant } from '../kit/time.ts';
import { postpone } from '../operation/advance.ts';
import { lifeWork } from '../operation/work.ts';
import { type Claim, extendLeases, freeLeases, giveBack, LEASE } from './claims.ts';
import { makeDue } from './packs.ts';
import { transaction } from './store.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

const idsOf = (claims: readonly Claim[]) => claims.map(({ id }) => id).toSorted();
const numbersOf = (claims: readonly Claim[]) => claims.map(({ id, claim: number }) => [id, number]);

test('two workers that claim at the same time get different packs', async () => {
  const zone = await givenZone(deps, 'one.test');
  const ids: string[] = [];
  for (let i = 0; i < 6; i++) ids.push(await givenPack(deps, zone));
  const [some, others] = await transaction(deps.pool, async (tx) => {
    const first = await claim(deps, 3, tx);
    return [first, await claim(deps, 3)];
  });
  assert.equal(some.length, 3);
  assert.deepEqual(idsOf([...some, ...others]), ids.toSorted());
});

test('a claimed pack is claimed again only when its lease of a minute is over', async () => {
  const id = await givenPack(deps, await givenZone(deps, 'one.test'));
  assert.deepEqual(numbersOf(await claim(deps)), [[id, 1]]);
  assert.deepEqual(await claim(deps), []);
  deps.clock.advance(50);
  assert.deepEqual(await claim(deps), []);
  deps.clock.advance(10);
  assert.deepEqual(numbersOf(await claim(deps)), [[id, 2]]);
});

test('a claimed pack comes with its zone, and with the certificates of an earlier life', async () => {
  const zone = await givenZone(deps, 'one.test');
  const id = await givenPack(deps, zone);
  // It was restarted, which raised the claim.
  await deps.pool.query('update packs set claim = 2 where id = $1', [id]);
  await givenCertificates(deps, id);
  const [held] = await claim(deps);
  const pack = await held?.read();
  assert.deepEqual(pack, await packOf(deps, id));
  assert.deepEqual([pack?.zone.id, pack?.certificates.length, pack?.claim], [zone.id, 2, 3]);
});

test('an extended lease keeps the pack, and only for the worker that has it', async () => {
  const id = await givenPack(deps, await givenZone(deps, 'one.test'));
  const [held] = await claim(deps);
  assert(held);
  deps.clock.advance(40);
  await extendLeases(deps.pool, deps.clock, [held]);
  deps.clock.advance(40);
  assert.deepEqual(await claim(deps), []);
  await extendLeases(deps.pool, deps.clock, [{ ...held, claim: 0 }]);
  deps.clock.advance(20);
  assert.deepEqual(idsOf(await claim(deps)), [id]);
});

test('a pack that was made due while it is held stays due when its lease is extended', async () => {
  const id = await givenPack(deps, await givenZone(deps, 'one.test'));
  const [held] = await claim(deps);
  assert(held);
  await makeDue(deps.pool, ['one.test'], 'initializing', deps.clock.now());
  await extendLeases(deps.pool, deps.clock, [held]);
  assert.deepEqual(idsOf(await claim(deps)), [id]);
});

test('an account with 200 due packs does not hold up the one pack of another', async () => {
  const busy = await givenZone(deps, 'busy.test');
  const quiet = await givenZone(deps, 'quiet.test');
  for (let i = 0; i < 200; i++) await givenPack(deps, busy);
  const id = await givenPack(deps, quiet);
  const claims = await claim(deps);
  assert.equal(claims.length, 16);
  assert(idsOf(claims).includes(id));
});

test('a pack is given back by the worker that has it alone', async () => {
  const id = await givenPack(deps, await givenZone(deps, 'one.test'));
  const [held] = await claim(deps);
  assert(held);
  await giveBack(deps.pool, deps.clock, { ...held, claim: 0 });
  assert.equal(await dueIn(deps, id), 60);
  await giveBack(deps.pool, deps.clock, held);
  assert.equal(await dueIn(deps, id), 0);
});

test('a pack that waits for its day is not given back', async () => {
  const id = await givenPack(deps, await givenZone(deps, 'one.test'));
  const [held] = await claim(deps);
  assert(held);
  const pack = await packOf(deps, id);
  await transaction(deps.pool, (tx) => postpone(tx, deps, lifeWork(pack), { seconds: 300 }));
  await giveBack(deps.pool, deps.clock, held);
  assert.equal(await dueIn(deps, id), 300);
});

test('who has the name of a killed process goes on at once with what that had in its hands, and with nothing else', async () => {
  const zone = await givenZone(deps, 'one.test');
  const [held, others, waiting] = await Promise.all([0, 1, 2].map(() => givenPack(deps, zone)));
  await deps.pool.query('update packs set due_at = null where id <> $1', [held]);
  assert.equal((await claim({ ...deps, worker: 'killed' })).length, 1);
  await deps.pool.query('update packs set due_at = $2 where id = $1', [others, deps.clock.now()]);
  assert.equal((await claim({ ...deps, worker: 'alive' })).length, 1);
  const soon = afterInstant(deps.clock.now(), 30);
  await deps.pool.query('update packs set due_at = $2 where id = $1', [waiting, soon]);

  assert.equal(await freeLeases(deps.pool, deps.clock, { worker: 'killed', inHand: [] }), 1);
  assert.equal(await dueIn(deps, held ?? ''), 0);
  assert.equal(await dueIn(deps, others ?? ''), LEASE);
  assert.equal(await dueIn(deps, waiting ?? ''), 30);
});
