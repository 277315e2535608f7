import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { givenPack, givenZone, startDesk, type TestDesk } from '../../test/support/desk.ts';
import { assertStored } from '../../test/support/stored.ts';
import { renderAll } from './rerender.ts';

const ends = new AsyncDisposableStack();
let desk: TestDesk;
before(async () => {
  desk = await startDesk(ends);
});
after(() => ends.disposeAsync());

test('after the delegation zone was changed every pack is rendered again, once', async () => {
  const zone = { ...(await givenZone(desk, 'one.test')), type: 'partial' as const };
  await desk.pool.query(`update zones set type = 'partial'`);
  for (let i = 0; i < 3; i++) await givenPack(desk, zone);
  const { signal } = new AbortController();
  const moved = { ...desk, reply: { delegationZone: 'dcv.example.net' } };
  await renderAll(moved, signal);
  await assertStored(desk.pool, moved.reply);
  const version = async () => (await desk.pool.query('select version from zones')).rows;
  const earlier = await version();
  await desk.pool.query(`update packs set wire = '{}'`); // would be mended by another pass
  await renderAll(moved, signal);
  assert.deepEqual(await version(), earlier);
  assert.deepEqual((await desk.pool.query('select distinct wire from packs')).rows, [{ wire: '{}' }]);
});
