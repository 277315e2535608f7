import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import {
  ask,
  givenFolder,
  givenShared,
  givenStopped,
  isRoot,
} from '../../test/support/postgres/given-server.ts';
import { layoutOf, socketIn } from './layout.ts';
import { startEmbedded } from './postgres.ts';
import { processesIn } from './processes.ts';
import { ownUid } from './runner.ts';

test('a fresh folder becomes a private database that is safe against a power loss', async (t) => {
  const given = givenShared(t);

  const server = await given.start();

  assert.equal(server.isAdopted, false);
  const shown = `select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'ssl',
    'synchronous_commit', 'listen_addresses', 'TimeZone', 'server_encoding', 'data_checksums') order by name`;
  assert.deepEqual(
    Object.fromEntries((await ask(server.url, shown)).map((row) => [row['name'], row['setting']])),
    {
      TimeZone: 'UTC',
      data_checksums: 'on',
      fsync: 'on',
      full_page_writes: 'on',
      listen_addresses: '',
      server_encoding: 'UTF8',
      ssl: 'off',
      synchronous_commit: 'on',
    },
  );
  const whose = `select current_user as me, datdba::regrole::text as owner, datlocale from pg_database
    where datname = current_database()`;
  const expected = [{ me: 'certpacks', owner: 'certpacks', datlocale: 'C.UTF-8' }];
  assert.deepEqual(await ask(server.url, whose), expected);

  const mode = (name: string) => statSync(join(given.dir, name)).mode & 0o777;
  assert.deepEqual(
    [mode('postgres'), mode('socket'), mode('database-password'), mode('postgres.log')],
    [0o700, 0o700, 0o600, 0o600],
  );
  const uid = (name: string) => statSync(join(given.dir, name)).uid;
  assert.deepEqual([uid('database-password'), uid('postgres.log')], [ownUid(), ownUid()]);
  assert.ok(uid('postgres') !== 0 && uid('socket') === uid('postgres'));
  assert.deepEqual(readdirSync(given.dir).toSorted(), [
    'database-password',
    'postgres',
    'postgres.log',
    'socket',
  ]);

  await server.stop();
  assert.deepEqual(processesIn(given.cluster), []);
  assert.ok(!readFileSync(join(given.dir, 'postgres.log'), 'utf8').includes(server.connection.password));
});

test('a wrong password is refused also on the socket', async (t) => {
  const server = await givenShared(t).start();
  const client = new pg.Client({ ...server.connection, password: 'guessed' });
  await assert.rejects(client.connect(), { code: '28P01' });
});

test('no process of the database runs as root, or with the environment of the service', {
  skip: !isRoot,
}, async (t) => {
  const given = givenShared(t);
  await given.start();
  const processes = processesIn(given.cluster);
  assert.ok(processes.length > 1);
  for (const pid of processes) {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    assert.match(status, /^Uid:\t([1-9]\d*)\t\1\t\1\t\1$/m);
    assert.match(status, /^Groups:\t *$/m);
  }
  assert.ok(!readFileSync(`/proc/${processes[0]}/environ`, 'utf8').includes('PATH='));
});

test('who comes second adopts the server, and who goes last stops it', async (t) => {
  const given = givenShared(t);
  const first = await given.start();
  const second = await given.fork();
  assert.deepEqual([first.isAdopted, second.isAdopted], [false, true]);

  await first.stop();
  assert.equal((await ask(second.url, 'select 1')).length, 1);

  await second.stop();
  assert.deepEqual(processesIn(given.cluster), []);
  assert.equal(given.lines.length, 1, given.lines.join('; '));
});

test('of processes that start at the same moment one starts the server, and none is left at the end', async (t) => {
  const given = givenFolder(t);
  const forks = await Promise.all([given.fork(), given.fork()]);
  assert.deepEqual(forks.map(({ isAdopted }) => isAdopted).filter(Boolean).length, 1);
  const servers = await Promise.all(forks.map(({ url }) => ask(url, 'select pg_postmaster_start_time()')));
  assert.equal(new Set(servers.map((rows) => JSON.stringify(rows))).size, 1);

  await Promise.all(forks.map((fork) => fork.stop()));
  assert.deepEqual(processesIn(given.cluster), []);
  assert.deepEqual(
    readdirSync(given.dir).filter((name) => name.includes('.new-')),
    [],
  );
});

test('a server is left to a client that still uses it, and a client that has just gone is not waited for', async (t) => {
  const given = givenShared(t);
  const first = await given.start();
  const client = new pg.Client({ connectionString: first.url });
  await client.connect();
  await first.stop();
  assert.equal((await client.query('select 1')).rows.length, 1);

  const second = await given.start();
  assert.equal(second.isAdopted, true);
  void client.end();
  await second.stop();
  assert.deepEqual(processesIn(given.cluster), []);
});

test('settings are passed on, except those that keep the server private', async (t) => {
  const given = givenShared(t);
  await assert.rejects(given.start({ Listen_Addresses: '*' }), {
    fault: 'configuration',
    message: /Listen_Addresses/,
  });
  const server = await given.start({ work_mem: '7MB' });
  assert.deepEqual(await ask(server.url, 'show work_mem'), [{ work_mem: '7MB' }]);
});

test('a server that does not start is reported with the last words it printed', async (t) => {
  const given = givenShared(t);
  await assert.rejects(given.start({ shared_buffers: 'much' }), {
    fault: 'database_unavailable',
    message: /invalid value for parameter "shared_buffers": "much"/,
  });
  assert.deepEqual(processesIn(given.cluster), []);
});

test('the name of the folder can be of any characters and any length', async (t) => {
  const { dir: made } = await givenStopped(t);
  const outer = givenFolder(t);
  const odd = join(outer.dir, 'a, "b" %41 c');
  execFileSync('cp', ['-a', made, odd]);
  const server = await givenFolder(t, odd).start();
  assert.equal(server.connection.host, join(odd, 'socket'));
  assert.equal((await ask(server.url, 'select 1')).length, 1);
  await server.stop();

  const long = join(outer.dir, 'd'.repeat(150));
  renameSync(odd, long);
  const { sockets } = layoutOf(long, tmpdir());
  givenFolder(t, sockets);
  const moved = await givenFolder(t, long).start();
  assert.equal(moved.connection.host, sockets);
  assert.ok(socketIn(sockets).length <= 103);
  assert.equal((await ask(moved.url, 'select 1')).length, 1);
});

test('a folder for the socket that somebody else laid is not used', async (t) => {
  const given = await givenStopped(t);
  const { sockets } = layoutOf(given.dir, tmpdir());
  rmSync(sockets, { recursive: true });
  symlinkSync(givenFolder(t).dir, sockets);
  await assert.rejects(given.start(), {
    fault: 'configuration',
    message: new RegExp(`${sockets} was made by`),
  });
  rmSync(sockets);
});

test('a folder on whose way the database cannot pass is refused by name', { skip: !isRoot }, async (t) => {
  const { dir } = givenFolder(t);
  chmodSync(dir, 0o700);
  const message = new RegExp(`cannot pass through ${dir} .*chmod o\\+x ${dir}`);
  await assert.rejects(startEmbedded({ dir: join(dir, 'a', 'b'), log: () => undefined }), {
    fault: 'configuration',
    message,
  });
});
