import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startJobDeps, type TestJobDeps } from '../../../test/support/job-deps.ts';
import { until } from '../../../test/support/world.ts';
import { ServerFence } from '../server-role.ts';
import { statement } from '../statement.ts';
import { stateOf } from '../store.ts';
import { unavailability } from '../unavailable.ts';
import { ProtocolConnection } from './connection.ts';
import { intAt, isNull, locate, offsetsFor, textAt } from './data-row.ts';
import { Reader, type Texts } from './reader.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let reader: Reader;
before(async () => {
  deps = await startJobDeps(ends);
  reader = new Reader(deps.pool, 2);
  ends.defer(() => reader.close());
});
after(() => ends.disposeAsync());

/** All rows, each read as `columns` texts. */
async function texts(sql: string, columns: number, values: Texts = {}): Promise<(string | null)[][]> {
  const rows: (string | null)[][] = [];
  const offsets = offsetsFor(columns);
  await reader.read(statement(sql), values, (bytes, at) => {
    locate(bytes, at, offsets);
    rows.push(Array.from({ length: columns }, (_, i) => textAt(bytes, offsets, i)));
  });
  return rows;
}

test('a reader reads texts, nulls and numbers of every size as the database has them', async () => {
  const offsets = offsetsFor(5);
  const seen: unknown[] = [];
  const all = statement(`select 7::int2, -7::int4, 9007199254740991::int8, null::text, 'ü'::text`);
  await reader.read(all, {}, (bytes, at) => {
    locate(bytes, at, offsets);
    const numbers = [0, 1, 2].map((i) => intAt(bytes, offsets, i));
    seen.push(...numbers, isNull(offsets, 3), textAt(bytes, offsets, 4));
  });
  assert.deepEqual(seen, [7, -7, Number.MAX_SAFE_INTEGER, true, 'ü']);
});

test('a reader reads rows that are larger than what arrives at once', async () => {
  const rows = await texts(`select repeat(:one, 300000) from generate_series(1, 5)`, 1, { one: 'é' });
  assert.deepEqual(
    rows.map(([text]) => text?.length),
    [300_000, 300_000, 300_000, 300_000, 300_000],
  );
});

test('a reader answers many questions at once, each with its own rows', async () => {
  const numbers = Array.from({ length: 200 }, (_, i) => String(i));
  const answers = await Promise.all(numbers.map((i) => texts('select :i::text', 1, { i })));
  assert.deepEqual(answers.flat(2), numbers);
});

test('a reader takes values for what they are and never for SQL', async () => {
  const evil = `'; drop table packs; -- \\ "`;
  assert.deepEqual(await texts('select :evil::text', 1, { evil }), [[evil]]);
});

test('a reader says what the database says, and goes on', async () => {
  const fails = texts('select 1 / :zero::int', 1, { zero: '0' });
  await assert.rejects(fails, (error) => stateOf(error) === '22012');
  await assert.rejects(texts('select nonsense', 1), (error) => stateOf(error) === '42703');
  await assert.rejects(texts('select nonsense', 1), (error) => stateOf(error) === '42703');
  assert.deepEqual(await texts('select :a::text', 1, { a: 'still here' }), [['still here']]);
});

test('a reader tells of a lost connection and opens another', async () => {
  const waits = texts('select pg_sleep(20)::text', 1);
  const lost = assert.rejects(waits, (error) => unavailability(error) !== undefined);
  // Behind a pooler the connection that works on it is known only by its work.
  const end = `select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and state = 'active' and query like '%pg_sl' || 'eep(20)%'`;
  await until(
    () => deps.pool.query(end),
    ({ rowCount }) => rowCount === 1,
  );
  await lost;
  assert.equal((await texts('select 1::text', 1)).length, 1);
});

test('a reader does without prepared statements where those of others turn up', async () => {
  const asked = statement('select :what::text as mixed_up');
  const own = new Reader(deps.pool, 1);
  ends.defer(() => own.close());
  const values: string[] = [];
  const read = (what: string) =>
    own.read(asked, { what }, (bytes, at) => {
      const offsets = offsetsFor(1);
      locate(bytes, at, offsets);
      values.push(textAt(bytes, offsets, 0) ?? '');
    });
  await read('first');
  // As it looks behind a pooler, which gives the next question to another connection.
  await own.read({ name: 'forget', text: 'deallocate all', parameters: [] }, {}, () => undefined);
  await read('second');
  await read('third');
  assert.deepEqual(values, ['first', 'second', 'third']);
});

test('a connection that is retired while its last answer comes says goodbye once, and harms nobody', async () => {
  const { host, port, user, password, database } = deps.pool.options;
  const config = { host, port, user, password: String(password), database };
  const connection = await ProtocolConnection.open(config, new ServerFence());
  await connection.ask(statement('select 1::text as last'), [], false, () => connection.retire());
  await new Promise((resolve) => void setTimeout(resolve, 20));
  await connection.close();
});
