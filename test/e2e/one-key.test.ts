import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/kit/clock.ts';
import { loadConfig } from '../../src/kit/config.ts';
import { newLog } from '../../src/kit/log.ts';
import { startService } from '../../src/serve/service.ts';
import { migrate } from '../../src/store/migrate.ts';
import { openPool } from '../../src/store/store.ts';
import { startTestDatabase } from '../support/database.ts';

test('a service with another key-encryption key than its database was begun with does not start', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-key-'));
  chmodSync(dir, 0o711);
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  const database = await startTestDatabase(dir);
  t.after(() => database.stop());
  const pool = openPool({ ...database.connection, max: 4 }, () => undefined);
  t.after(() => pool.end());
  await migrate(pool);
  const start = async (kek: string) => {
    const options = { ...loadConfig({}).options, port: 0, rsa_keys: 0, kek };
    const parts = { options, dir, pool, clock: systemClock(), log: newLog('silent'), rows: [], edges: [] };
    await (await startService(parts)).stop();
  };
  const key = randomBytes(32).toString('base64');
  await start(key);
  const foreign = start(randomBytes(32).toString('base64'));
  await assert.rejects(foreign, { fault: 'configuration', message: /bring the first one back/ });
  await start(key);
});
