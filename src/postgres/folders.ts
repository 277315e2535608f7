import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../kit/fault.ts';
import { isRunning } from './processes.ts';
import { blockingFolder, ownUid, type Runner } from './runner.ts';

/**
 * The folder `dir` by its real path, made with its parents when missing; root's can be passed, not listed, by
 * others. Throws `configuration` when it cannot be made.
 */
export function makeFolder(dir: string): string {
  try {
    const first = makeAll(dir);
    // The process's umask may have taken away what the database's user needs.
    if (first !== undefined && ownUid() === 0) openUp(dir, first);
    return realpathSync(dir);
  } catch (cause) {
    throw new Fault('configuration', `the data folder ${dir} cannot be made: ${messageOf(cause)}`, { cause });
  }
}

/**
 * Makes `dir` and what is missing above it; returns the uppermost that was made. Node's own recursive way never
 * ends where a folder is there and yet nothing can be made in it, as below /proc.
 */
function makeAll(dir: string): string | undefined {
  if (existsSync(dir)) return undefined;
  const above = dirname(dir) === dir ? undefined : makeAll(dirname(dir));
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error; // another process was first
    return above;
  }
  return above ?? dir;
}

function openUp(dir: string, first: string): void {
  chmodSync(dir, 0o711);
  if (dir !== first && dirname(dir) !== dir) openUp(dirname(dir), first);
}

/**
 * Throws `configuration` unless the service alone decides what is in `dir` and `runner` can pass through it.
 * Root must not follow links that somebody else can lay.
 */
export function checkFolder(dir: string, runner: Runner): void {
  const { uid, mode } = statSync(dir);
  if (uid !== ownUid()) {
    throw new Fault(
      'configuration',
      `the data folder ${dir} belongs to user ${uid}, and certpacks runs as user ${ownUid()}: ` +
        'start it as that user, or set CERTPACKS_DATA_DIR to another folder',
    );
  }
  if ((mode & 0o002) !== 0) {
    throw new Fault('configuration', `anybody can write to the data folder ${dir}: chmod o-w it`);
  }
  const blocking = runner.isOther ? blockingFolder(dir, runner) : undefined;
  if (blocking === undefined) return;
  throw new Fault(
    'configuration',
    `the database runs as user ${runner.uid}, who cannot pass through ${blocking} to its data: ` +
      `chmod o+x ${blocking}, or set CERTPACKS_DATA_DIR to a folder elsewhere`,
  );
}

/**
 * A folder that only `runner` (and root) can enter, made when missing. Throws `configuration` for one that
 * somebody else made, or that others can enter.
 */
export function makePrivateFolder(path: string, runner: Runner): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  const made = lstatSync(path);
  // Also when another process of ours made it, and was killed before it gave it away.
  if (made.isDirectory() && made.uid === ownUid()) {
    chmodSync(path, 0o700);
    if (runner.isOther) chownSync(path, runner.uid, runner.gid);
  }
  const { uid, mode } = lstatSync(path);
  if (made.isDirectory() && uid === runner.uid && (mode & 0o077) === 0) return;
  throw new Fault(
    'configuration',
    `${path} was made by somebody else (user ${uid}): remove it, or set CERTPACKS_DATA_DIR to another folder`,
  );
}

const ownAttempts = new Set<string>();

/** How long another process may take before its work is done again here. */
const PATIENCE_MS = 15_000;

/**
 * Makes the folder `final` whole or not at all, however many processes try and wherever they are killed: `make`
 * fills a folder of its own and returns the one that takes the final name, that or one inside. Who comes second waits, and
 * throws his away if he made one all the same. What killed processes left is removed.
 */
export async function makeOnce(final: string, make: (attempt: string) => Promise<string>): Promise<void> {
  const begun = performance.now();
  while (sweep(final) && performance.now() - begun < PATIENCE_MS) await sleep(20);
  if (isFilled(final)) return;
  const attempt = `${final}.new-${process.pid}-${randomBytes(4).toString('hex')}`;
  ownAttempts.add(attempt);
  mkdirSync(attempt, { mode: 0o700 });
  try {
    settle(await make(attempt), final);
  } finally {
    rmSync(attempt, { recursive: true, force: true });
    ownAttempts.delete(attempt);
    sweep(final);
  }
}

/** Whether something is in the folder `path`. */
export const isFilled = (path: string): boolean => existsSync(path) && readdirSync(path).length > 0;

function settle(made: string, final: string): void {
  try {
    renameSync(made, final);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(codeOf(error))) throw error;
  }
  sync(dirname(final));
}

/** Removes the attempts of killed processes. Returns whether one is at work. */
function sweep(final: string): boolean {
  const start = `${basename(final)}.new-`;
  const names = readdirSync(dirname(final)).filter((name) => name.startsWith(start));
  return names.filter((name) => isAtWork(join(dirname(final), name), name.slice(start.length))).length > 0;
}

function isAtWork(path: string, suffix: string): boolean {
  const pid = Number.parseInt(suffix, 10);
  const isInUse = pid === process.pid ? ownAttempts.has(path) : isRunning(pid);
  // An initdb that outlived its parent may still write there; the next start removes the rest.
  if (!isInUse) ignore(() => rmSync(path, { recursive: true, force: true }));
  return isInUse;
}

/** Makes what is in a file, or renames and new names in a folder, outlive a power loss. */
export function sync(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Runs `work` whose failure changes nothing for the caller. */
export function ignore(work: () => unknown): void {
  try {
    work();
  } catch {
    // Said above: nothing depends on it.
  }
}

/** The system's or PostgreSQL's code of an error, '' when it has none. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

/** What an error says. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
