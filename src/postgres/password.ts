import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { Fault } from '../kit/fault.ts';
import { codeOf, sync } from './folders.ts';
import type { Layout } from './layout.ts';
import { ownUid } from './runner.ts';

/**
 * The database password of a layout, made at random before the database is: processes that start at once agree
 * on one. Throws `configuration` when the file is lost while the database is there, or others can read it.
 */
export function keepPassword({ cluster, password: path }: Layout): string {
  if (!existsSync(path)) {
    if (existsSync(cluster)) {
      throw new Fault(
        'configuration',
        `${path} is missing, and the database in ${cluster} opens with it only: put it back`,
      );
    }
    make(path);
  }
  const { uid, mode } = lstatSync(path);
  const password = readFileSync(path, 'utf8').trim();
  if (uid === ownUid() && (mode & 0o077) === 0 && /^[0-9a-f]{64}$/.test(password)) return password;
  throw new Fault(
    'configuration',
    `${path} must be as certpacks made it: 64 hexadecimal digits, owned by user ${ownUid()}, mode 600`,
  );
}

function make(path: string): void {
  const attempt = `${path}.new-${randomBytes(4).toString('hex')}`;
  const handle = openSync(attempt, 'wx', 0o600);
  try {
    writeSync(handle, `${randomBytes(32).toString('hex')}\n`);
    fsyncSync(handle);
    linkSync(attempt, path);
    sync(dirname(path));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    closeSync(handle);
    rmSync(attempt, { force: true });
  }
}

const ITERATIONS = 4096;

/**
 * What PostgreSQL keeps of a password (RFC 5803, as in pg_authid): it proves knowledge of the password and does
 * not tell it, so that initdb can be handed this in its place.
 */
export function scramVerifier(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256');
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64');
  const serverKey = hmac('Server Key').toString('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}
