/** The events of an account are read in an order in which nothing comes to stand before what was read. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { givenPack, givenZone, startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { advance } from '../operation/advance.ts';
import { lifeWork } from '../operation/work.ts';
import type { PackZone } from '../pack/pack.ts';
import {
  BEGINNING,
  comparePositions,
  type EventPosition,
  latestPosition,
  readEvents,
  type StreamedEvent,
} from './pack-events.ts';
import { getPack } from './packs.ts';
import { type Tx, transaction } from './store.ts';
import { createZone, getZone } from './zones.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let zones: PackZone[];
before(async () => {
  deps = await startJobDeps(ends);
  const first = await givenZone(deps, 'one.test');
  const named = { accountId: first.accountId, name: 'two.test', type: 'full' } as const;
  const id = await transaction(deps.pool, (tx) => createZone(tx, named, deps.clock.now()));
  const second = await getZone(deps.pool, first.accountId, id);
  assert(second);
  zones = [first, second];
});
after(() => ends.disposeAsync());

const zoneAt = (i: number): PackZone => zones[i] ?? assert.fail();

/** Moves a pack one status on, in a transaction. */
async function moveOn(tx: Tx, id: string): Promise<void> {
  const { rows } = await tx.query<{ zone_id: string }>('select zone_id from packs where id = $1', [id]);
  const pack = await getPack(tx, rows[0]?.zone_id ?? '', id);
  await advance(tx, deps, lifeWork(pack ?? assert.fail()), { event: 'done' });
}

/** Moves of packs that an account's reader gets who begins behind a position. */
async function readFrom(begin: EventPosition): Promise<readonly StreamedEvent[]> {
  const { events } = await readEvents(deps.pool, zoneAt(0).accountId, { after: begin });
  return events.filter(({ event }) => event === 'done');
}

/** The same once there are so many: what goes on in other databases of the server may hold them up for a while. */
async function readOnce(count: number, begin: EventPosition): Promise<readonly StreamedEvent[]> {
  for (const end = Date.now() + 20_000; ; await delay(50)) {
    const events = await readFrom(begin);
    if (events.length >= count) return events;
    assert(Date.now() < end, `${events.length} of ${count} moves are there`);
  }
}

const idsOf = (events: readonly StreamedEvent[]) => events.map(({ packId }) => packId);

/** Packs, and the position behind their orders. */
async function givenPacks(
  count: number,
): Promise<{ readonly packs: string[]; readonly start: EventPosition }> {
  const packs: string[] = [];
  for (let i = 0; i < count; i++) packs.push(await givenPack(deps, zoneAt(i % 2)));
  for (const end = Date.now() + 20_000; ; await delay(50)) {
    const { position } = await latestPosition(deps.pool, zoneAt(0).accountId);
    const { events } = await readEvents(deps.pool, zoneAt(0).accountId, { after: BEGINNING });
    if (events.filter(({ packId }) => packs.includes(packId)).length === count)
      return { packs, start: position };
    assert(Date.now() < end, 'the orders are there');
  }
}

test('what was begun first and is committed last is lost to nobody who read in between, nor told twice', async () => {
  const {
    packs: [early = '', late = ''],
    start,
  } = await givenPacks(2);
  const slow = await deps.pool.connect();
  let meanwhile = start;
  try {
    await slow.query('begin');
    await moveOn(slow, early);
    await transaction(deps.pool, (tx) => moveOn(tx, late));
    // The later one is committed, the earlier one is not: it is not given out yet, as its place would be behind the other.
    assert.deepEqual(idsOf(await readFrom(start)), []);
    ({ position: meanwhile } = await latestPosition(deps.pool, zoneAt(0).accountId));
    // What others do at this server may have held back the place of what was there before these two: it may have come on.
    assert(comparePositions(start, meanwhile) <= 0);
    await slow.query('commit');
  } finally {
    slow.release(true);
  }
  const [first, second] = await readOnce(2, meanwhile);
  assert(first && second);
  assert.deepEqual(idsOf([first, second]), [early, late]);
  assert.deepEqual(idsOf(await readFrom(first.position)), [late]);
  assert.deepEqual(idsOf(await readFrom(second.position)), []);
});

test('what is rolled back is never told, and holds nothing up', async () => {
  const {
    packs: [gone = '', kept = ''],
    start,
  } = await givenPacks(2);
  const broken = transaction(deps.pool, async (tx) => {
    await moveOn(tx, gone);
    throw new Error('on purpose');
  });
  await assert.rejects(broken, /on purpose/);
  await transaction(deps.pool, (tx) => moveOn(tx, kept));
  assert.deepEqual(idsOf(await readOnce(1, start)), [kept]);
});

test('readers that resume anywhere get each event once, while many transactions commit in any order', async () => {
  const { packs, start } = await givenPacks(6);
  const told: string[] = [];
  let position = start;
  let isOver = false;
  const reader = (async () => {
    for (let isLast = false; !isLast; ) {
      isLast = isOver;
      for (;;) {
        const events = await readFrom(position);
        // Only some of what was read is taken: whoever comes back begins in the middle.
        const taken = events.slice(0, Math.ceil(events.length * Math.random()));
        told.push(...taken.map(({ packId, seq }) => `${packId} ${seq}`));
        position = taken.at(-1)?.position ?? position;
        if (events.length === 0) break;
      }
    }
  })();
  const writer = async (id: string) => {
    for (let i = 0; i < 4; i++)
      await transaction(deps.pool, async (tx) => {
        await tx.query('select pg_current_xact_id(), pg_sleep($1)', [Math.random() / 50]);
        await moveOn(tx, id);
        await tx.query('select pg_sleep($1)', [Math.random() / 50]);
      }).catch(() => undefined);
  };
  await Promise.all(packs.map(writer));
  const { rows } = await deps.pool.query<{ told: string }>(
    `select pack_id || ' ' || seq as told from audit where pack_id = any($1) and event <> 'order'`,
    [packs],
  );
  await readOnce(rows.length, start);
  isOver = true;
  await reader;
  assert(rows.length >= 6 * 2);
  assert.deepEqual(told.toSorted(), rows.map((row) => row.told).toSorted());
});

test('events are read at a server that keeps to itself which it is', async () => {
  const { accountId } = zoneAt(0);
  const known = await latestPosition(deps.pool, accountId);
  await deps.pool.query('revoke execute on function pg_control_system() from public');
  const role = `reader_${process.pid}`;
  await deps.pool.query(`create role ${role}; grant select on audit to ${role}`);
  const kept = await transaction(deps.pool, async (tx) => {
    await tx.query(`set local role ${role}`);
    return latestPosition(tx, accountId);
  });
  await deps.pool.query(`drop owned by ${role}; drop role ${role}`);
  assert.deepEqual(kept.position, known.position);
  assert.notEqual(kept.history, known.history);
});
