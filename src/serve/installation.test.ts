/** A database that was put back, and a copy that lives on, are told where they can be seen. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { until } from '../../test/support/world.ts';
import { startResponder } from '../dns/server/responder.ts';
import { newLog } from '../kit/log.ts';
import { Troubles } from '../kit/troubles.ts';
import { putSetting, raiseGeneration } from '../store/installation-settings.ts';
import { openInstallation, watchForTwin } from './installation.ts';
import { responderSource } from './sources.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  deps = await startJobDeps(ends);
});
after(() => ends.disposeAsync());

function given(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'installation-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const told: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void told.push(JSON.parse(line).msg) });
  return { dir, log, told, open: () => openInstallation(deps.pool, { dir, log }) };
}

const starts = async () =>
  (await deps.pool.query<{ value: string }>(`select value from agreements where name = 'starts'`)).rows[0]
    ?.value ?? '0';

test('a database that was put back to an earlier state is told at the next start, and a restored one is not', async (t) => {
  const { open, told } = given(t);
  const first = await open();
  await open();
  assert.deepEqual(told, []);
  const snapshot = await starts();
  await open();
  await putSetting(deps.pool, 'starts', String(Number(snapshot) - 1)); // a snapshot of the disk comes back
  await open();
  assert.equal(told.length, 1);
  assert.match(told[0] ?? '', /put back to an earlier state/);
  await putSetting(deps.pool, 'starts', '1');
  await raiseGeneration(deps.pool); // as `certpacks restore` does
  const restored = await open();
  assert.equal(told.length, 1);
  assert.notEqual(restored.edition, first.edition, 'pages that clients kept are of another state');
});

test('a data folder that was used with another installation is told', async (t) => {
  const { open, told } = given(t);
  await open();
  await putSetting(deps.pool, 'installation', 'another');
  await open();
  assert.match(told[0] ?? '', /another installation/);
});

test('two copies that were restored from one backup are two generations', async () => {
  const generations = new Set<string | undefined>();
  for (let i = 0; i < 2; i++) {
    await putSetting(deps.pool, 'generation', '3.aaaaaaaa');
    await raiseGeneration(deps.pool);
    const { rows } = await deps.pool.query<{ value: string }>(
      `select value from agreements where name = 'generation'`,
    );
    generations.add(rows[0]?.value);
  }
  assert.equal(generations.size, 2);
  for (const one of generations) assert.match(one ?? '', /^4\.[0-9a-f]{8}$/);
});

test('a copy of this installation that answers for its name servers is told, once, and when it is gone', {
  timeout: 60_000,
}, async (t) => {
  const { dir, log, told } = given(t);
  const HOST = '127.0.74.9';
  const zone = 'dcv.example';
  const serve = (beacon: string, port = 0) =>
    startResponder({
      listen: [{ host: HOST, port }],
      source: responderSource(deps.pool, [zone, ''], beacon),
      nameServers: [{ name: 'ns1.dcv.example', addresses: [HOST] }],
      log: newLog('silent'),
    });
  const own = await openInstallation(deps.pool, { dir, log });
  await raiseGeneration(deps.pool);
  const copy = await openInstallation(deps.pool, { dir, log });
  let responder = await serve(copy.beacon);
  t.after(() => responder.close());
  const port = responder.addresses[0]?.port ?? 0;
  const options = { delegation_zone: zone, name_servers: [`ns1.dcv.example=${HOST}`], dns_port: port };
  const troubles = new Troubles(log);
  const watch = watchForTwin({ options, troubles, beacon: own.beacon }, 100);
  t.after(() => watch.stop());
  await until(
    async () => told.length,
    (n) => n > 0,
  );
  assert.match(
    told[0] ?? '',
    /^the name server 127\.0\.74\.9 is another copy’s: generation \S+ of this installation lives there/,
  );
  await responder.close();
  responder = await serve(own.beacon, port);
  await until(
    async () => told.length,
    (n) => n > 1,
  );
  assert.deepEqual(told.slice(1), ['the name server 127.0.74.9 is of this installation again']);
  const other = own.beacon.replace(/ [0-9a-f]{16} /, ' 0123456789abcdef ');
  await responder.close();
  responder = await serve(other, port);
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(told.length, 2, 'another installation is none of our business');
});
