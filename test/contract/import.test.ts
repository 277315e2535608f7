/** `certpacks import` at an API: what it would do, what it does, and that a run which was killed is gone on with. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { buildApi } from '../../src/api/api.ts';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { MAIN } from '../support/commands.ts';
import { carryAll } from '../support/job-deps.ts';
import { givenOwner } from '../support/tokens.ts';
import { givenCa, leafFor, pulling } from '../support/uploads.ts';

interface Told {
  readonly counts: Readonly<Record<string, number>>;
  readonly rows: readonly Readonly<Record<string, string>>[];
}

const ends = new AsyncDisposableStack();
let api: TestApi;
let url: string;
let account: TestAccount;
let ca: Awaited<ReturnType<typeof givenCa>>;
let dir: string;
before(async () => {
  api = await startApi(ends);
  ca = await givenCa(api.jobs);
  const managed = { ...api.deps.managed, moveInOrders: 60 };
  const app = await buildApi({ ...api.deps, managed, trust: ca.trust });
  ends.defer(() => app.close());
  url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/client/v4`;
  account = await givenOwner(api, ['shop.test', 'other.test']);
  dir = mkdtempSync(join(tmpdir(), 'certpacks-import-'));
  ends.defer(() => rmSync(dir, { recursive: true, force: true }));
});
after(() => ends.disposeAsync());

/** Starts the command; how it ends. */
function begin(...args: string[]) {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [MAIN, 'import', ...args, '--api', url], {
    env: { PATH, HOME, CERTPACKS_TOKEN: account.token },
    timeout: 60_000,
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => (err += chunk));
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, out, err })),
  );
  return { child, ended };
}
async function run(...args: string[]): Promise<Told> {
  const { code, out, err } = await begin(...args, '--json').ended;
  assert.equal(code, 0, err);
  assert(!(out + err).includes('PRIVATE'));
  return JSON.parse(out);
}

async function put(folder: string, hosts: readonly string[]): Promise<void> {
  const { certificate, private_key } = await ca.issue(hosts);
  const name = String(hosts[0]).replace('*', '_');
  mkdirSync(join(dir, folder), { recursive: true });
  writeFileSync(join(dir, folder, `${name}.crt`), certificate);
  writeFileSync(join(dir, folder, `${name}.key`), private_key);
}
const stored = async (): Promise<number> => {
  const { rows } = await api.jobs.pool.query<{ n: number }>('select count(*)::int as n from move_ins');
  return rows[0]?.n ?? 0;
};

it('a dry run says what would become of each and stores nothing; then it is so, and a second run finds it known', async () => {
  await put('first', ['shop.test', '*.shop.test', 'www.other.test']);
  await put('first', ['nobodys.test']);
  writeFileSync(join(dir, 'first/lonely.key'), (await ca.issue(['x.test'])).private_key);
  const source = join(dir, 'first');
  const dry = await run(source, '--dry-run');
  assert.deepEqual(dry.counts, { 'left out': 2, import: 2 });
  const row = dry.rows.find(({ zone }) => zone === 'shop.test');
  assert.deepEqual([row?.['host'], row?.['action']], ['shop.test +1', 'import']);
  assert.match(row?.['planned'] ?? '', /^\d{4}-\d{2}-\d{2}$/);
  assert.match(dry.rows.find(({ host }) => host === 'nobodys.test')?.['why'] ?? '', /no zone of yours/);
  assert.equal(await stored(), 0);
  assert.deepEqual((await run(source)).counts, { 'left out': 2, import: 2 });
  assert.deepEqual((await run(source)).counts, { 'left out': 2, known: 2 });
  await carryAll(pulling(api.jobs));
  assert.equal(typeof (await leafFor(api.jobs, 'a.shop.test')), 'string');
  assert.equal(typeof (await leafFor(api.jobs, 'www.other.test')), 'string');
});

it('names of a CSV are planned, and zones that are missing are made where that is wanted', async () => {
  const csv = join(dir, 'names.csv');
  writeFileSync(csv, 'host,owner\na.shop.test,x\nb.c.fresh.test,y\n');
  assert.deepEqual((await run(csv, '--dry-run')).counts, { order: 1, 'left out': 1 });
  assert.deepEqual((await run(csv, '--dry-run', '--create-zones')).counts, { 'new zone': 1, order: 1 });
  assert.deepEqual((await run(csv, '--create-zones')).counts, { order: 2 });
});

it('a run that is killed leaves what it stored, and the next one goes on; people get a table', async () => {
  for (let i = 0; i < 120; i++) await put('many', [`m${i}.shop.test`]);
  const earlier = await stored();
  const { child, ended } = begin(join(dir, 'many'));
  while ((await stored()) < earlier + 20) await delay(5);
  child.kill('SIGKILL');
  await ended;
  const between = await stored();
  const { counts } = await run(join(dir, 'many'));
  const { known = 0, import: imported = 0 } = counts;
  assert.equal(known + imported, 120);
  assert(known >= 20 && between >= earlier + 20, `${known} were known`);
  assert.equal(await stored(), earlier + 120);
  const table = await begin(join(dir, 'many'), '--dry-run').ended;
  assert.match(table.out, /HOST +ZONE +FOUND +EXPIRES +ACTION/);
  assert.match(table.out, /would be: 120 known/);
});
