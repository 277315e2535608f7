import type { PackKey } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { OF_PACK, packKey } from './zone-key.ts';

const CHANGING = `id, hosts, issuer, signature, fingerprint, serial, not_before, not_after, uploaded_on, modified_on, chain,
  sealed_key`;
const COLUMNS = `cell, zone_id, pack_id, algorithm, ${CHANGING}`;
const EXCLUDED = CHANGING.replaceAll(/\w+/g, 'excluded.$&');

const DELETE = `delete from successors where ${OF_PACK}`;
const PROMOTE = statement(`
  with coming as (${DELETE} returning *)
  insert into certificates (${COLUMNS}) select ${COLUMNS} from coming
  on conflict (cell, zone_id, pack_id, algorithm) do update set (${CHANGING}) = row (${EXCLUDED})`);

/** Puts the certificates that were to come in the place of a pack's present ones, in a transaction that moved it. */
export async function promoteNextCertificates(db: Db, pack: PackKey): Promise<void> {
  await execute(db, PROMOTE, packKey(pack));
}

const FORGET = statement(DELETE);

/** Forgets the certificates that were to come in the place of a pack's present ones. */
export async function deleteNextCertificates(tx: Tx, pack: PackKey): Promise<void> {
  await execute(tx, FORGET, packKey(pack));
}

/** PEM chain of a certificate that a pack has now, leaf first; undefined: it has none. */
export async function getChain(db: Db, pack: PackKey, algorithm: string): Promise<string | undefined> {
  const { rows } = await execute<{ chain: string }>(db, CHAIN, { ...packKey(pack), algorithm });
  return rows[0]?.chain;
}

const CHAIN = statement(`select chain from certificates where ${OF_PACK} and algorithm = :algorithm`);
