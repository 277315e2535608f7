/** Each statement on keys in a token finds all that it needs in one piece of each table, as partitions.test.ts has it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Explained, explainingPool } from '../../test/support/explained.ts';
import { givenPack, givenZone, packOf, startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { assertInOnePiece, type CutTable, cutTables } from '../../test/support/partitioned.ts';
import { recordTokenLook } from '../operation/record-token-look.ts';
import { noteTokenKey, takeTokenKey, useTokenKey } from '../operation/take-token-key.ts';
import {
  countTokenPacks,
  deleteTokenKey,
  listSealedKeys,
  listTokenKeys,
  takeDueTokenKeys,
} from './token-keys.ts';
import { cellOf, EVERY_CELL } from './zone-key.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let tables: CutTable[];
const seen: Explained[] = [];
before(async () => {
  const plain = await startJobDeps(ends);
  tables = await cutTables(plain.pool);
  const pool = explainingPool(plain.pool, seen);
  ends.defer(() => pool.end());
  deps = { ...plain, pool };
});
after(() => ends.disposeAsync());

test('a key in a token is noted, used, looked at, retired and forgotten inside one piece', async () => {
  const zone = await givenZone(deps, 'token.test');
  const pack = await packOf(deps, await givenPack(deps, zone));
  const met = await assertInOnePiece({ tables, seen }, async () => {
    const spare = await takeTokenKey(deps, pack, 'rsa', 'edge');
    assert.equal((await takeTokenKey(deps, pack, 'rsa', 'edge')).uri, spare.uri);
    await noteTokenKey(deps, pack, spare);
    await useTokenKey(deps, pack, 'rsa');
    await recordTokenLook(deps, { pack, why: 'it is away' });
    assert.deepEqual(
      (await listTokenKeys(deps.pool, pack)).map(({ isUsed, awaySince }) => [
        isUsed,
        awaySince !== undefined,
      ]),
      [[true, true]],
    );
    await recordTokenLook(deps, { pack, why: undefined });
    const [key] = await listTokenKeys(deps.pool, pack);
    assert(key?.retiredOn, 'telling of it took the pack from whoever had it');
    assert.deepEqual(await listSealedKeys(deps.pool, pack), []);
    await deleteTokenKey(deps.pool, pack, key.id);
    assert.deepEqual(await listTokenKeys(deps.pool, pack), []);
  });
  assert.deepEqual(await countTokenPacks(deps.pool), { all: 0, away: 0 });
  assert([...met].includes('token_keys'));
});

test('keys that are due are taken once, those of some cells alone where these are named', async () => {
  const zone = await givenZone(deps, 'due.test');
  const pack = await packOf(deps, await givenPack(deps, zone));
  for (const algorithm of ['ecdsa', 'rsa'] as const) await takeTokenKey(deps, pack, algorithm, '');
  const now = deps.clock.now();
  const until = new Date(now.getTime() + 30_000);
  const take = (cells: readonly number[]) => takeDueTokenKeys(deps.pool, { cells, now, until, limit: 10 });
  assert.deepEqual(await take(EVERY_CELL.filter((cell) => cell !== cellOf(zone.id))), []);
  assert.deepEqual(await take([cellOf(zone.id)]), [{ id: pack.id, zone: { id: zone.id } }]);
  assert.deepEqual(await take(EVERY_CELL), []);
  assert.deepEqual(await countTokenPacks(deps.pool), { all: 1, away: 0 });
});
