/** A PostgreSQL that speaks TLS over TCP, with certificates of openssl's: what an operator has elsewhere. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { findPackage, findPrograms } from '../../../src/postgres/binaries.ts';
import { chooseRunner } from '../../../src/postgres/runner.ts';
import { givenFolder } from '../ground.ts';
import { freePort } from '../ports.ts';
import type { Ends } from '../serve.ts';
import { until } from '../world.ts';

/** A running server. */
export interface TlsServer {
  readonly port: number;
  /** Its root certificate, which no system knows. */
  readonly rootFile: string;
  /** Runs one statement as the superuser. */
  readonly ask: (sql: string, database?: string) => Promise<Record<string, unknown>[]>;
  /** The URL of a database for a user whose password is `secret`. */
  readonly url: (user: string, database: string, options: string, host?: string) => string;
}

/** Whom it lets in: the user `plain` in clear too, everybody else over TLS alone. */
const HBA = `
host all plain 127.0.0.1/32 scram-sha-256
hostssl all all 127.0.0.1/32 scram-sha-256
local all all trust
`;

/** Starts one on loopback, whose certificate is for `localhost`. It ends with the test. */
export async function startTlsServer(ends: Ends): Promise<TlsServer> {
  const dir = givenFolder(ends, 'tls-server');
  const runner = chooseRunner(join(dir, 'data'));
  const programs = await findPrograms(findPackage(), runner, [dir]);
  if (runner.isOther) chownSync(dir, runner.uid, runner.gid);
  const as = runner.isOther ? { uid: runner.uid, gid: runner.gid } : {};
  const data = join(dir, 'data');
  const how = ['-U', 'root', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C'];
  execFileSync(programs.initdb, ['-D', data, ...how], { ...as, cwd: dir, stdio: 'ignore' });
  makeCertificates(dir);
  if (runner.isOther)
    for (const name of ['server.key', 'server.pem']) chownSync(join(dir, name), runner.uid, runner.gid);
  writeFileSync(join(data, 'pg_hba.conf'), HBA);
  const port = await freePort();
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: dir,
    ssl: 'on',
    ssl_cert_file: join(dir, 'server.pem'),
    ssl_key_file: join(dir, 'server.key'),
    fsync: 'off',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(programs.postgres, ['-D', data, ...args], { ...as, cwd: dir, stdio: 'ignore' });
  const exit = once(child, 'exit');
  ends.after(async () => {
    child.kill('SIGINT');
    await exit;
  });
  const ask = asker(dir, port);
  await until(
    () =>
      ask('select 1').then(
        () => true,
        () => false,
      ),
    Boolean,
  );
  for (const user of ['packs', 'plain']) await ask(`create role ${user} login password 'secret'`);
  return {
    port,
    rootFile: join(dir, 'root.pem'),
    ask,
    url: (user, database, options, host = 'localhost') =>
      `postgres://${user}:secret@${host}:${port}/${database}${options}`,
  };
}

/** Asks a server by its socket, as its superuser. */
const asker =
  (host: string, port: number): TlsServer['ask'] =>
  async (sql, database = 'postgres') => {
    const client = new pg.Client({ host, port, user: 'root', database });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };

function makeCertificates(dir: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' });
  const key = ['-newkey', 'rsa:2048', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'root.key',
    '-out',
    'root.pem',
    '-subj',
    '/CN=private root',
    '-days',
    '9',
  );
  openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
  writeFileSync(join(dir, 'names'), 'subjectAltName=DNS:localhost\n');
  const signed = [
    '-CA',
    'root.pem',
    '-CAkey',
    'root.key',
    '-CAcreateserial',
    '-extfile',
    'names',
    '-days',
    '9',
  ];
  openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.pem', ...signed);
  chmodSync(join(dir, 'server.key'), 0o600);
}
