import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { after, before, it } from 'node:test';
import { startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { writeBackup } from './backup.ts';
import { openPool } from './store.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
  await deps.pool.query(
    'create table big as select i, repeat(md5(i::text), 30) as filling from generate_series(1, 40000) as i',
  );
});
after(() => ends.disposeAsync());

/** Takes so many bytes, slowly as a disk does, and then goes wrong in that way. */
const failing = (most: number, fail: (out: Writable, done: (error?: Error) => void) => void): Writable => {
  let taken = 0;
  return new Writable({
    write(chunk: Buffer, _, done) {
      taken += chunk.length;
      if (taken < most) setImmediate(done);
      else fail(this, done);
    },
  });
};

for (const [what, out] of [
  ['has no space left', failing(2_000_000, (_, done) => done(new Error('no space')))],
  ['is closed', failing(2_000_000, (self) => self.destroy())],
  ['is closed before the first byte', failing(Infinity, () => undefined).destroy()],
] as const) {
  it(`a backup into what ${what} ends at once, and gives its connection up`, {
    timeout: 20_000,
  }, async (t) => {
    out.on('error', () => undefined);
    const { host, port, user, password, database } = deps.pool.options;
    const login = { host, port, user, password, database, max: 1, pipeline: false, query_timeout: 0 };
    const pool = openPool(login, () => undefined);
    t.after(() => pool.end());
    await assert.rejects(writeBackup(pool, out, deps.clock.now(), () => undefined));
    const { rows } = await pool.query<{ one: number }>('select 1 as one');
    assert.equal(rows[0]?.one, 1);
  });
}
