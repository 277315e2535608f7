/** A bulk job outlives the process that works on it: killed at any moment, another goes on, and no pack is done twice. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { systemClock } from '../../src/kit/clock.ts';
import type { Pool } from '../../src/store/store.ts';
import { getZone } from '../../src/store/zones.ts';
import { sendBulk } from '../support/bulk.ts';
import { givenPack } from '../support/job-deps.ts';
import { startServe } from '../support/serve.ts';
import { givenScene, LIMIT, MAIN } from '../support/serve-scene.ts';

const PACKS = 200;
const DRY = 'packs bulk restart --filter status=validation_timed_out --dry-run --json';

test('a bulk job survives kill -9 and ends with every pack done once', LIMIT, async (t) => {
  const scene = await givenScene(t, 'bulk');
  const { pool, accountId, token } = scene;
  const first = await startServe(t, scene.options);
  const made = await scene
    .client(first.api)
    .zones.create({ account: { id: accountId }, name: 'bulk.test', type: 'partial' });
  const zone = (await getZone(pool, accountId, made.id)) ?? assert.fail();
  const deps = {
    pool,
    clock: systemClock(),
    json: { delegationZone: 'dcv.certpacks.test' },
    brandingDomain: '',
  };
  for (let i = 0; i < PACKS; i++) await givenPack(deps, zone, { status: 'validation_timed_out' });
  const counted = await command(token, `${DRY} --api ${first.api}`);
  assert.match(counted, new RegExp(`"count":${PACKS},`), 'the command counts them');
  const ask = { accountId, token };
  const body = { action: 'restart', filter: { status: 'validation_timed_out' }, expected_count: PACKS };
  const { status, result } = await sendBulk(first.api, { ...ask, body });
  assert.equal(status, 200);
  const restarts = () => restartsBy(pool, result.id);
  await until(async () => (await restarts()).all > 10);
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  const before = await restarts();
  assert(before.all < PACKS, 'it was killed on the way');
  // The lease of the killed one would end by itself, after two minutes.
  await pool.query("update bulk_jobs set due_at = now() where status = 'running'");
  const second = await startServe(t, scene.options);
  const look = () => sendBulk(second.api, { ...ask, method: 'GET', path: `/${result.id}` });
  await until(async () => (await look()).result.status === 'finished');
  const { done, failed, matched } = (await look()).result;
  assert.deepEqual([matched, done, failed], [PACKS, PACKS, 0]);
  assert.deepEqual(await restarts(), { all: PACKS, packs: PACKS }, 'each once');
});

/** Restarts that the record has of a job. */
async function restartsBy(pool: Pool, id: string): Promise<{ all: number; packs: number }> {
  const { rows } = await pool.query<{ all: number; packs: number }>(
    `select count(*)::int as all, count(distinct pack_id)::int as packs from audit
      where event = 'restart' and request = $1`,
    [id],
  );
  return rows[0] ?? { all: 0, packs: 0 };
}

/** What a command of ours writes that is a client. */
async function command(token: string, words: string): Promise<string> {
  const env = { ...process.env, CERTPACKS_TOKEN: token };
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...words.split(' ')], {
    env,
    timeout: 30_000,
  });
  return stdout;
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await isTrue())) {
    assert(performance.now() < end, 'it took too long');
    await delay(20);
  }
}
