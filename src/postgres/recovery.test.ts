import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import {
  ask,
  askUntil,
  type Given,
  givenFolder,
  givenShared,
  givenStopped,
} from '../../test/support/postgres/given-server.ts';
import { findPackage, findPrograms } from './binaries.ts';
import { spawnOptions } from './cluster.ts';
import { makePrivateFolder } from './folders.ts';
import { layoutOf, socketIn } from './layout.ts';
import { haveEnded, processesIn, signalTo } from './processes.ts';
import { chooseRunner } from './runner.ts';
import { serverArguments } from './settings.ts';

const LIMIT_MS = 30_000;

test('a server whose parent was killed, with all of its process group, is adopted by the next process', async (t) => {
  const given = givenShared(t);
  const killed = await given.fork();
  process.kill(-(killed.child.pid ?? Number.NaN), 'SIGKILL');
  await once(killed.child, 'exit');

  const server = await given.start();

  assert.equal(server.isAdopted, true);
  await server.stop();
  assert.deepEqual(processesIn(given.cluster), []);
});

test('rows that were acknowledged are there after everything was killed', async (t) => {
  const given = givenShared(t);
  const killed = await given.fork();
  const client = new pg.Client(killed.url);
  client.on('error', () => undefined);
  await client.connect();
  await client.query('drop table if exists kept; create table kept (n integer)');
  let acknowledged = 0;
  const writing = (async () => {
    for (let n = 1; ; n += 1) {
      await client.query('insert into kept values ($1)', [n]);
      acknowledged = n;
    }
  })();
  await Promise.race([writing, sleep(200)]);
  killed.child.kill('SIGKILL');
  await killAll(given);
  await assert.rejects(writing);

  const server = await given.start();

  assert.equal(server.isAdopted, false);
  const [row] = await ask(server.url, 'select count(*)::integer as n, max(n) as last from kept');
  assert.ok(acknowledged > 0);
  assert.equal(row?.['n'], row?.['last']);
  assert.ok(Number(row?.['n']) >= acknowledged && Number(row?.['n']) <= acknowledged + 1);
});

test('a server that is killed comes back by itself, also for a process that adopted it', async (t) => {
  const given = givenShared(t);
  const other = await given.fork();
  const server = await given.start();
  assert.equal(server.isAdopted, true);
  const before = lockedBy(given);

  process.kill(before, 'SIGKILL');

  assert.equal((await askUntil(server.url, 'select 1', LIMIT_MS)).length, 1);
  await until(() => given.lines.some((line) => line.includes('again')));
  assert.notEqual(lockedBy(given), before);
  await other.stop();
  assert.equal((await ask(server.url, 'select 1')).length, 1);
  await server.stop();
  assert.deepEqual(processesIn(given.cluster), []);
});

test('a supervisor that is stopped does not start its killed server again', async (t) => {
  const given = givenShared(t);
  const server = await given.start();
  const all = processesIn(given.cluster);
  process.kill(lockedBy(given), 'SIGKILL');
  await until(() => given.lines.some((line) => line.includes('looking after')));
  await server.stop();
  assert.ok(await haveEnded(all, LIMIT_MS));
  await sleep(300);
  assert.deepEqual(processesIn(given.cluster), []);
});

test('a query that outlived its killed server does not keep the next one from starting', async (t) => {
  const given = givenShared(t);
  const server = await given.start();
  const busy = ask(server.url, 'select count(*) from generate_series(1, 2e9::bigint)');
  const settled = assert.rejects(busy);
  await askUntil(
    server.url,
    `select 1 / count(*) from pg_stat_activity where query like '%2e9%' and state = 'active'`,
    LIMIT_MS,
  );
  process.kill(lockedBy(given), 'SIGKILL');

  assert.equal((await askUntil(server.url, 'select 1', LIMIT_MS)).length, 1);
  await settled;
  assert.ok(given.lines.some((line) => line.startsWith('ending ')));
});

test('lock files of a killed server whose process id now belongs to another program are removed', async (t) => {
  const given = givenShared(t);
  const first = await given.start();
  const { sockets } = layoutOf(given.dir, '/tmp');
  const files = [join(given.cluster, 'postmaster.pid'), `${socketIn(sockets)}.lock`];
  const texts = files.map((file) => readFileSync(file, 'utf8'));
  await first.stop();
  const pid = await givenProgram(t, given);
  files.forEach((file, at) => writeFileSync(file, (texts[at] ?? '').replace(/^\d+/, String(pid))));

  const server = await given.start();

  assert.equal((await ask(server.url, 'select 1')).length, 1);
  assert.deepEqual(given.lines.filter((line) => line.includes(`process ${pid} `)).length, 2);
  process.kill(pid, 0);
});

