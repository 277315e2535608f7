/** A database that cannot be used, or is not ours: each cause in words with what to set. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { embeddedOnly } from '../../test/support/database.ts';
import { startTlsServer, type TlsServer } from '../../test/support/postgres/tls-server.ts';
import { loadConfig } from '../kit/config.ts';
import { Fault } from '../kit/fault.ts';
import { newLog } from '../kit/log.ts';
import { openDatabase } from './database.ts';

const ends = new AsyncDisposableStack();
let server: TlsServer;
before(async () => {
  server = await startTlsServer({ after: (end) => ends.defer(async () => void (await end())) });
  for (const name of ['ours', 'others', 'theirs', 'foreign_owner', 'newer', 'changed', 'plain'])
    await server.ask(`create database ${name} owner packs`);
  await server.ask('alter database plain owner to plain');
});
after(() => ends.disposeAsync());

async function open(url: string): Promise<string> {
  const options = { ...loadConfig({}).options, database_url: url };
  const database = await openDatabase(options, '/nowhere', newLog('silent'));
  const { rows } = await database.pool.query<{ ssl: boolean }>(
    'select ssl from pg_stat_ssl where pid = pg_backend_pid()',
  );
  await database.stop();
  return rows[0]?.ssl ? 'encrypted' : 'in clear';
}

const refuses = (url: string, words: RegExp) =>
  assert.rejects(open(url), (error) => {
    assert(error instanceof Fault && error.fault === 'configuration', String(error));
    assert.match(error.message, words);
    assert.doesNotMatch(error.message, /secret|try again/);
    return true;
  });

test(
  'a server with a private CA is used with sslrootcert, or with no-verify, and over TLS',
  embeddedOnly,
  async () => {
    for (const mode of ['verify-full', 'require', 'verify-ca'])
      assert.equal(
        await open(server.url('packs', 'ours', `?sslmode=${mode}&sslrootcert=${server.rootFile}`)),
        'encrypted',
      );
    assert.equal(await open(server.url('packs', 'ours', '?sslmode=no-verify')), 'encrypted');
    assert.equal(await open(server.url('plain', 'plain', '?sslmode=disable')), 'in clear');
  },
);

test('a server whose CA is not known here says what to set', embeddedOnly, async () => {
  for (const mode of ['verify-full', 'require'])
    await refuses(
      server.url('packs', 'ours', `?sslmode=${mode}`),
      /signed by a CA that is not known here: add sslrootcert=.* \(sslmode=no-verify encrypts/,
    );
});

test('a certificate for another name says which to use', embeddedOnly, async () => {
  const options = `?sslmode=verify-full&sslrootcert=${server.rootFile}`;
  await refuses(
    server.url('packs', 'ours', options, '127.0.0.1'),
    /not for 127\.0\.0\.1 .*: name the host in database_url as the/,
  );
});

test('a server that wants TLS, and one that has none, say what to set', embeddedOnly, async () => {
  await refuses(server.url('packs', 'ours', ''), /over TLS alone: add sslmode=verify-full/);
  // It says no to TLS, as a server without it does.
  const plain = createServer((socket) =>
    socket.once('data', () => socket.end('N')).on('error', () => undefined),
  );
  plain.listen(0, '127.0.0.1');
  await once(plain, 'listening');
  ends.defer(() => void plain.close());
  const address = plain.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  await refuses(
    `postgres://u:secret@127.0.0.1:${port}/d?sslmode=verify-full`,
    /offers no TLS: set ssl = on there, or sslmode=disable/,
  );
});

test('what else keeps a database from being used is told in words', embeddedOnly, async () => {
  const tls = `?sslmode=verify-full&sslrootcert=${server.rootFile}`;
  await refuses(
    server.url('packs', 'ours', tls).replace('secret', 'secret1'),
    /does not take the password of the user packs/,
  );
  await refuses(server.url('packs', 'nowhere', tls), /has no database nowhere: createdb -O packs nowhere/);
  await refuses('postgres://u:secret@127.0.0.1:9/d', /nobody listens at 127\.0\.0\.1:9/);
  await refuses('postgres://u:secret@/d?host=%2Fnowhere', /the socket in \/nowhere is not there/);
  // A database of somebody else's, in whose schema no table can be made.
  await server.ask('alter database foreign_owner owner to root');
  await refuses(server.url('packs', 'foreign_owner', tls), /alter database "foreign_owner" owner to "packs"/);
});

test('a database of another application is left alone, and told as that', embeddedOnly, async () => {
  const tls = `?sslmode=no-verify`;
  await server.ask('create table accounts (id int); create table users (id int)', 'others');
  await refuses(server.url('packs', 'others', tls), /another application's: it has a table accounts .*users/);
  await server.ask('create table migrations (id serial, migration text, batch int)', 'theirs');
  await refuses(server.url('packs', 'theirs', tls), /another application's: it has a table migrations/);
  const left = await server.ask(
    `select count(*)::int as n from pg_tables where schemaname = 'public'`,
    'others',
  );
  assert.deepEqual(left, [{ n: 2 }]);
  // What does not stand in our way may stay.
  await server.ask('create table spatial_things (id int)', 'newer');
  assert.equal(await open(server.url('packs', 'newer', tls)), 'encrypted');
});

test('a database whose tables are otherwise says so, and whose doing it is', embeddedOnly, async () => {
  const url = server.url('packs', 'changed', '?sslmode=no-verify');
  await open(url);
  await server.ask(`delete from migrations where name like '0002%'`, 'changed');
  await refuses(url, /not as this version of certpacks needs them .*changed by hand/);
  await server.ask(`insert into migrations values ('9999_next.sql')`, 'changed');
  await refuses(url, /used by a newer version of certpacks \(9999_next\.sql\): use that one/);
});
