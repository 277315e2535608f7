import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { givenPack, givenZone, startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { assertStored } from '../../test/support/stored.ts';
import { rerenderAll } from './rerender.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
after(() => ends.disposeAsync());

test('after the delegation zone was changed every pack is rendered again, once', async () => {
  const zone = { ...(await givenZone(deps, 'one.test')), type: 'partial' as const };
  await deps.pool.query(`update zones set type = 'partial'`);
  for (let i = 0; i < 3; i++) await givenPack(deps, zone);
  const { signal } = new AbortController();
  const moved = { ...deps, json: { delegationZone: 'dcv.example.net' } };
  await rerenderAll(moved, signal);
  await assertStored(deps.pool, moved.json);
  const version = async () => (await deps.pool.query('select version from zones')).rows;
  const earlier = await version();
  await deps.pool.query(`update packs set wire = '{}'`); // would be mended by another pass
  await rerenderAll(moved, signal);
  assert.deepEqual(await version(), earlier);
  assert.deepEqual((await deps.pool.query('select distinct wire from packs')).rows, [{ wire: '{}' }]);
});
