/** kill -9 of services that tell alerts; `npm run bench -- alerts` does the same with many more. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPool } from '../../src/store/store.ts';
import { alertCrash } from '../support/alert-crash.ts';
import { startTestDatabase } from '../support/database.ts';

test('whatever is killed, each alert comes at least once, those of a pack in order, and none to a private address', {
  timeout: 170_000,
}, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-alerts-'));
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  const database = await startTestDatabase(dir);
  t.after(() => database.stop());
  const pool = openPool({ ...database.connection, max: 8 }, () => undefined);
  t.after(() => pool.end());
  const plan = { events: 60, packs: 30, kills: 1, seconds: 100 };
  const told = await alertCrash({ url: database.url, pool }, plan, () => undefined);
  const { delivered, lost, out_of_order, to_private } = told;
  assert.deepEqual(
    { delivered, lost, out_of_order, to_private },
    { delivered: 60, lost: 0, out_of_order: 0, to_private: 0 },
  );
  assert.ok(told.most_at_once <= 8 && told.most_of_a_pack === 1, JSON.stringify(told));
  assert.ok(told.attempts > 60 && told.refused > 0, JSON.stringify(told));
});
