import type { PackKey } from '../pack/pack.ts';
import type { Db, Tx } from './store.ts';

/** Puts the certificates that were to come in the place of a pack's present ones, in a transaction that moved it. */
export async function promoteNextCertificates(db: Db, pack: PackKey): Promise<void> {
  await db.query(
    `with coming as (delete from successors where pack_id = $1 returning *)
     insert into certificates (${COLUMNS}) select ${COLUMNS} from coming
     on conflict (pack_id, algorithm) do update set (${CHANGING}) = row (${EXCLUDED})`,
    [pack.id],
  );
}

const CHANGING = `id, hosts, issuer, signature, fingerprint, serial, not_before, not_after, uploaded_on, modified_on, chain,
  sealed_key`;
const COLUMNS = `pack_id, algorithm, ${CHANGING}`;
const EXCLUDED = CHANGING.replaceAll(/\w+/g, 'excluded.$&');

/** Forgets the certificates that were to come in the place of a pack's present ones. */
export async function deleteNextCertificates(tx: Tx, pack: PackKey): Promise<void> {
  await tx.query('delete from successors where pack_id = $1', [pack.id]);
}

/** PEM chain of a certificate that a pack has now, leaf first; undefined: it has none. */
export async function getChain(db: Db, pack: PackKey, algorithm: string): Promise<string | undefined> {
  const { rows } = await db.query<{ chain: string }>(
    'select chain from certificates where pack_id = $1 and algorithm = $2',
    [pack.id, algorithm],
  );
  return rows[0]?.chain;
}
