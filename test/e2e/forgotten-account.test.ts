/** `certpacks ca forget`: the way out where a CA no longer knows an account of ours, and no way to lose one that it knows. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createCa } from '../../src/ca/registry.ts';
import { systemClock } from '../../src/kit/clock.ts';
import { loadSeal } from '../../src/serve/kek.ts';
import { caStores } from '../../src/serve/sources.ts';
import { migrate } from '../../src/store/migrate.ts';
import { openPool } from '../../src/store/store.ts';
import { startTestDatabase } from '../support/database.ts';
import { givenFolder } from '../support/ground.ts';
import { simulatedCa } from '../support/simulator/simulated-ca.ts';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** A CA at which each account here has its own, the commands on the same database, and the CA's words for an account. */
async function given(t: TestContext) {
  const dir = givenFolder(t, 'forget');
  const database = await startTestDatabase(join(dir, 'database'));
  t.after(() => database.stop());
  const pool = openPool({ ...database.connection, max: 2 }, () => undefined);
  t.after(() => pool.end());
  await migrate(pool);
  const { server, row } = await simulatedCa(t);
  const [config, roots] = [join(dir, 'certpacks.toml'), join(dir, 'roots.pem')];
  writeFileSync(roots, String(row.tlsRoots));
  const table = `directory_url = "${row.directoryUrl}"\ntls_roots_file = "${roots}"\n`;
  const options = 'agreed_to_terms = true\naccounts_per_tenant = true\n';
  writeFileSync(config, `[ca.lets_encrypt]\n${table}${options}`);
  const kek = randomBytes(32).toString('base64');
  const env = {
    ...process.env,
    CERTPACKS_CONFIG: config,
    CERTPACKS_DATA_DIR: dir,
    CERTPACKS_DATABASE_URL: database.url,
    CERTPACKS_KEK: kek,
  };
  const ca = async (...args: string[]) =>
    (await run(process.execPath, [MAIN, 'ca', ...args], { env, timeout: 60_000 })).stdout;
  const deps = { ...caStores({ pool, seal: loadSeal({ kek, file: '' }), clock: systemClock() }) };
  const service = createCa({ ...row, hasAccountPerTenant: true }, { ...deps, clock: systemClock() });
  const signal = AbortSignal.timeout(60_000);
  const accountOf = async (tenant: string) =>
    (await service.caaNames({ algorithm: 'ecdsa', tenant }, signal)).accountUri;
  const kept = async () => {
    const { rows } = await pool.query<{ url: string }>('select url from ca_accounts order by url');
    return rows.map(({ url }) => url);
  };
  return { ca, server, accountOf, kept };
}

const idIn = (url: string): string => url.split('/').at(-1) ?? '';

test('of all accounts at a CA those are forgotten that it does not know, and none where it cannot be asked', {
  timeout: 170_000,
}, async (t) => {
  const { ca, server, accountOf, kept } = await given(t);
  const shared = /account +(\S+),/.exec(await ca('test', 'lets_encrypt'))?.[1] ?? assert.fail();
  const [one, other] = [await accountOf('tenant-one'), await accountOf('tenant-two')];
  const all = [shared, one, other].toSorted();
  assert.deepEqual(await kept(), all);
  await assert.rejects(ca('forget', 'lets_encrypt'), /still knows our account/);
  assert.deepEqual(await kept(), all);

  server.ledger.record({ forgotten: idIn(one) });
  const said = await ca('forget', 'lets_encrypt');
  assert.match(said, new RegExp(`^forgotten: ${one}\n2 more are kept, which lets_encrypt still knows\n`));
  assert.deepEqual(await kept(), [shared, other].toSorted());

  server.ledger.record({ forgotten: idIn(shared) });
  assert.match(await ca('forget', 'lets_encrypt'), new RegExp(`^forgotten: ${shared}\n`));
  assert.match(await ca('test', 'lets_encrypt'), /, made just now/);

  await assert.rejects(ca('forget', 'lets_encrypt', '--account', 'tenant-two'), /still knows/);
  await ca('forget', 'lets_encrypt', '--account', 'tenant-two', '--anyway');
  assert.equal((await kept()).includes(other), false);

  await server.close();
  await assert.rejects(ca('forget', 'lets_encrypt'), /ca_unreachable|not reached|refused|answer/i);
  assert.equal((await kept()).length, 1);
});
