/** A change of the key-encryption key, while services run. */

import {
  accountPurpose,
  agentCaPurpose,
  csrPurpose,
  keyPurpose,
  pagerdutyPurpose,
  webhookSecretPurpose,
  webhookSigningPurpose,
} from '../key/purpose.ts';
import type { Seal } from '../kit/seal.ts';
import {
  listSealedOtherwise,
  replaceSealed,
  SEALED_PLACES,
  type SealedPlace,
  type SealedRow,
} from '../store/sealed.ts';
import type { Pool } from '../store/store.ts';

const BATCH = 200;

/** What each sealed thing is bound to. */
export const purposeOf = ({ place, key: [first, second] }: SealedRow): string =>
  PURPOSES[place](first, second);

const PURPOSES: Readonly<Record<SealedPlace, (first: string, second: string) => string>> = {
  certificates: keyPurpose,
  successors: keyPurpose,
  orders: keyPurpose,
  ca_accounts: accountPurpose,
  webhook_secrets: webhookSecretPurpose,
  webhook_signing_keys: webhookSigningPurpose,
  pagerduty_keys: pagerdutyPurpose,
  custom_csrs: csrPurpose,
  agent_cas: agentCaPurpose,
};

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
  for (const place of SEALED_PLACES) {
    let length: number;
    do {
      length = await rewrapSome(pool, seal, place);
      done += length;
      if (length > 0) onProgress(done);
    } while (length === BATCH);
  }
  return done;
}

/** One batch of a place; how many there were. */
async function rewrapSome(pool: Pool, seal: Seal, place: SealedPlace): Promise<number> {
  const rows = await listSealedOtherwise(pool, place, [seal.id], BATCH);
  for (const row of rows) {
    const again = seal.rewrap(row.sealed, purposeOf(row));
    if (again) await replaceSealed(pool, row, again);
  }
  return rows.length;
}
