import type { Algorithm, CertificateAuthority, Pack } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Pool, type Tx } from './store.ts';
import { IN_ZONE, inCells, OF_PACK, packKey, zoneKey } from './zone-key.ts';

/** A certificate that is to be revoked, or was. */
export interface Revocation {
  readonly zoneId: string;
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
  /** Why it is not done, in words. */
  readonly problem?: string;
  /** Whether there was nothing to revoke: it had ended, or the CA does not know it. */
  readonly isMoot: boolean;
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
  const { accountId: account } = pack.zone;
  await execute(tx, NOTE, { ...packKey(pack), account, ca: pack.certificateAuthority, reason, now });
}

const OF_LEAF = 'cell, zone_id, pack_id, fingerprint, algorithm, serial, chain';
const NOTE = statement(`
  insert into revocations (${OF_LEAF}, account_id, ca, reason, asked_on, due_on)
  select ${OF_LEAF}, :account, :ca, :reason, :now, :now from (
    select ${OF_LEAF} from certificates where ${OF_PACK}
    union all select ${OF_LEAF} from successors where ${OF_PACK}) as issued
  on conflict (cell, zone_id, fingerprint) do nothing`);

const COLUMNS =
  'zone_id, fingerprint, pack_id, account_id, algorithm, serial, ca, chain, reason, asked_on, revoked_on, problem, ' +
  'is_moot, attempts';

/** Those of a pack of a zone, ECDSA first; also of one that is gone. */
export async function listRevocations(db: Db, zoneId: string, packId: string): Promise<Revocation[]> {
  const { rows } = await execute<Row>(db, LIST, { ...zoneKey(zoneId), pack: packId });
  return rows.map(toRevocation);
}

const LIST = statement(`select ${COLUMNS} from revocations where ${OF_PACK} order by algorithm, asked_on`);

/** Takes due ones of some cells, at most `limit`, until `until`: whoever takes them is alone with them so long. */
export async function takeRevocations(
  pool: Pool,
  what: {
    readonly cells: readonly number[];
    readonly now: Date;
    readonly until: Date;
    readonly limit: number;
  },
): Promise<Revocation[]> {
  const { rows } = await execute<Row>(pool, TAKE, what);
  return rows.map(toRevocation);
}

const TAKE = statement(`
  update revocations set due_on = :until
   where ${inCells('revocations')} and (cell, zone_id, fingerprint) in (
     select cell, zone_id, fingerprint from revocations
      where ${inCells('revocations')} and due_on <= :now
      order by due_on limit :limit for update skip locked)
  returning ${COLUMNS}`);

/** What finds a revocation. */
export type RevocationKey = Pick<Revocation, 'zoneId' | 'fingerprint'>;

const revocationKey = ({ zoneId, fingerprint }: RevocationKey) => ({ ...zoneKey(zoneId), fingerprint });
const THIS = `${IN_ZONE} and fingerprint = :fingerprint`;

/** It is revoked. */
export async function settleRevocation(db: Db, key: RevocationKey, now: Date): Promise<void> {
  await execute(db, SETTLE, { ...revocationKey(key), now });
}

const SETTLE = statement(
  `update revocations set due_on = null, revoked_on = :now, problem = null where ${THIS}`,
);

/** There is nothing to revoke, and why. */
export async function closeRevocation(db: Db, key: RevocationKey, problem: string): Promise<void> {
  await execute(db, CLOSE, { ...revocationKey(key), problem });
}

const CLOSE = statement(
  `update revocations set due_on = null, is_moot = true, problem = :problem where ${THIS}`,
);

/** It is not revoked yet, for this reason; it is tried again at `due`. */
export async function putOffRevocation(
  db: Db,
  key: RevocationKey,
  why: { readonly problem: string; readonly due: Date },
): Promise<void> {
  await execute(db, PUT_OFF, { ...revocationKey(key), ...why });
}

const PUT_OFF = statement(
  `update revocations set due_on = :due, problem = :problem, attempts = attempts + 1 where ${THIS}`,
);

interface Row {
  zone_id: string;
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
  is_moot: boolean;
  attempts: number;
}

const toRevocation = (row: Row): Revocation => ({
  zoneId: row.zone_id,
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
  isMoot: row.is_moot,
  attempts: row.attempts,
});
