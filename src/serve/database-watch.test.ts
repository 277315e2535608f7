/** What is told of the database and of the clock, and what follows from it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { startTestDatabase } from '../../test/support/database.ts';
import { givenFolder } from '../../test/support/ground.ts';
import { startRelay } from '../../test/support/relay.ts';
import { until } from '../../test/support/world.ts';
import { VirtualClock } from '../kit/clock.ts';
import { hours } from '../kit/time.ts';
import { Troubles } from '../kit/troubles.ts';
import { openPool } from '../store/store.ts';
import { watchDatabase } from './database-watch.ts';

interface Line {
  readonly level: number;
  readonly msg: string;
}

async function given(t: TestContext, { isClockWatched = true, ahead = 0 } = {}) {
  const database = await startTestDatabase(givenFolder(t, 'watch'));
  t.after(() => database.stop());
  const { host = '', port = 0, user, password, database: name } = database.connection;
  const relay = await startRelay(`${host}/.s.PGSQL.${port}`);
  const login = { host: '127.0.0.1', port: relay.port, user, password, database: name, ssl: false } as const;
  const pool = openPool({ ...login, max: 2, connectionTimeoutMillis: 2_000 }, () => undefined);
  t.after(async () => {
    await pool.end();
    relay.close();
  });
  const lines: Line[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const clock = new VirtualClock(ahead);
  const watch = await watchDatabase({ pool, clock, log, troubles: new Troubles(log), isClockWatched });
  t.after(() => watch.stop());
  const told = () => lines.filter(({ level }) => level === 40).map(({ msg }) => msg);
  return { pool, relay, clock, watch, told };
}

for (const ahead of [90, -90]) {
  test(`a clock that is ${ahead} s off is told at the start, and no work is taken until it is right`, {
    timeout: 60_000,
  }, async (t) => {
    const { clock, watch, told } = await given(t, { ahead });
    const words = ahead > 0 ? /90 s ahead of the database’s/ : /90 s behind the database’s/;
    assert.equal(watch.mayWork(), false);
    assert.match(watch.words() ?? '', words);
    assert.deepEqual(told().length, 1);
    assert.match(told()[0] ?? '', words);
    assert(Math.abs(watch.skew() - ahead) < 2);
    assert(Math.abs(watch.aligned.now().getTime() - Date.now()) < 2_000);
    const healed = Promise.withResolvers<void>();
    watch.onCorrected(async () => healed.resolve());
    clock.advance(-ahead);
    await until(async () => watch.mayWork(), Boolean, 15);
    await healed.promise;
    assert.equal(watch.words(), undefined);
    assert.match(told().at(-1) ?? '', /clock of this machine is right again/);
  });
}

test('a clock that is right within five seconds is right', { timeout: 60_000 }, async (t) => {
  const { watch, told } = await given(t, { ahead: 4 });
  assert.equal(watch.mayWork(), true);
  assert.deepEqual(told(), []);
});

test('a clock that is moved on at will is compared with nothing', { timeout: 60_000 }, async (t) => {
  const { watch, told } = await given(t, { isClockWatched: false, ahead: hours(1) });
  assert.equal(watch.mayWork(), true);
  assert.equal(watch.skew(), 0);
  assert.deepEqual(told(), []);
});

test('time that goes back is seen though the database’s went with it, and what waits is pulled in', {
  timeout: 60_000,
}, async (t) => {
  const { clock, watch, told } = await given(t);
  const healed = Promise.withResolvers<void>();
  watch.onCorrected(async () => healed.resolve());
  clock.advance(-30);
  await healed.promise;
  assert.match(told()[0] ?? '', /went back/);
});

test('a database that cannot be reached is told once, and once when it works again', {
  timeout: 60_000,
}, async (t) => {
  const { pool, relay, told } = await given(t);
  relay.close();
  for (let i = 0; i < 20; i++) {
    await pool.query('select').catch(() => undefined);
    await delay(100);
  }
  assert.deepEqual(told().length, 1);
  assert.match(told()[0] ?? '', /^the database does not work: the database cannot be reached/);
  await relay.open();
  await until(
    async () => told().length,
    (n) => n === 2,
    15,
  );
  assert.match(told()[1] ?? '', /^the database works again/);
});
