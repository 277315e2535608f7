/**
 * All set-up of a checkout, run before `npm start`, `npm test` and `npm run check`. Plain JavaScript for
 * the machine's own Node, however old: installs the locked packages where they are missing, and a pinned
 * Node 24 where the machine's own cannot run the sources. Does nothing, in 50 ms, when all is there.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const PINNED = join(ROOT, 'setup', 'node');
const BIN = join(ROOT, 'node_modules', '.bin');

/** npm's word for the C library of this machine. */
const LIBC = process.report?.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';

if (!isInstalled(ROOT)) install(ROOT, 'the packages of package-lock.json');
linkCommand();
linkNode();

/** Whether every package of the lock file that this machine wants is in node_modules in that version. */
function isInstalled(folder) {
  const hidden = join(folder, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const wanted = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')).packages;
  const found = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || !suits(entry) || found[path]?.version === entry.version,
  );
}

/** Whether a lock entry is meant for this machine: required, or optional and for this system and CPU. */
function suits({ optional, os, cpu, libc }) {
  if (!optional) return true;
  if (!os && !cpu) return false; // optional for another reason than the machine: npm decides
  return has(os, process.platform) && has(cpu, process.arch) && has(libc, LIBC);
}

/** Whether a list of a lock entry (none: anything goes) has the machine's own value. */
function has(list, value) {
  return list === undefined || list.includes(value);
}

function install(folder, what) {
  process.stderr.write(`certpacks: installing ${what} ...\n`);
  const npm = process.env.npm_execpath;
  const [command, ...first] = npm?.endsWith('.js') ? [process.execPath, npm] : ['npm'];
  const args = [...first, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync(command, args, { cwd: folder, stdio: ['ignore', 2, 2] });
}

/** Puts this checkout's own command beside its tools, so that `npx certpacks` finds it. */
function linkCommand() {
  const target = relative(BIN, join(ROOT, 'bin', 'certpacks.js'));
  link(target, join(BIN, 'certpacks'));
}

/** Makes `node` inside npm's scripts a Node that runs the sources: the machine's own, else the pinned one. */
function linkNode() {
  const here = join(BIN, 'node');
  if (runsSources(ownNodeVersion())) return rmSync(here, { force: true });
  const pinned = join(PINNED, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  const isPinned = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);
  if (!isPinned) return fail(`needs Node 24.12 or newer; this is ${ownNodeVersion()}`);
  if (!existsSync(pinned)) install(PINNED, 'Node 24 for this checkout');
  return link(relative(BIN, pinned), here);
}

function link(target, path) {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there?.isSymbolicLink() && readlinkSync(path) === target) return;
  // Renamed into its place, so that two set-ups at once do not meet.
  symlinkSync(target, `${path}.${process.pid}`);
  renameSync(`${path}.${process.pid}`, path);
}

/** Version of the Node that the machine itself offers, also when the pinned one runs this set-up. */
function ownNodeVersion() {
  if (!process.execPath.startsWith(PINNED + sep)) return process.version;
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== BIN);
  const own = folders.map((folder) => join(folder, 'node')).find((path) => existsSync(path));
  return own ? execFileSync(own, ['--version'], { encoding: 'utf8' }).trim() : 'no Node';
}

/** Node runs TypeScript as it is, without a warning, from 24.12 on. */
function runsSources(version) {
  const [major = 0, minor = 0] = version.replace('v', '').split('.').map(Number);
  return major > 24 || (major === 24 && minor >= 12);
}

function fail(sentence) {
  process.stderr.write(`certpacks ${sentence}\n`);
  process.exit(1);
}
