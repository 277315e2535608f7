import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, givenShared } from '../../test/support/postgres/given-server.ts';
import { loadConfig } from '../kit/config.ts';
import { newLog } from '../kit/log.ts';
import { openDatabase } from '../serve/database.ts';
import { memorySettings, ownMemory, usualBuffers } from './memory.ts';

const GIB = 2 ** 30;

// biome-ignore format: a table is read by column
const CASES = [
  // machine, limit of the container, buffers, settings that follow
  [24 * GIB,   0,          3_072, { shared_buffers: '3072MB', effective_cache_size: '6144MB', work_mem: '12MB', maintenance_work_mem: '384MB' }],
  [8 * GIB,    2 ** 64,    1_024, { shared_buffers: '1024MB', effective_cache_size: '2048MB', work_mem: '4MB',  maintenance_work_mem: '128MB' }],
  [1 * GIB,    0,          128,   { shared_buffers: '128MB',  effective_cache_size: '256MB',  work_mem: '4MB',  maintenance_work_mem: '64MB' }],
  [0.25 * GIB, 0,          128,   { shared_buffers: '128MB',  effective_cache_size: '256MB',  work_mem: '4MB',  maintenance_work_mem: '64MB' }],
  [512 * GIB,  0,          4_096, { shared_buffers: '4096MB', effective_cache_size: '8192MB', work_mem: '16MB', maintenance_work_mem: '512MB' }],
  [512 * GIB,  2 * GIB,    256,   { shared_buffers: '256MB',  effective_cache_size: '512MB',  work_mem: '4MB',  maintenance_work_mem: '64MB' }],
  [2 * GIB,    16 * GIB,   256,   { shared_buffers: '256MB',  effective_cache_size: '512MB',  work_mem: '4MB',  maintenance_work_mem: '64MB' }],
] as const;

test('settings follow the memory of the machine or of the container, whichever is less, within bounds', () => {
  for (const [machine, limit, buffers, settings] of CASES) {
    assert.equal(usualBuffers(ownMemory(machine, limit)), buffers);
    assert.deepEqual(memorySettings(buffers), settings);
  }
});

const shown = async (url: string) => (await ask(url, 'show shared_buffers'))[0]?.['shared_buffers'];

test('a server has the settings of the memory it is told, and of its machine when it is told none', async (t) => {
  const given = givenShared(t);
  const untold = await given.start();
  const usual = usualBuffers(ownMemory());
  assert.equal(await shown(untold.url), usual % 1_024 === 0 ? `${usual / 1_024}GB` : `${usual}MB`);
  await untold.stop();

  const options = { ...loadConfig({}).options, database_memory_mb: 200 };
  const told = await openDatabase(options, given.dir, newLog('silent'), { isMigrated: false });
  t.after(() => told.stop());
  assert.equal(await shown(told.url), '200MB');
  assert.deepEqual(await ask(told.url, 'show maintenance_work_mem'), [{ maintenance_work_mem: '64MB' }]);
});
