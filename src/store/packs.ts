import type {
  CertificateAuthority,
  Environment,
  Pack,
  PackStatus,
  PackType,
  ValidationMethod,
  ValidationRecord,
  ValidityDays,
  ZoneType,
} from '../pack/pack.ts';
import { listCertificates } from './certificates.ts';
import type { Db, Tx } from './store.ts';

interface PackRow {
  id: string;
  zone_id: string;
  account_id: string;
  zone_name: string;
  zone_type: ZoneType;
  delegation_uuid: string;
  ord: string;
  type: PackType;
  status: PackStatus;
  status_since: Date;
  hosts: string[];
  certificate_authority: CertificateAuthority;
  validation_method: ValidationMethod;
  validity_days: ValidityDays;
  environment: Environment;
  is_branded: boolean;
  validation_records: ValidationRecord[];
  validation_errors: string[];
  attempts: number;
  created_on: Date;
  modified_on: Date;
  claim: number;
}

const SELECT = `
  select packs.*, zones.name as zone_name, zones.type as zone_type, zones.delegation_uuid
    from packs join zones on zones.id = packs.zone_id`;

/** How a pack is written down beside its fields: its JSON in the API, and when it next wants attention. */
export interface Filing {
  readonly wire: string;
  readonly wireVersion: number;
  /** Undefined: nobody needs to look. */
  readonly dueAt: Date | undefined;
}

/** The pack, or undefined where the zone has no such pack. */
export async function getPack(db: Db, zoneId: string, id: string): Promise<Pack | undefined> {
  const { rows } = await db.query<PackRow>(`${SELECT} where packs.id = $1 and zone_id = $2`, [id, zoneId]);
  return rows[0] && toPack(db, rows[0]);
}

/** The pack by its id alone, for a worker that claimed it. */
export async function getClaimed(db: Db, id: string): Promise<Pack | undefined> {
  const { rows } = await db.query<PackRow>(`${SELECT} where packs.id = $1`, [id]);
  return rows[0] && toPack(db, rows[0]);
}

/** Stores a new pack. */
export async function insertPack(tx: Tx, pack: Pack, lane: number, filing: Filing): Promise<void> {
  const fixed = [pack.id, pack.zone.id, pack.zone.accountId, lane, pack.ord, pack.type, pack.hosts];
  const order = [pack.certificateAuthority, pack.validationMethod, pack.validityDays, pack.environment];
  await tx.query(
    `insert into packs (id, zone_id, account_id, lane, ord, type, hosts, certificate_authority,
       validation_method, validity_days, environment, created_on, claim, status, status_since, is_branded,
       validation_records, validation_errors, attempts, modified_on, due_at, wire, wire_version)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`,
    [...fixed, ...order, pack.createdOn, ...changing(pack, filing)],
  );
}

/**
 * Writes what may change of a pack, unless it left `from` or another took it since `pack.claim`: then false.
 * `isFreed` raises the claim, so that whoever works on the pack now loses it. A pack that was made due
 * before `staysDueAt` while it was worked on stays due.
 */
