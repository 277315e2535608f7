import { readFileSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Fault } from '../kit/fault.ts';

/** The user whose processes are the database. */
export interface Runner {
  readonly uid: number;
  readonly gid: number;
  /** Whether this process is root's: PostgreSQL refuses root, so the database is started under another user. */
  readonly isOther: boolean;
}

/** User id of this process. */
export const ownUid = (): number => process.getuid?.() ?? -1;

/**
 * Who runs the database on the folder `cluster`: its owner once it is there, this process's user else; under
 * root the first of the users `certpacks`, `postgres`, `nobody` and 65534 in `passwd` (the text of /etc/passwd).
 * Throws `configuration` when there is none, or when an ordinary user meets a folder of somebody else.
 */
export function chooseRunner(cluster: string, passwd = readFileSync('/etc/passwd', 'utf8')): Runner {
  const owner = statSync(cluster, { throwIfNoEntry: false });
  const uid = ownUid();
  if (uid !== 0) {
    if (owner && owner.uid !== uid) throw foreignFolder(cluster, owner.uid);
    return { uid, gid: process.getgid?.() ?? -1, isOther: false };
  }
  if (owner?.uid === 0) throw foreignFolder(cluster, 0);
  return owner ? { uid: owner.uid, gid: owner.gid, isOther: true } : { ...pickUser(passwd), isOther: true };
}

const foreignFolder = (cluster: string, uid: number) =>
  new Fault(
    'configuration',
    `the database in ${cluster} belongs to user ${uid}, which cannot run it from here: ` +
      'start certpacks as the user who made it, or set CERTPACKS_DATA_DIR to another folder',
  );

/** initdb looks its user up by name, so a bare number without an entry will not do. */
function pickUser(passwd: string): { uid: number; gid: number } {
  const users = passwd.split('\n').map((line) => line.split(':'));
  const named = (name: string) => users.find(([user]) => user === name);
  const found =
    named('certpacks') ?? named('postgres') ?? named('nobody') ?? users.find((user) => user[2] === '65534');
  const [uid, gid] = [Number(found?.[2]), Number(found?.[3])];
  if (uid > 0 && gid >= 0) return { uid, gid };
  throw new Fault(
    'configuration',
    'PostgreSQL does not run as root, and /etc/passwd has no user certpacks, postgres or nobody: ' +
      'add one (useradd --system certpacks), or set CERTPACKS_DATABASE_URL',
  );
}

/** The first folder on the way to `path`, itself included, that `runner` cannot pass; nothing when all is open. */
export function blockingFolder(path: string, runner: Runner): string | undefined {
  const parent = dirname(path);
  const above = parent === path ? undefined : blockingFolder(parent, runner);
  return above ?? (mayUse(statSync(path), runner, 0o1) ? undefined : path);
}

/** Whether the mode of a file or folder gives `runner` these rights: 4 to read, 1 to execute or pass. */
export function mayUse(stats: Stats, runner: Runner, rights: number): boolean {
  const shift = stats.uid === runner.uid ? 6 : stats.gid === runner.gid ? 3 : 0;
  return ((stats.mode >> shift) & rights) === rights;
}
