/** Two versions on one database: the next one, which has another migration, beside the present one. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { newClient } from '../support/client.ts';
import { startGround } from '../support/ground.ts';
import {
  RESPONDERS,
  type Serving,
  socketOf,
  startEdge,
  startServe,
  writeConfiguration,
} from '../support/serve.ts';
import { until } from '../support/world.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The next version: the present one and a migration that adds, as migrations do. Its entry file. */
function writeNextVersion(dir: string): string {
  cpSync(join(ROOT, 'src'), join(dir, 'src'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(dir, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  const sql =
    'alter table packs add column next_thing text;\ncreate table next_things (id text primary key);\n';
  writeFileSync(join(dir, 'src/store/migrations/9999_next.sql'), sql);
  return join(dir, 'src/main.ts');
}

/** A database, a simulated world, and what starts a process of a version in it. */
async function given(t: TestContext) {
  const { dir, databaseUrl, pool, simulator, accountId, token: apiToken } = await startGround(t, 'upgrade');
  const edges = await Promise.all(RESPONDERS.map((_, i) => startEdge(t, socketOf(dir, i))));
  const file = writeConfiguration(dir, simulator, edges);
  const serve = (i: number, how = {}) =>
    startServe(
      t,
      {
        CERTPACKS_CONFIG: file,
        CERTPACKS_DATABASE_URL: databaseUrl,
        CERTPACKS_DATA_DIR: dir,
        CERTPACKS_EDGE_SOCKET: socketOf(dir, i),
        CERTPACKS_DNS_LISTEN: `${RESPONDERS[i]}:${simulator.dnsPort}`,
      },
      how,
    );
  return { dir, pool, accountId, apiToken, serve };
}

const isActive = ({ status }: { status: string }): boolean => status === 'active';

test('the next version migrates beside the present one, which goes on, also when it is started again', {
  timeout: 170_000,
}, async (t) => {
  const { dir, pool, accountId, apiToken, serve } = await given(t);
  const main = writeNextVersion(join(dir, 'next'));
  let zone: { id: string } | undefined;
  const orderAt = async ({ api: baseURL }: Serving, host: string) => {
    const client = newClient({ apiToken, baseURL });
    zone ??= await client.zones.create({ account: { id: accountId }, name: 'up.test', type: 'full' });
    const zone_id = zone.id;
    const { id } = await client.ssl.certificatePacks.create({
      zone_id,
      type: 'advanced',
      hosts: [`${host}.up.test`],
      certificate_authority: 'lets_encrypt',
      validation_method: 'txt',
      validity_days: 90,
    });
    return () => client.ssl.certificatePacks.get(id, { zone_id });
  };
  const present = await serve(0);
  const first = await orderAt(present, 'first');
  const next = await serve(1, { main });
  const { rows } = await pool.query(`select from information_schema.tables where table_name = 'next_things'`);
  assert.equal(rows.length, 1, 'the next version has migrated');
  const [second, third] = [await orderAt(present, 'second'), await orderAt(next, 'third')];
  for (const get of [first, second, third]) await until(get, isActive, 60);

  // An operator goes back a step: the present version starts on the newer schema.
  present.child.kill('SIGTERM');
  await once(present.child, 'exit');
  const again = await serve(0);
  next.child.kill('SIGTERM');
  await once(next.child, 'exit');
  await until(await orderAt(again, 'fourth'), (pack) => pack.status !== 'initializing', 60);
});
