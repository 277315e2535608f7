/**
 * `npm run test:databases`: the tests of rooms that have to do with the database, and those of routes and whole worlds that ask it in
 * ways of their own, on Debian's PostgreSQL through pgbouncer in transaction mode; those of the store on that server without it. With
 * `--all` every test of the database both ways. The rest of the suite knows no database and is the same on any. With names of files,
 * these alone, both ways.
 */
import { execFileSync, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  globSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { install } from './support/apt.ts';
import { runTestFiles } from './support/run-files.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const DEBIAN = '/usr/lib/postgresql';
const LIMIT_MS = 30_000;
/** Of what comes by routes, or starts whole processes, that which asks the database in ways of its own: streams, waits, locks, jobs. */
const OWN_WAYS =
  /e2e\/(operator|audit-chain|alerts|bulk|event-stream|two-services)\.test|contract\/(account-(cursor|walk)|alerting|bulk|database-states|event-stream|export|import|list|move-ins|order-(at-once|repeats)|summary|two-tenants|waiting)[a-z-]*\.test/;
/** On the embedded database whatever the setting: the commands under test bring it with them. */
const OWN = /e2e\/backup\.test/;
const chosen = process.argv.slice(2).filter((one) => !one.startsWith('-'));
const isEverything = process.argv.includes('--all') || chosen.length > 0;
const say = (what: string): void => void process.stderr.write(`${what}\n`);

const isRoot = process.getuid?.() === 0;
installServers();
const programs = join(DEBIAN, newest(), 'bin');
const owner = isRoot ? ownerOf('postgres') : undefined;
const dir = mkdtempSync(join(tmpdir(), 'certpacks-databases-'));
chmodSync(dir, 0o711);
if (owner) chownSync(dir, owner.uid, owner.gid);
const started: { stop: () => Promise<void> }[] = [];
try {
  const [server, pooler] = [await freePort(), await freePort()];
  await startPostgres(server);
  await startPgbouncer(server, pooler);
  const files = filesOfTheDatabase();
  const direct = files.filter(isWorthTheServer);
  say(`${direct.length} files of tests on PostgreSQL ${newest()}`);
  const onServer = await runOn(urlOf(server), direct);
  const pooled = files.filter(isWorthThePooler);
  say(`${pooled.length} files of tests on the same through pgbouncer in transaction mode`);
  const onPooler = await runOn(urlOf(pooler), pooled);
  process.exitCode = onServer && onPooler ? 0 : 1;
} finally {
  for (const one of started.toReversed()) await one.stop();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
}

/** With `CI=true` missing packages are installed with apt; elsewhere their lack ends this, and is said. */
function installServers(): void {
  const isThere = newest() !== '' && spawnSync('pgbouncer', ['--version']).error === undefined;
  if (isThere) return;
  if (process.env['CI'] !== 'true') {
    say('left out: PostgreSQL and pgbouncer of the system are not on this machine');
    process.exit(0);
  }
  install('postgresql', 'pgbouncer');
}

/** The newest major version of PostgreSQL that the system has; '' for none. */
function newest(): string {
  try {
    return (
      readdirSync(DEBIAN)
        .toSorted((a, b) => Number(a) - Number(b))
        .at(-1) ?? ''
    );
  } catch {
    return '';
  }
}

function ownerOf(name: string): { uid: number; gid: number } {
  const [, , uid, gid] =
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .find(([is]) => is === name) ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

async function startPostgres(port: number): Promise<void> {
  const data = join(dir, 'data');
  const made = ['-D', data, '-U', 'certpacks', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'];
  execFileSync(join(programs, 'initdb'), made, { ...owner, cwd: dir, stdio: 'ignore' });
  // What a power loss would do to it is no concern of these tests.
  const settings = [
    'fsync=off',
    'max_connections=300',
    'listen_addresses=',
    `unix_socket_directories=${dir}`,
  ];
  const args = ['-D', data, '-p', String(port), ...settings.flatMap((one) => ['-c', one])];
  await start(join(programs, 'postgres'), args, port);
}

async function startPgbouncer(server: number, port: number): Promise<void> {
  const file = join(dir, 'pgbouncer.ini');
  const lines = [
    '[databases]',
    `* = host=${dir} port=${server} user=certpacks`,
    '[pgbouncer]',
    'listen_addr =',
    `listen_port = ${port}`,
    `unix_socket_dir = ${dir}`,
    'auth_type = any',
    'pool_mode = transaction',
    'max_client_conn = 1000',
    'default_pool_size = 20',
    'server_idle_timeout = 5',
    `pidfile = ${join(dir, 'pgbouncer.pid')}`,
    'ignore_startup_parameters = extra_float_digits,statement_timeout',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  await start('pgbouncer', ['-q', file], port);
}

/** Starts a server and waits until its socket answers. */
async function start(program: string, args: readonly string[], port: number): Promise<void> {
  const options: SpawnOptions = { ...owner, cwd: dir, stdio: ['ignore', 'ignore', 'ignore'] };
  const child = spawn(program, args, options);
  const exit = once(child, 'exit');
  started.push({
    stop: async () => {
      child.kill('SIGINT');
      await Promise.race([exit, delay(LIMIT_MS, undefined, { ref: false })]);
      child.kill('SIGKILL');
    },
  });
  const ready = join(programs, 'pg_isready');
  for (const end = performance.now() + LIMIT_MS; performance.now() < end; await delay(50))
    if (spawnSync(ready, ['-h', dir, '-p', String(port), '-q']).status === 0) return;
  throw new Error(`${program} does not answer`);
}

function urlOf(port: number): string {
  return `postgres://certpacks@localhost/postgres?host=${encodeURIComponent(dir)}&port=${port}`;
}

/** Test files that make a database by test/support/database.ts, themselves or by what they import. */
function filesOfTheDatabase(): string[] {
  const wanted = join(ROOT, 'test/support/database.ts');
  const known = new Map<string, boolean>();
  const reaches = (file: string): boolean => {
    const seen = known.get(file);
    if (seen !== undefined || !existsSync(file)) return seen ?? false;
    known.set(file, file === wanted);
    const imports = readFileSync(file, 'utf8').matchAll(/from '(\.[^']+\.ts)'/g);
    const is = file === wanted || [...imports].some(([, path = '']) => reaches(resolve(dirname(file), path)));
    known.set(file, is);
    return is;
  };
  const all = globSync(['src/**/*.test.ts', 'test/**/*.test.ts'], { cwd: ROOT }).map((file) =>
    join(ROOT, file),
  );
  return all
    .filter(reaches)
    .map((file) => relative(ROOT, file))
    .filter((file) => !OWN.test(file))
    .filter((file) => chosen.length === 0 || chosen.includes(file));
}

/** What routes and whole worlds ask of the database is mostly asked by the tests of rooms as well, and sooner. */
function isWorthThePooler(file: string): boolean {
  return isEverything || file.startsWith('src/') || OWN_WAYS.test(file);
}

/** Nothing but the store knows whether somebody stands between: its statements, with plans and prepared as they are without. */
function isWorthTheServer(file: string): boolean {
  return isEverything || file.startsWith('src/store/');
}

/** Runs them there; whether all passed. */
async function runOn(url: string, files: readonly string[]): Promise<boolean> {
  process.env['CERTPACKS_TEST_SERVER'] = url;
  return runTestFiles(files, 'dot');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}
