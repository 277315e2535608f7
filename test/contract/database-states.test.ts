/** States in which a database cannot write now: each is 503 with `Retry-After`, not ready, and over by itself. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { buildApi } from '../../src/api/api.ts';
import { createAccount } from '../../src/store/accounts.ts';
import { migrate } from '../../src/store/migrate.ts';
import { openPool } from '../../src/store/store.ts';
import { createToken } from '../../src/store/tokens.ts';
import { apiOn } from '../support/api.ts';
import { embeddedOnly, startTestDatabase, type TestDatabase } from '../support/database.ts';
import { givenFolder } from '../support/ground.ts';
import { jobDepsOn, type TestJobDeps } from '../support/job-deps.ts';
import { until } from '../support/world.ts';

const ends = new AsyncDisposableStack();
const ended = { after: (end: () => unknown) => ends.defer(async () => void (await end())) };
let jobs: TestJobDeps;
let database: TestDatabase;
let base: string;
let token: string;
/** A connection that no state of the others concerns. */
let aside: ReturnType<typeof openPool>;

before(async () => {
  database = await startTestDatabase(givenFolder(ended, 'states'));
  ends.defer(() => database.stop());
  const pool = openPool({ ...database.connection, max: 4, query_timeout: 8_000 }, () => undefined);
  ends.defer(() => pool.end());
  aside = openPool({ ...database.connection, max: 2 }, () => undefined);
  ends.defer(() => aside.end());
  await migrate(pool);
  jobs = jobDepsOn(ends, pool);
  const { id: accountId } = await createAccount(pool, 'test', new Date());
  token = await createToken(pool, { accountId, name: 'test', access: 'write' }, new Date());
  const { deps } = await apiOn(ends, jobs);
  const app = await buildApi(deps);
  ends.defer(() => app.close());
  base = await app.listen({ host: '127.0.0.1', port: 0 });
});
after(() => ends.disposeAsync());

interface Told {
  readonly status: number;
  readonly again: string | null;
  readonly message: string;
}

async function ask(method: string, path: string, body?: object): Promise<Told> {
  const answer = await fetch(base + path, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  const { errors }: { errors: { message: string }[] } = JSON.parse(await answer.text());
  return {
    status: answer.status,
    again: answer.headers.get('retry-after'),
    message: errors[0]?.message ?? '',
  };
}

let zones = 0;
const order = (): Promise<Told> =>
  ask('POST', '/client/v4/zones', { name: `state${(zones += 1)}.example`, type: 'partial' });
const ready = () => ask('GET', '/readyz');

/** Begins a state, and what ends it. */
type State = () => Promise<() => Promise<unknown>>;

/** The server itself says so, at the next write of a zone. */
const raises =
  (code: string): State =>
  async () => {
    await aside.query(`create or replace function say() returns trigger language plpgsql as $$
      begin raise exception 'could not extend file' using errcode = '${code}'; end $$`);
    await aside.query('create trigger say before insert on zones for each row execute function say()');
    return () => aside.query('drop trigger say on zones');
  };

/** Of sessions that are open as of those to come. */
const readOnly: State = async () => {
  const { rows } = await aside.query<{ name: string }>('select current_database() as name');
  const set = (value: string) =>
    aside.query(`alter database "${rows[0]?.name}" set default_transaction_read_only = ${value}`);
  await set('on');
  for (let i = 0; i < 4; i++)
    await jobs.pool.query('select pg_terminate_backend(pg_backend_pid())').catch(() => undefined);
  await until(ready, ({ status }) => status === 503);
  // Sessions that were begun meanwhile stay as they are.
  return async () => {
    await aside.query('set default_transaction_read_only = off');
    await set('off');
  };
};

/** Somebody has the table to himself for longer than is waited for. */
const locked: State = async () => {
  const client = await aside.connect();
  await client.query('begin; lock table zones in share row exclusive mode');
  return async () => {
    await client.query('rollback');
    client.release();
  };
};

/** A statement is given up by the server, as one whose time is over. */
const cancelled: State = async () => {
  await aside.query(`create or replace function say() returns trigger language plpgsql as $$
    begin set local statement_timeout = 50; perform pg_sleep(5); return new; end $$`);
  await aside.query('create trigger say before insert on zones for each row execute function say()');
  const timer = setInterval(() => {
    aside
      .query(
        `select pg_cancel_backend(pid) from pg_stat_activity
          where datname = current_database() and query like '%zones%' and pid <> pg_backend_pid()`,
      )
      .catch(() => undefined);
  }, 200);
  return async () => {
    clearInterval(timer);
    await aside.query('drop trigger say on zones');
  };
};

const STATES: Readonly<Record<string, readonly [State, RegExp]>> = {
  'is read-only': [readOnly, /takes no writes/],
  'has a full disk (53100)': [raises('53100'), /disk .* is full/],
  'is out of memory (53200)': [raises('53200'), /short of memory/],
  'cannot read its files (58030)': [raises('58030'), /cannot read or write/],
  'has no connection left (53300)': [raises('53300'), /no connection left/],
  'ends (57P01)': [raises('57P01'), /ends or starts/],
  'recovers (57P03)': [raises('57P03'), /ends or starts/],
  'has its rows locked (55P03)': [locked, /busy/],
  'gives statements up (57014)': [cancelled, /in time/],
};

for (const [what, [begin, words]] of Object.entries(STATES)) {
  it(`while the database ${what} requests get 503 and the process is not ready; then all goes on`, {
    timeout: 60_000,
  }, async () => {
    assert.equal((await order()).status, 200);
    const finish = await begin();
    let given = 0;
    const count = () => void (given += 1);
    jobs.pool.on('remove', count);
    try {
      const told = await order();
      assert.equal(told.status, 503, told.message);
      assert.match(told.message, words);
      assert(Number(told.again) >= 1);
      const { status, again } = await ready();
      assert.deepEqual([status, Number(again) >= 1], [503, true]);
    } finally {
      await finish();
    }
    await until(ready, (answer) => answer.status === 200, 15);
    assert.equal((await order()).status, 200);
    // The connection was given up, which its pool says once it is closed.
    await until(
      async () => given,
      (n) => n > 0,
    );
    jobs.pool.off('remove', count);
  });
}

it('a server that has no connection left says so, and is asked again', {
  timeout: 60_000,
  ...embeddedOnly,
}, async () => {
  const { rows } = await aside.query<{ name: string }>('select current_database() as name');
  const limit = (n: number) => aside.query(`alter database "${rows[0]?.name}" connection limit ${n}`);
  // Its owner is the superuser here, whom no limit holds: a user like an operator's.
  await aside.query(`drop role if exists plain`);
  await aside.query(`create role plain login password 'plain'`);
  await aside.query('grant select on all tables in schema public to plain');
  const login = { ...database.connection, user: 'plain', password: 'plain', max: 2 };
  const pool = openPool(login, () => undefined);
  ends.defer(() => pool.end());
  await limit(0);
  const deps = jobDepsOn(ends, pool);
  const api = await apiOn(ends, deps);
  const answer = await api.get('/zones', token);
  assert.equal(answer.status, 503);
  assert.match(await answer.text(), /no connection left/);
  await limit(-1);
  assert.equal((await api.get('/zones', token)).status, 200);
});
