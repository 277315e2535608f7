/** Each statement on a move of a zone finds all that it needs in one piece of each table, as partitions.test.ts has it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Explained, explainingPool } from '../../test/support/explained.ts';
import { givenZone, startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { assertInOnePiece, type CutTable, cutTables } from '../../test/support/partitioned.ts';
import { givenCa } from '../../test/support/uploads.ts';
import { createMoveIn } from '../operation/create-move-in.ts';
import { cancelMoveIn, proveMoveIn } from '../operation/prove-move-in.ts';
import { NO_QUOTAS } from '../operation/quotas.ts';
import type { PackZone } from '../pack/pack.ts';
import { OPERATOR } from './audit.ts';
import { findShared, lockPace, putPace, takePlanned } from './move-in-taking.ts';
import { transaction } from './store.ts';
import { cellOf } from './zone-key.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let tables: CutTable[];
let zone: PackZone;
const seen: Explained[] = [];
before(async () => {
  const plain = await startJobDeps(ends);
  tables = await cutTables(plain.pool);
  zone = await givenZone(plain, 'zone.test');
  const pool = explainingPool(plain.pool, seen);
  ends.defer(() => pool.end());
  deps = { ...plain, pool };
});
after(() => ends.disposeAsync());

test('a move is made, taken, looked at, cancelled and begun anew inside one piece', async () => {
  const ca = await givenCa(deps);
  const { certificate, private_key: privateKey } = await ca.issue([zone.name], { days: 30 });
  const given = { certificate, privateKey, bundleMethod: 'ubiquitous' } as const;
  const ask = { zone, given, by: OPERATOR, validationMethod: 'txt' } as const;
  const on = { ...deps, trust: ca.trust, quotas: NO_QUOTAS };
  const met = await assertInOnePiece({ tables, seen }, async () => {
    const { move } = await createMoveIn(on, ask);
    assert(move);
    deps.clock.advance(86_400 * 25);
    await transaction(deps.pool, async (tx) => {
      await putPace(tx, await lockPace(tx));
      const now = deps.clock.now();
      const taken = await takePlanned(tx, { cells: [cellOf(zone.id)], now, until: now, packId: move.id });
      assert.equal(taken?.id, move.id);
      assert.equal(await findShared(tx, move), undefined);
    });
    assert.equal(await proveMoveIn(deps, move), undefined);
    await cancelMoveIn(deps, { ...move, by: OPERATOR });
    deps.clock.advance(-86_400 * 25);
    assert.equal((await createMoveIn(on, ask)).action, 'import');
  });
  assert([...met].includes('move_ins'));
});
