/** What is sent together stays together. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, it } from 'node:test';
import { startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { FencedPool } from './fenced-pool.ts';
import { statement } from './statement.ts';
import { allSent, execute, pipelined, pipelinedAfter, stateOf, type Tx } from './store.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
  await deps.pool.query('create table things (id int primary key)');
});
after(() => ends.disposeAsync());
beforeEach(() => deps.pool.query('truncate things'));

const PUT = statement('insert into things (id) values (:id)');

async function things(): Promise<number[]> {
  const { rows } = await deps.pool.query<{ id: number }>('select id from things order by id');
  return rows.map(({ id }) => id);
}

it('a batch commits all that was sent, and gives what the first statement came to', async () => {
  const { rowCount } = await pipelined(deps.pool, (tx) =>
    allSent(execute(tx, PUT, { id: 1 }), execute(tx, PUT, { id: 2 }), execute(tx, PUT, { id: 3 })),
  );
  assert.equal(rowCount, 1);
  assert.deepEqual(await things(), [1, 2, 3]);
});

it('a batch of which one statement fails leaves nothing, and tells that statement’s error', async () => {
  const sent = pipelined(deps.pool, (tx) =>
    allSent(
      execute(tx, PUT, { id: 1 }),
      execute(tx, PUT, { id: 1 }),
      execute(tx, PUT, { id: 2 }), // fails by the one before
    ),
  );
  await assert.rejects(sent, (error) => stateOf(error) === '23505');
  assert.deepEqual(await things(), []);
});

it('a batch that fails before it is sent leaves nothing, also where statements were put in before', async () => {
  await assert.rejects(
    pipelined(deps.pool, (tx) =>
      allSent(execute(tx, PUT, { id: 1 }), Promise.reject(new Error('not like this'))),
    ),
    /not like this/,
  );
  assert.deepEqual(await things(), []);
});

it('a batch whose work throws at once leaves nothing, and its connection is good', {
  timeout: 10_000,
}, async () => {
  const sent = pipelined(deps.pool, (tx) => {
    void execute(tx, PUT, { id: 1 }).catch(() => undefined);
    throw new Error('before anything');
  });
  await assert.rejects(sent, /before anything/);
  assert.deepEqual(await things(), []);
});

it('a connection that is lost while a batch begins fails the batch, and nothing else', {
  timeout: 20_000,
}, async (t) => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', note);
  t.after(() => process.off('unhandledRejection', note));
  const over = new AbortController();
  const put = async (from: number) => {
    for (let id = from; !over.signal.aborted; id += 4)
      await pipelined(deps.pool, (tx) => allSent(execute(tx, PUT, { id }))).catch(() => undefined);
  };
  const writers = [0, 1, 2, 3].map(put);
  for (let i = 0; i < 150; i++)
    await deps.pool
      .query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      )
      .catch(() => undefined);
  over.abort();
  await Promise.all(writers);
  assert.deepEqual(unhandled, []);
  // A new connection shows that the server is back; what was opened before is used no more, also where a pooler kept it.
  assert(deps.pool instanceof FencedPool);
  await deps.pool.askAnew((client) => client.query('select 1'));
});

it('a batch takes no statement after it was sent', async () => {
  const waiting = pipelined(deps.pool, async (tx) => {
    await execute(tx, PUT, { id: 1 });
    await execute(tx, PUT, { id: 2 });
  });
  await assert.rejects(waiting, /sent before any is waited for/);
  assert(!(await things()).includes(2));
});

it('the connection of a batch that failed is good for the next', async () => {
  for (let i = 0; i < 20; i++) {
    await assert.rejects(pipelined(deps.pool, (tx) => allSent(execute(tx, PUT, { id: 'x' }))));
    await pipelined(deps.pool, (tx) => allSent(execute(tx, PUT, { id: i })));
  }
  assert.equal((await things()).length, 20);
});

const DUPLICATE = 'error: duplicate key value violates unique constraint "things_pkey"';

it('batches side by side do not mix', async () => {
  const ids = Array.from({ length: 60 }, (_, i) => i);
  const done = await Promise.allSettled(
    ids.map((id) =>
      pipelined(deps.pool, (tx) =>
        allSent(execute(tx, PUT, { id }), execute(tx, PUT, { id: id % 3 === 0 ? id : id + 1_000 })),
      ),
    ),
  );
  assert.deepEqual(
    done.map((one) => (one.status === 'rejected' ? String(one.reason) : '')),
    ids.map((id) => (id % 3 === 0 ? DUPLICATE : '')),
  );
  assert.deepEqual(
    (await things()).filter((id) => id < 1_000),
    ids.filter((id) => id % 3 !== 0),
  );
});

const takeFirst = (tx: Tx) => tx.query<{ id: number }>('delete from things returning id');

it('a batch that reads first is given what was found, in the same transaction', async () => {
  await deps.pool.query('insert into things values (1)');
  await pipelinedAfter(deps.pool, takeFirst, (tx, { rows }) =>
    allSent(
      execute(tx, PUT, { id: 2 + (rows[0]?.id ?? 0) }),
      execute(tx, PUT, { id: 3 + (rows[0]?.id ?? 0) }),
    ),
  );
  assert.deepEqual(await things(), [3, 4]);
});

const putOne = (tx: Tx) => execute(tx, PUT, { id: 1 });
const putAndFail = async (tx: Tx) => {
  await putOne(tx);
  throw new Error('wrong');
};

const UNDONE: Readonly<Record<string, readonly [read: boolean, work: boolean, ids: readonly number[]]>> = {
  'its read fails': [true, false, [2]],
  'its work refuses': [false, true, [2]],
  'a statement of it fails': [false, false, [2, 2]],
};
for (const [what, [isReadBad, isWorkBad, ids]] of Object.entries(UNDONE)) {
  it(`a batch that reads first leaves nothing where ${what}`, { timeout: 10_000 }, async () => {
    const sent = pipelinedAfter(deps.pool, isReadBad ? putAndFail : putOne, (tx) => {
      if (isWorkBad) throw new Error('wrong');
      const [first, ...others] = ids.map((id) => execute(tx, PUT, { id }));
      return allSent(Promise.resolve(), first ?? false, ...others);
    });
    await assert.rejects(sent, (error) => stateOf(error) === '23505' || /wrong/.test(String(error)));
    assert.deepEqual(await things(), []);
    await pipelined(deps.pool, (tx) => allSent(execute(tx, PUT, { id: 9 })));
    assert.deepEqual(await things(), [9], 'its connection is good');
  });
}
