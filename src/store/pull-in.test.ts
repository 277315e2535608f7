/** An hour fast, and corrected: what waits by the wrong time is due. */

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
import { days, hours } from '../kit/time.ts';
import { postpone } from '../operation/advance.ts';
import { retryNow } from '../operation/retry-now.ts';
import { lifeWork } from '../operation/work.ts';
import { pullIn } from './pull-in.ts';
import { noteRevocations, takeRevocations } from './revocations.ts';
import { transaction } from './store.ts';
import { EVERY_CELL } from './zone-key.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

const pull = (inHand: readonly string[] = []) => pullIn(deps.pool, deps.clock.now(), inHand);

/** Does something by a clock that is an hour ahead. */
async function anHourAhead<T>(work: () => Promise<T>): Promise<T> {
  deps.clock.advance(hours(1));
  try {
    return await work();
  } finally {
    deps.clock.advance(-hours(1));
  }
}

/** Takes a pack, as it is due, and puts it down again for so long. */
async function putOff(id: string, seconds: number): Promise<void> {
  await claim(deps);
  await postpone(deps.pool, deps, lifeWork(await packOf(deps, id)), { seconds });
}

test('a pack that was ordered, or put off, an hour too late is due', async () => {
  const zone = await givenZone(deps, 'one.test');
  const waiting = await givenPack(deps, zone, { status: 'pending_validation' });
  await anHourAhead(() => putOff(waiting, 60));
  const ordered = await anHourAhead(() => givenPack(deps, zone));
  assert.equal(await dueIn(deps, ordered), 3_600);
  assert.equal(await dueIn(deps, waiting), 3_660);
  assert.equal(await pull(), 2);
  assert.deepEqual([await dueIn(deps, ordered), await dueIn(deps, waiting)], [0, 0]);
});

test('a lease of a clock that was ahead is over, but for one that this process has', async () => {
  const zone = await givenZone(deps, 'one.test');
  const [one, other] = [await givenPack(deps, zone), await givenPack(deps, zone)];
  await anHourAhead(() => claim(deps));
  assert.equal(await pull([other]), 1);
  assert.deepEqual([await dueIn(deps, one), await dueIn(deps, other)], [0, 3_660]);
});

/** Of seconds that pass meanwhile nothing is said. */
const isAbout = (seconds: number | undefined, wanted: number): boolean =>
  Math.abs((seconds ?? 0) - wanted) <= 10;

test('what waits for its time stays so: a look, a lease, a renewal in months', async () => {
  const zone = await givenZone(deps, 'one.test');
  const look = await givenPack(deps, zone, { status: 'pending_validation' });
  await putOff(look, hours(4));
  const held = await givenPack(deps, zone);
  await claim(deps);
  const served = await anHourAhead(async () => {
    const id = await givenPack(deps, zone, { status: 'active' });
    await givenCertificates(deps, id);
    return id;
  });
  await deps.pool.query('update packs set due_at = $2 where id = $1', [
    served,
    new Date(deps.clock.now().getTime() + days(60) * 1_000),
  ]);
  assert.equal(await pull(), 0);
  assert(isAbout(await dueIn(deps, look), hours(4)));
  assert(isAbout(await dueIn(deps, held), 60));
});

test('PATCH hurries a pack that waits by a clock that was ahead, whatever it waits for', async () => {
  const zone = await givenZone(deps, 'one.test');
  for (const status of ['initializing', 'pending_validation', 'pending_issuance'] as const) {
    const id = await anHourAhead(() => givenPack(deps, zone, { status }));
    await anHourAhead(() => claim(deps));
    await transaction(deps.pool, async (tx) =>
      retryNow(tx, deps, await packOf(deps, id), { id: 'somebody' }),
    );
    assert.equal(await dueIn(deps, id), 0, status);
  }
});

test('a revocation that waits by a clock that was ahead is due', async () => {
  const zone = await givenZone(deps, 'one.test');
  const id = await givenPack(deps, zone, { status: 'active' });
  await givenCertificates(deps, id);
  const pack = await packOf(deps, id);
  await anHourAhead(() =>
    transaction(deps.pool, (tx) => noteRevocations(tx, pack, 'superseded', deps.clock.now())),
  );
  const take = () =>
    takeRevocations(deps.pool, {
      cells: EVERY_CELL,
      now: deps.clock.now(),
      until: new Date(Date.now() + 60_000),
      limit: 9,
    });
  assert.equal((await take()).length, 0);
  await pull();
  assert.equal((await take()).length, 2);
});