test('an empty lock file of a server that was killed while it started is removed', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const given = await givenStopped(t);
  writeFileSync(join(given.cluster, 'postmaster.pid'), '');
  await given.start();
});

test('a server on our socket that has other data is refused, even with the same password', async (t) => {
  const [given, foreign] = [givenFolder(t), await givenStopped(t)];
  await givenServer(t, foreign, layoutOf(given.dir, '/tmp').sockets);
  await assert.rejects(given.start(), {
    fault: 'configuration',
    message: /not of this data folder .*password/,
  });

  for (const name of ['database-password', 'postgres']) {
    execFileSync('cp', ['-a', join(foreign.dir, name), given.dir]);
  }
  await assert.rejects(given.start(), {
    fault: 'configuration',
    message: /not of this data folder .*it serves /,
  });
});

test('a server that somebody started by hand on our data is refused by its process id', async (t) => {
  const [given, elsewhere] = [await givenStopped(t), givenFolder(t)];
  const { pid } = await givenServer(t, given, layoutOf(elsewhere.dir, '/tmp').sockets);
  await assert.rejects(given.start(), {
    fault: 'configuration',
    message: new RegExp(`process ${pid} in .*: stop it`),
  });
});

test('a database whose making was killed half way is made anew', async (t) => {
  const given = givenFolder(t);
  const forked = given.fork();
  const refused = assert.rejects(forked);
  await until(() => attempts(given).some((name) => readdirSync(join(given.dir, name)).includes('data')));
  given.killForks();
  await refused;
  assert.equal(attempts(given).length, 1);

  await given.start();

  await until(() => attempts(given).length === 0);
});

test('a folder of another PostgreSQL, or without its password, is refused with what to do', async (t) => {
  const given = await givenStopped(t);
  const [password, version] = [join(given.dir, 'database-password'), join(given.cluster, 'PG_VERSION')];

  renameSync(password, `${password}.away`);
  await assert.rejects(given.start(), {
    fault: 'configuration',
    message: /-password is missing, .* put it back/,
  });
  renameSync(`${password}.away`, password);

  writeFileSync(version, '17\n');
  await assert.rejects(given.start(), {
    fault: 'configuration',
    message: /was made by PostgreSQL 17, not 18/,
  });
  writeFileSync(version, '18\n');
});

const attempts = ({ dir }: Given) => readdirSync(dir).filter((name) => name.startsWith('postgres.new-'));

const lockedBy = ({ cluster }: Given) =>
  Number.parseInt(readFileSync(join(cluster, 'postmaster.pid'), 'utf8'), 10);

async function killAll(given: Given): Promise<void> {
  const all = processesIn(given.cluster);
  for (const pid of all) signalTo(pid, 'SIGKILL');
  assert.ok(await haveEnded(all, LIMIT_MS));
}

async function until(isSo: () => boolean): Promise<void> {
  for (const end = performance.now() + LIMIT_MS; !isSo(); await sleep(5)) {
    assert.ok(performance.now() < end, 'it did not come to pass in time');
  }
}

/** A program that is no PostgreSQL, of the user the database runs under. */
async function givenProgram(t: TestContext, { cluster }: Given): Promise<number> {
  const child = spawn('/bin/sleep', ['60'], { ...spawnOptions(chooseRunner(cluster), 2) });
  return ended(t, child);
}

/** A server as it is started by hand: on the data of `given`, with its socket in a folder of its own. */
async function givenServer(t: TestContext, given: Given, sockets: string) {
  const runner = chooseRunner(given.cluster);
  makePrivateFolder(sockets, runner);
  const { postgres } = await findPrograms(findPackage(), runner, [layoutOf(given.dir, '/tmp').dir]);
  const settings = serverArguments({ ...layoutOf(given.dir, '/tmp'), sockets }, 128);
  // Emptied: another test may have left the same words there.
  const output = openSync(join(given.dir, 'by-hand.log'), 'w');
  const pid = await ended(t, spawn(postgres, settings, spawnOptions(runner, output)));
  const said = () => readFileSync(join(given.dir, 'by-hand.log'), 'utf8');
  await until(() => said().includes('ready to accept')).catch(() =>
    assert.fail(`it is not ready: ${said()}`),
  );
  return { pid };
}

/** Process id of a child that is ended after the test. */
async function ended(t: TestContext, child: ChildProcess): Promise<number> {
  t.after(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  return child.pid ?? 0;
}
