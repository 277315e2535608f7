/** A change of the key-encryption key, while services run. */

import { accountPurpose, keyPurpose } from '../key/purpose.ts';
import type { Seal } from '../kit/seal.ts';
import {
  listSealedOtherwise,
  replaceSealed,
  SEALED_TABLES,
  type SealedRow,
  type SealedTable,
} from '../store/sealed.ts';
import type { Pool } from '../store/store.ts';

const BATCH = 200;

/** What each sealed thing is bound to. */
export const purposeOf = ({ table, key: [first, second] }: SealedRow): string =>
  table === 'ca_accounts' ? accountPurpose(first, second) : keyPurpose(first, second);

/**
 * Wraps everything that is sealed with the seal's first key, a batch at a time; whoever is interrupted begins where he was.
 * Throws `key_sealed_elsewhere` at what none of its keys opens. Tells how many were wrapped so far.
 */
export async function rewrapKeys(
  pool: Pool,
  seal: Seal,
  onProgress: (done: number) => void,
): Promise<number> {
  let done = 0;
  for (const table of SEALED_TABLES) {
    let length: number;
    do {
      length = await rewrapSome(pool, seal, table);
      done += length;
      if (length > 0) onProgress(done);
    } while (length === BATCH);
  }
  return done;
}

/** One batch of a table; how many there were. */
async function rewrapSome(pool: Pool, seal: Seal, table: SealedTable): Promise<number> {
  const rows = await listSealedOtherwise(pool, table, seal.id, BATCH);
  for (const row of rows) {
    const again = seal.rewrap(row.sealed, purposeOf(row));
    if (again) await replaceSealed(pool, row, again);
  }
  return rows.length;
}