export async function updatePack(
  tx: Tx,
  pack: Pack,
  from: PackStatus,
  filing: Filing & { readonly isFreed: boolean; readonly staysDueAt?: Date | undefined },
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update packs set status = $4, status_since = $5, is_branded = $6, validation_records = $7,
       validation_errors = $8, attempts = $9, modified_on = $10, wire = $12, wire_version = $13,
       claim = claim + $14, due_at = case when due_at <= $15 then due_at else $11 end
      where id = $1 and status = $2 and claim = $3`,
    [pack.id, from, pack.claim, ...changing(pack, filing), Number(filing.isFreed), filing.staysDueAt ?? null],
  );
  return rowCount === 1;
}

/** The columns that change in a pack's life, in the order of both statements above. */
const changing = (pack: Pack, filing: Filing) => [
  pack.status,
  pack.statusSince,
  pack.isBranded,
  JSON.stringify(pack.validationRecords),
  JSON.stringify(pack.validationErrors),
  pack.attempts,
  pack.modifiedOn,
  filing.dueAt ?? null,
  filing.wire,
  filing.wireVersion,
];

/** As `getPack`, with the pack locked against other writers until the transaction ends. */
export async function lockPack(tx: Tx, zoneId: string, id: string): Promise<Pack | undefined> {
  const { rows } = await tx.query<PackRow>(
    `${SELECT} where packs.id = $1 and zone_id = $2 for no key update of packs`,
    [id, zoneId],
  );
  return rows[0] && toPack(tx, rows[0]);
}

/** Whether a pack has yet to be told by its CA what to show. */
export async function isWaitingForRecords(db: Db, id: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `select from packs
      where id = $1 and (status = 'initializing'
         or status = 'pending_validation' and jsonb_array_length(validation_records) = 0)`,
    [id],
  );
  return rowCount === 1;
}

/** Writes a pack's JSON alone, where it was rendered by an older version. */
export async function putWire(
  db: Db,
  pack: Pack,
  { wire, wireVersion }: Omit<Filing, 'dueAt'>,
): Promise<void> {
  await db.query(
    `update packs set wire = $3, wire_version = $4
      where id = $1 and modified_on = $2 and wire_version < $4`,
    [pack.id, pack.modifiedOn, wire, wireVersion],
  );
}

/** Locks a pack that a worker has and tells whether it still has it. */
export async function isHeld(tx: Tx, { id, claim }: Pack): Promise<boolean> {
  const { rowCount } = await tx.query('select from packs where id = $1 and claim = $2 for no key update', [
    id,
    claim,
  ]);
  return rowCount === 1;
}

/** Sets when a held pack is due, and nothing else. */
export async function setDue(db: Db, { id, claim }: Pack, dueAt: Date | undefined): Promise<void> {
  await db.query('update packs set due_at = $3 where id = $1 and claim = $2', [id, claim, dueAt ?? null]);
}

/** Removes a pack with all that belongs to it. */
export async function deletePack(tx: Tx, id: string): Promise<void> {
  await tx.query('delete from packs where id = $1', [id]);
}

/** Packs of hidden zones that nobody has begun to take away, at most `limit`. */
export async function listStranded(db: Db, leaving: readonly PackStatus[], limit: number): Promise<Pack[]> {
  const { rows } = await db.query<PackRow>(
    `${SELECT} where zones.deleted_on is not null and not (packs.status = any($1)) limit $2`,
    [leaving, limit],
  );
  return Promise.all(rows.map((row) => toPack(db, row)));
}

/** Makes packs of a status in the zone that holds `name` due, so that their records are looked at again. */
export async function makeDue(
  db: Db,
  zoneNames: readonly string[],
  status: PackStatus,
  now: Date,
): Promise<void> {
  await db.query(
    `update packs set due_at = $3 from zones
      where zones.id = zone_id and zones.name = any($1) and packs.status = $2 and due_at > $3`,
    [zoneNames, status, now],
  );
}

async function toPack(db: Db, row: PackRow): Promise<Pack> {
  return {
    id: row.id,
    zone: {
      id: row.zone_id,
      accountId: row.account_id,
      name: row.zone_name,
      type: row.zone_type,
      delegationUuid: row.delegation_uuid,
    },
    ord: Number(row.ord),
    type: row.type,
    status: row.status,
    statusSince: row.status_since,
    hosts: row.hosts,
    certificateAuthority: row.certificate_authority,
    validationMethod: row.validation_method,
    validityDays: row.validity_days,
    environment: row.environment,
    isBranded: row.is_branded,
    createdOn: row.created_on,
    modifiedOn: row.modified_on,
    validationRecords: row.validation_records,
    validationErrors: row.validation_errors,
    certificates: await listCertificates(db, row.id),
    attempts: row.attempts,
    claim: row.claim,
  };
}
