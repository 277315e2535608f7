/** A pack and its backup change places inside one piece of each table, as partitions.test.ts has it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertStatuses, givenBacked, givenTwoCas, serving, swap } from '../../test/support/backed.ts';
import { type Explained, explainingPool } from '../../test/support/explained.ts';
import { startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { assertInOnePiece, type CutTable, carryIn, cutTables } from '../../test/support/partitioned.ts';
import { assertStored } from '../../test/support/stored.ts';

const ends = new AsyncDisposableStack();
let plain: TestJobDeps;
let tables: CutTable[];
const seen: Explained[] = [];
before(async () => {
  plain = await startJobDeps(ends);
  tables = await cutTables(plain.pool);
});
after(() => ends.disposeAsync());

test('a pack and its backup are issued, change places and change back inside one piece', async (t) => {
  const pool = explainingPool(plain.pool, seen);
  ends.defer(() => pool.end());
  const { deps } = await givenTwoCas(t, plain);
  // What the edges show is looked up by the test itself, in every piece.
  const on = { ...deps, pool, showLeaf: serving(plain) };
  const ids = await givenBacked(on);
  const looked = await assertInOnePiece({ tables, seen }, async () => {
    await carryIn(on, ids.zone);
    await swap(on, ids, ids.backupId);
    await carryIn(on, ids.zone);
    // What the other left is taken off.
    await carryIn(on, ids.zone);
  });
  await assertStatuses(deps, ids, ['inactive', 'active']);
  await assertInOnePiece({ tables, seen }, async () => {
    await swap(on, ids, ids.id);
    await carryIn(on, ids.zone);
    await carryIn(on, ids.zone);
  });
  await assertStatuses(deps, ids, ['active', 'backup_issued']);
  for (const name of ['packs', 'deployments', 'certificates', 'zones']) assert(looked.has(name), name);
  await assertStored(plain.pool, plain.json);
});
