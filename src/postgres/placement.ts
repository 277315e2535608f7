import { createHash } from 'node:crypto';
import { accessSync, chmodSync, constants, existsSync, mkdtempSync, realpathSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, join, resolve, sep } from 'node:path';
import { checkFolder, makeFolder } from './folders.ts';
import { blockingFolder, chooseRunner, ownUid } from './runner.ts';

export interface PlacementOptions {
  /** Folder of the package: where its `package.json` is. */
  readonly root: string;
  /** The folder that was asked for (CERTPACKS_DATA_DIR); '' is none. */
  readonly wanted?: string;
  /** Whether a new folder is wanted, for the caller to remove; `wanted` comes first. */
  readonly isTemporary?: boolean;
  /** The value of XDG_DATA_HOME. */
  readonly dataHome?: string | undefined;
  /** Where root keeps the state of services. */
  readonly stateHome?: string;
}

/**
 * The folder where state is kept, made when missing. What is chosen here by default can be passed by the user
 * under whom root runs the database. Throws `configuration` when the folder cannot be made.
 */
export function dataPlace(options: PlacementOptions): { readonly dir: string } {
  const { wanted = '', isTemporary = false } = options;
  if (wanted !== '') return { dir: makeFolder(resolve(wanted)) };
  if (isTemporary) return { dir: newTemporary() };
  return { dir: ownUid() === 0 ? rootsPlace(options) : makeFolder(usersPlace(options)) };
}

/** Folders for temporary files in the order of their choice. TMPDIR may be one that only root can enter. */
const temporaryFolders = () => [tmpdir(), '/tmp', '/var/tmp'];

function newTemporary(): string {
  const parent = temporaryFolders().find((folder) => isOpen(folder)) ?? tmpdir();
  const dir = realpathSync(mkdtempSync(join(parent, 'certpacks-')));
  if (ownUid() === 0) chmodSync(dir, 0o711);
  return dir;
}

/** A checkout keeps its own state; an installed package, or one that cannot be written, keeps it at home. */
function usersPlace({ root, dataHome = '' }: PlacementOptions): string {
  const own = join(root, '.certpacks');
  const isInstalled = root.split(sep).includes('node_modules');
  if (!isInstalled && isWritable(existsSync(own) ? own : root)) return own;
  return join(dataHome === '' ? join(homedir(), '.local', 'share') : dataHome, 'certpacks');
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** One folder per package, since root may run several; the package itself may be where only root can enter. */
function rootsPlace({ root, stateHome = '/var/lib/certpacks' }: PlacementOptions): string {
  const name = `${basename(root)}-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`;
  const isOurs = isUsable(stateHome);
  const places = temporaryFolders().map((folder) => join(folder, `certpacks-${name}`));
  const usable = [...(isOurs ? [join(stateHome, name)] : []), ...places].find((dir) => isUsable(dir));
  return makeFolder(usable ?? join(stateHome, name));
}

/** Whether `dir` is there, or can be made, so that the database can work in it. */
function isUsable(dir: string): boolean {
  try {
    const real = makeFolder(dir);
    checkFolder(real, chooseRunner(join(real, 'postgres')));
    return true;
  } catch {
    return false;
  }
}

/** Whether the database's user can enter `folder`. */
const isOpen = (folder: string) =>
  ownUid() !== 0 || blockingFolder(folder, chooseRunner(join(folder, 'postgres'))) === undefined;
