import type { Algorithm, CertificateAuthority, Pack } from '../pack/pack.ts';
import type { Db, Pool, Tx } from './store.ts';

/** A certificate that is to be revoked, or was. */
export interface Revocation {
  readonly packId: string;
  readonly fingerprint: string;
  readonly serial: string;
  readonly algorithm: Algorithm;
  readonly ca: CertificateAuthority;
  /** Id of the account of ours that ordered it; undefined: an older version did not note it. */
  readonly tenant?: string;
  /** PEM, leaf first. */
  readonly chain: string;
  /** Name of RFC 5280 5.3.1. */
  readonly reason: string;
  readonly askedOn: Date;
  readonly revokedOn?: Date;
  /** Why it is not done yet, in words. */
  readonly problem?: string;
  /** How often the CA was asked without success. */
  readonly attempts: number;
}

/** Notes all certificates of a pack to be revoked, at once; those that are noted stay as they are. */
export async function noteRevocations(
  tx: Tx,
  pack: Pick<Pack, 'id' | 'zone' | 'certificateAuthority'>,
  reason: string,
  now: Date,
): Promise<void> {
  await tx.query(
    `insert into revocations (fingerprint, pack_id, zone_id, account_id, algorithm, serial, ca, chain, reason, asked_on, due_on)
     select fingerprint, pack_id, $5, $6, algorithm, serial, $2, chain, $3, $4, $4 from (
       select pack_id, fingerprint, algorithm, serial, chain from certificates
       union all select pack_id, fingerprint, algorithm, serial, chain from successors) as issued
      where pack_id = $1
     on conflict (fingerprint) do nothing`,
    [pack.id, pack.certificateAuthority, reason, now, pack.zone.id, pack.zone.accountId],
  );
}

const COLUMNS =
  'fingerprint, pack_id, account_id, algorithm, serial, ca, chain, reason, asked_on, revoked_on, problem, attempts';

/** Those of a pack of a zone, ECDSA first; also of one that is gone. */
export async function listRevocations(db: Db, zoneId: string, packId: string): Promise<Revocation[]> {
  const { rows } = await db.query<Row>(
    `select ${COLUMNS} from revocations where pack_id = $1 and zone_id = $2 order by algorithm, asked_on`,
    [packId, zoneId],
  );
  return rows.map(toRevocation);
}

/** Takes due ones, at most `limit`, until `until`: whoever takes them is alone with them so long. */
export async function takeRevocations(
  pool: Pool,
  { now, until, limit }: { readonly now: Date; readonly until: Date; readonly limit: number },
): Promise<Revocation[]> {
  const { rows } = await pool.query<Row>(
    `update revocations set due_on = $2
      where fingerprint in (
        select fingerprint from revocations where due_on <= $1 order by due_on limit $3 for update skip locked)
     returning ${COLUMNS}`,
    [now, until, limit],
  );
  return rows.map(toRevocation);
}

/** It is revoked. */
export async function settleRevocation(db: Db, fingerprint: string, now: Date): Promise<void> {
  await db.query(
    'update revocations set due_on = null, revoked_on = $2, problem = null where fingerprint = $1',
    [fingerprint, now],
  );
}

/** It is not revoked yet, for this reason; it is tried again at `due`. */
export async function putOffRevocation(
  db: Db,
  fingerprint: string,
  { problem, due }: { readonly problem: string; readonly due: Date },
): Promise<void> {
  await db.query(
    'update revocations set due_on = $3, problem = $2, attempts = attempts + 1 where fingerprint = $1',
    [fingerprint, problem, due],
  );
}

interface Row {
  fingerprint: string;
  pack_id: string;
  account_id: string | null;
  algorithm: Algorithm;
  serial: string;
  ca: CertificateAuthority;
  chain: string;
  reason: string;
  asked_on: Date;
  revoked_on: Date | null;
  problem: string | null;
  attempts: number;
}

const toRevocation = (row: Row): Revocation => ({
  packId: row.pack_id,
  fingerprint: row.fingerprint,
  serial: row.serial,
  algorithm: row.algorithm,
  ca: row.ca,
  ...(row.account_id !== null && { tenant: row.account_id }),
  chain: row.chain,
  reason: row.reason,
  askedOn: row.asked_on,
  ...(row.revoked_on && { revokedOn: row.revoked_on }),
  ...(row.problem !== null && { problem: row.problem }),
  attempts: row.attempts,
});
