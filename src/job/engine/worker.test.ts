import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import {
  clear,
  dueIn,
  edgeNamed,
  givenCertificates,
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
  truthful,
} from '../../../test/support/job-deps.ts';
import type { TestRule } from '../../../test/support/simulator/simulated-ca.ts';
import { withCa } from '../../../test/support/simulator/with-ca.ts';
import { getPack } from '../../store/packs.ts';
import { transaction } from '../../store/store.ts';
import { hideZone } from '../../store/zones.ts';
import { startWorker } from './worker.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

/** Waits up to ten seconds. */
async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 100; i++) {
    if (await look()) return;
    await delay(100);
  }
  assert.fail(`not in time: ${what}`);
}

test('a connection that drops inside a transaction ends that transaction alone', async () => {
  const work = transaction(deps.pool, async (tx) => {
    await tx.query(`insert into accounts values ('x', 'x', 0, now())`);
    const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
    await deps.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
    await delay(200);
    await tx.query('select 1');
  });
  await assert.rejects(work);
  const { rows } = await deps.pool.query('select id from accounts');
  assert.deepEqual(rows, []);
});

const LONG_AGO = { expires: '1970-01-01T00:00:00Z' };
const DEAD: Readonly<Record<string, readonly TestRule[]>> = {
  'a pending order that is past its end': [{ fault: 'patch', body: LONG_AGO }],
  'a ready order that is past its end': [
    { fault: 'terms', presumes_control: true },
    { fault: 'patch', body: LONG_AGO },
  ],
  'an invalid order': [{ fault: 'patch', body: { status: 'invalid' } }],
};

for (const [what, rules] of Object.entries(DEAD)) {
  test(`a CA that answers with ${what} is not asked again and again`, async (t) => {
    const { at, ca } = await withCa(t, deps, { rules: rules.map((rule) => ({ ...rule, on: 'new-order' })) });
    const id = await givenPack(deps, await givenZone(deps, 'one.test'));
    const worker = startWorker(at, 4);
    await delay(2_000);
    await worker.stop();
    const orders = ca.server.ledger.orders.size;
    assert(orders >= 1 && orders <= 2, `${orders} orders`);
    assert.notDeepEqual((await packOf(deps, id)).validationErrors, []);
  });
}

test('a pack that becomes active while its worker stops is due at once, for its renewal to be planned', async () => {
  const zone = await givenZone(deps, 'one.test');
  const id = await givenPack(deps, zone, { status: 'pending_deployment' });
  await givenCertificates(deps, id);
  const stopped = Promise.withResolvers<void>();
  const show = truthful(deps);
  const at: TestJobDeps = {
    ...deps,
    edges: [edgeNamed('edge-a')],
    showLeaf: (edge, ask, signal) => {
      if (ask.algorithm === 'rsa') worker.stop().then(stopped.resolve, stopped.reject);
      return show(edge, ask, signal);
    },
  };
  const worker = startWorker(at, 4);
  await stopped.promise;
  assert.equal((await packOf(deps, id)).status, 'active');
  assert.equal(await dueIn(deps, id), 0);
});

test('what a worker had to interrupt is due at once', async (t) => {
  const id = await givenPack(deps, await givenZone(deps, 'one.test'));
  const asked = Promise.withResolvers<void>();
  const { at } = await withCa(t, deps, {
    rules: [
      {
        on: 'new-order',
        step: (exchange, next) => {
          asked.resolve();
          return next(exchange);
        },
      },
      { on: 'new-order', fault: 'silence' },
    ],
  });
  const worker = startWorker(at, 4);
  await asked.promise;
  await worker.stop();
  const seconds = await dueIn(deps, id);
  assert(seconds !== undefined && seconds <= 0, `due in ${seconds} s`);
});

test('packs of a hidden zone are taken away, and the zone goes with the last of them', async (t) => {
  const zone = await givenZone(deps, 'one.test');
  const ids = [await givenPack(deps, zone), await givenPack(deps, zone, { status: 'active' })];
  const { at } = await withCa(t, deps);
  const worker = startWorker(at, 4);
  t.after(() => worker.stop());
  await transaction(deps.pool, (tx) => hideZone(tx, zone.accountId, zone.id, deps.clock.now()));
  for (const id of ids)
    await until(`${id} deleted`, async () => (await packOf(deps, id)).status === 'deleted');
  deps.clock.advance(121);
  await until('the zone is gone', async () => {
    const { rows } = await deps.pool.query('select from zones where id = $1', [zone.id]);
    return rows.length === 0;
  });
  assert.equal(await getPack(deps.pool, zone.id, ids[0] ?? ''), undefined);
});

test('a process that may take no work takes none, and takes it as soon as it may', async (t) => {
  const id = await givenPack(deps, await givenZone(deps, 'one.test'));
  const { at } = await withCa(t, deps);
  let mayWork = false;
  const worker = startWorker({ ...at, mayWork: () => mayWork }, 4);
  t.after(() => worker.stop());
  worker.poke();
  await delay(1_500);
  assert.equal((await packOf(deps, id)).claim, 0);
  mayWork = true;
  await until('taken', async () => (await packOf(deps, id)).status !== 'initializing');
});

test('a database that cannot write for a while is no trouble of a pack, which goes on by itself when it can', async (t) => {
  const { pool } = deps;
  const { at, ca } = await withCa(t, deps);
  await pool.query(`create or replace function refuse() returns trigger language plpgsql as $$
    begin raise exception 'could not extend file' using errcode = '53100'; end $$`);
  await pool.query('create trigger refuse before insert on orders for each row execute function refuse()');
  const id = await givenPack(deps, await givenZone(deps, 'one.test'));
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const worker = startWorker({ ...at, log }, 4);
  t.after(() => worker.stop());
  await delay(3_500);
  const { size } = ca.server.ledger.orders;
  assert(size >= 1 && size <= 5, `${size} orders: it is tried again soon, and not at once`);
  const { status, validationErrors, attempts } = await packOf(deps, id);
  assert.deepEqual(
    { status, validationErrors, attempts },
    { status: 'initializing', validationErrors: [], attempts: 0 },
  );
  assert(!lines.some((line) => line.includes('53100')), 'who watches the database tells of it');
  await pool.query('drop trigger refuse on orders');
  await until('it goes on', async () => (await packOf(deps, id)).status === 'pending_validation');
});
