import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { givenFolder, isRoot } from '../../test/support/postgres/given-server.ts';
import { findPackage, findPrograms, type PostgresPackage } from './binaries.ts';
import { makeCluster, spawnOptions } from './cluster.ts';
import { layoutOf } from './layout.ts';
import { chooseRunner } from './runner.ts';

const runner = chooseRunner('/none');

test('a platform without a package is told to bring its own PostgreSQL', () => {
  assert.throws(() => findPackage('sunos-sparc'), {
    fault: 'configuration',
    message: /no PostgreSQL is installed with certpacks for sunos-sparc: set CERTPACKS_DATABASE_URL/,
  });
});

test('a program of another C library is told to bring its own PostgreSQL', async (t) => {
  const { dir } = givenFolder(t);
  const pack = givenPackage(dir);
  writeFileSync(join(pack.root, 'native/bin/initdb'), '#!/lib/ld-of-another-library.so\n');
  const programs = await findPrograms(pack, runner, []);
  const means = { layout: layoutOf(dir, '/tmp'), programs, runner, password: 'a' };
  await assert.rejects(makeCluster(means), {
    fault: 'configuration',
    message: /musl.*CERTPACKS_DATABASE_URL/,
  });
});

test('missing links of libraries are made where the package is', async (t) => {
  const pack = givenPackage(givenFolder(t).dir);
  const { postgres } = await findPrograms(pack, runner, []);
  assert.equal(postgres, join(pack.root, 'native/bin/postgres'));
  assert.equal(readlinkSync(join(pack.root, 'native/lib/libpq.so.5')), 'libpq.so.5.18');
});

test('PostgreSQL is copied when its links can be made in the copy only', { skip: isRoot }, async (t) => {
  const { dir } = givenFolder(t);
  const pack = givenPackage(dir);
  const lib = join(pack.root, 'native/lib');
  chmodSync(lib, 0o555);
  const { postgres } = await findPrograms(pack, runner, [dir]).finally(() => chmodSync(lib, 0o755));
  assert.equal(readlinkSync(join(postgres, '../../lib/libpq.so.5')), 'libpq.so.5.18');
  assert.ok(postgres.startsWith(join(dir, 'postgres-18.test')));
});

test('PostgreSQL is copied from a package that its user cannot use, once, and the copy runs', {
  skip: !isRoot,
}, async (t) => {
  const { dir } = givenFolder(t);
  const pack = { root: join(dir, 'package'), version: '18.test' };
  mkdirSync(pack.root, { mode: 0o700 });
  symlinkSync(join(findPackage().root, 'native'), join(pack.root, 'native'));
  const cache = join(dir, 'cache');

  const { postgres } = await findPrograms(pack, runner, [cache]);

  assert.equal(postgres, join(cache, 'postgres-18.test/native/bin/postgres'));
  const options = { ...spawnOptions(runner, 2), stdio: 'pipe' } as const;
  assert.match(
    execFileSync(postgres, ['-V'], { ...options, encoding: 'utf8' }),
    /^postgres \(PostgreSQL\) 18\./,
  );
  const before = statSync(postgres).ino;
  assert.equal((await findPrograms(pack, runner, [cache])).postgres, postgres);
  assert.equal(statSync(postgres).ino, before);
});

test('processes that copy at once, beside a copy that was killed half way, end with one whole copy', async (t) => {
  const { dir } = givenFolder(t);
  const pack = givenPackage(dir);
  makeUseless(pack);
  const cache = join(dir, 'cache');
  mkdirSync(join(cache, 'postgres-18.test.new-999999999-ab', 'native'), { recursive: true });

  await Promise.all([copyElsewhere(pack, cache), copyElsewhere(pack, cache)]);

  assert.deepEqual(readdirSync(cache), ['postgres-18.test']);
  assert.ok(existsSync(join(cache, 'postgres-18.test/native/lib/libpq.so.5')));
});

test('a copy that another user could have changed is not run; the next folder is used', async (t) => {
  const { dir } = givenFolder(t);
  const pack = givenPackage(dir);
  makeUseless(pack);
  const [open, safe] = [join(dir, 'open'), join(dir, 'safe')];
  await findPrograms(pack, runner, [open]);
  chmodSync(join(open, 'postgres-18.test'), 0o777);

  assert.equal((await findPrograms(pack, runner, [open, safe])).postgres.startsWith(safe), true);
  await assert.rejects(findPrograms(pack, runner, [open]), {
    fault: 'configuration',
    message: /open\/postgres-18.test is not trusted.*CERTPACKS_DATABASE_URL/,
  });
});

/** A package in the shape of the real one, its link missing. */
function givenPackage(dir: string): PostgresPackage {
  const root = join(dir, 'package');
  const files = ['bin/initdb', 'bin/postgres', 'lib/libpq.so.5.18', 'share/postgresql/postgres.bki'];
  for (const file of files) {
    mkdirSync(join(root, 'native', file, '..'), { recursive: true });
    writeFileSync(join(root, 'native', file), '#!/bin/true\n', { mode: 0o755 });
  }
  const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }];
  writeFileSync(join(root, 'native/pg-symlinks.json'), JSON.stringify(links));
  return { root, version: '18.test' };
}

/** As an install under another umask, or on a disk that runs no programs, leaves it. */
const makeUseless = ({ root }: PostgresPackage) => chmodSync(join(root, 'native/bin/postgres'), 0o644);

async function copyElsewhere(pack: PostgresPackage, cache: string): Promise<void> {
  const program = `
    const { findPrograms } = await import(${JSON.stringify(new URL('./binaries.ts', import.meta.url).href)});
    const [pack, runner, cache] = JSON.parse(process.argv[1]);
    await findPrograms(pack, runner, [cache]);`;
  const args = ['--input-type=module', '--eval', program, JSON.stringify([pack, runner, cache])];
  const [code] = await once(spawn(process.execPath, args, { stdio: 'inherit', cwd: '/' }), 'exit');
  assert.equal(code, 0);
}
