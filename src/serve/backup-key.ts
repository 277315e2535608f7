/** The key under which a backup is written: whoever has the key-encryption key can tell a backup of ours from any other file. */
import { randomBytes } from 'node:crypto';
import { Fault } from '../kit/fault.ts';
import { deriveKey, type Kek } from '../kit/seal.ts';
import type { BackupKey, FindKey } from '../store/backup-frames.ts';
import { getSetting } from '../store/installation-settings.ts';
import type { Pool } from '../store/store.ts';
import { type KekPlace, loadSeal, readKeks } from './kek.ts';

const PURPOSE = 'certpacks backup';
const SALT_BYTES = 16;

/** The key-encryption key of a database, as it is here. Throws `configuration` where it is not. */
export async function keyOfDatabase(pool: Pool, place: KekPlace): Promise<Kek> {
  const agreed = await getSetting(pool, 'kek');
  // Before its first start an installation has none.
  if (agreed === undefined) loadSeal(place);
  const keks = readKeks(place);
  const kek = agreed === undefined ? keks[0] : keks.find(({ id }) => id === agreed);
  if (kek) return kek;
  throw new Fault(
    'configuration',
    `a backup is written under the key-encryption key of the installation, ${agreed}, which is not in ${nameOf(place)}`,
  );
}

/** A key for one backup, with what leads to it again. */
export function newBackupKey(kek: Kek): BackupKey {
  const salt = randomBytes(SALT_BYTES);
  return { key: deriveKey(kek, PURPOSE, salt), mark: Buffer.concat([Buffer.from(kek.id, 'hex'), salt]) };
}

/** Finds the key of a backup by its mark, among the key-encryption keys that are here. */
export const keyFinder =
  (place: KekPlace): NonNullable<FindKey> =>
  (mark) => {
    const id = mark.toString('hex', 0, 8);
    const kek = present(place).find((one) => one.id === id);
    if (kek) return deriveKey(kek, PURPOSE, mark.subarray(8));
    throw new Fault(
      'configuration',
      `this backup was written under the key-encryption key ${id}, which is not in ${nameOf(place)}: put it there first. ` +
        'If it is lost, `certpacks restore --unauthenticated` takes the backup as it is',
    );
  };

function present(place: KekPlace): readonly Kek[] {
  try {
    return readKeks(place);
  } catch (error) {
    // A file that is there and cannot be used is told as what it is.
    if (error instanceof Fault && !/there is no/.test(error.message)) throw error;
    return [];
  }
}

const nameOf = ({ kek, file }: KekPlace): string => (kek === '' ? file : 'the option kek');
