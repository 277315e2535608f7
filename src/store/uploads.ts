/** Certificates that customers brought: what there is of each beside its pack and certificate. */
import type { UploadType } from '../pack/custom-certificate.ts';
import type { BundleMethod, Environment, PackKey, PackStatus, UploadFacts } from '../pack/pack.ts';
import type { Restriction } from '../pack/region.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { IN_ZONE, OF_PACK, packKey, zoneKey } from './zone-key.ts';

interface FactsRow {
  id: string;
  line: string;
  is_current: boolean;
  bundle_method: BundleMethod;
  priority: number;
  restriction: Restriction | null;
  csr_id: string | null;
}

/** What is known of a pack as an upload; undefined: it is none. */
export async function getUploadFacts(db: Db, pack: PackKey): Promise<UploadFacts | undefined> {
  const { rows } = await execute<FactsRow>(db, FACTS, packKey(pack));
  return rows[0] && toFacts(rows[0]);
}

const FACTS = statement(
  `select id, line, is_current, bundle_method, priority, restriction, csr_id from uploads where ${OF_PACK}`,
);

const toFacts = (row: FactsRow): UploadFacts => ({
  id: row.id,
  line: row.line,
  isCurrent: row.is_current,
  bundleMethod: row.bundle_method,
  priority: row.priority,
  restriction: row.restriction ?? undefined,
  csrId: row.csr_id ?? undefined,
});

/** What is stored of a new upload. */
export interface NewUpload extends UploadFacts {
  /** Lower-case hexadecimal SHA-256 of the leaf. */
  readonly fingerprint: string;
  /** PEM of all certificates that were sent, the leaf first. */
  readonly sent: string;
}

/** Stores what is known of a new pack as an upload. */
export async function putUpload(tx: Tx, pack: PackKey, upload: NewUpload): Promise<void> {
  const { isCurrent, bundleMethod, csrId = null, restriction = null, ...named } = upload;
  const facts = { is_current: isCurrent, bundle_method: bundleMethod, csr_id: csrId, restriction };
  await execute(tx, PUT, { ...packKey(pack), ...named, ...facts });
}

const PUT = statement(`
  insert into uploads (cell, zone_id, pack_id, id, line, is_current, bundle_method, priority, restriction, csr_id, fingerprint,
    sent)
  values (:cell, :zone, :pack, :id, :line, :is_current, :bundle_method, :priority, :restriction, :csr_id, :fingerprint, :sent)`);

/** The pack of a custom certificate, with what was sent; undefined where the zone has none of that id. */
export async function findUpload(
  db: Db,
  zoneId: string,
  id: string,
): Promise<{ readonly packId: string; readonly sent: string } | undefined> {
  const { rows } = await execute<{ pack_id: string; sent: string }>(db, FIND, { ...zoneKey(zoneId), id });
  return rows[0] && { packId: rows[0].pack_id, sent: rows[0].sent };
}

const FIND = statement(`select pack_id, sent from uploads where ${IN_ZONE} and id = :id and is_current`);

/** Another took its place. */
export async function replaceUpload(tx: Tx, pack: PackKey): Promise<void> {
  await execute(tx, REPLACE, packKey(pack));
}

const REPLACE = statement(`update uploads set is_current = false where ${OF_PACK}`);

/** Ids of packs of a line in whose place others came. */
export async function listReplaced(tx: Tx, zoneId: string, line: string): Promise<string[]> {
  const { rows } = await execute<{ pack_id: string }>(tx, REPLACED, { ...zoneKey(zoneId), line });
  return rows.map(({ pack_id }) => pack_id);
}

const REPLACED = statement(
  `select pack_id from uploads where ${IN_ZONE} and line = :line and not is_current order by pack_id`,
);

/** Sets which of several uploads of one type goes first. */
export async function putUploadPriority(tx: Tx, pack: PackKey, priority: number): Promise<void> {
  await execute(tx, PUT_PRIORITY, { ...packKey(pack), priority });
}

const PUT_PRIORITY = statement(`update uploads set priority = :priority where ${OF_PACK}`);

/** Which custom certificates of a zone are meant. */
export interface UploadFilter {
  readonly zoneId: string;
  readonly statuses: readonly PackStatus[];
}

/** Id of the custom certificate of another line in which the same certificate is; undefined: there is none. */
export async function findSame(
  tx: Tx,
  { zoneId, statuses }: UploadFilter,
  { fingerprint, line }: Pick<NewUpload, 'fingerprint' | 'line'>,
): Promise<string | undefined> {
  const values = { ...zoneKey(zoneId), statuses, fingerprint, line };
  const { rows } = await execute<{ id: string }>(tx, SAME, values);
  return rows[0]?.id;
}

const OF_UPLOAD =
  'packs.cell = uploads.cell and packs.zone_id = uploads.zone_id and packs.id = uploads.pack_id';
const OF_ZONE = 'uploads.cell = :cell and uploads.zone_id = :zone and is_current';
const SAME = statement(`
  select uploads.id from uploads join packs on ${OF_UPLOAD}
   where ${OF_ZONE} and uploads.fingerprint = :fingerprint and line <> :line and status = any(:statuses) limit 1`);

/** A custom certificate as it is shown. */
export interface CustomCertificate
  extends Pick<UploadFacts, 'id' | 'bundleMethod' | 'priority' | 'restriction' | 'csrId'> {
  readonly packId: string;
  readonly zoneId: string;
  readonly type: UploadType;
  readonly status: PackStatus;
  readonly environment: Environment;
  readonly hosts: readonly string[];
  readonly issuer: string;
  readonly signature: string;
  readonly notAfter: Date;
  readonly uploadedOn: Date;
  readonly modifiedOn: Date;
}

interface ShownRow extends FactsRow {
  pack_id: string;
  zone_id: string;
  type: UploadType;
  status: PackStatus;
  environment: Environment;
  hosts: string[];
  issuer: string;
  signature: string;
  not_after: Date;
  uploaded_on: Date;
  modified_on: Date;
}

const SHOWN = `uploads.id, line, is_current, bundle_method, priority, restriction, csr_id, uploads.pack_id, uploads.zone_id, type, status, environment,
  certificates.hosts, issuer, signature, not_after, uploaded_on, packs.modified_on`;
const FROM = `uploads join packs on ${OF_UPLOAD}
  join certificates on certificates.cell = uploads.cell and certificates.zone_id = uploads.zone_id
   and certificates.pack_id = uploads.pack_id`;

/** A custom certificate; undefined where the zone has none of that id. */
export async function getCustomCertificate(
  db: Db,
  zoneId: string,
  id: string,
): Promise<CustomCertificate | undefined> {
  const { rows } = await execute<ShownRow>(db, GET, { ...zoneKey(zoneId), id });
  return rows[0] && toShown(rows[0]);
}

const GET = statement(`select ${SHOWN} from ${FROM} where ${OF_ZONE} and uploads.id = :id`);

/** The custom certificate that a pack is, also where another took its place since. */
export async function getCustomCertificateOf(db: Db, pack: PackKey): Promise<CustomCertificate | undefined> {
  const { rows } = await execute<ShownRow>(db, OF, packKey(pack));
  return rows[0] && toShown(rows[0]);
}

const OF = statement(`
  select ${SHOWN} from ${FROM} where uploads.cell = :cell and uploads.zone_id = :zone and uploads.pack_id = :pack`);

/** A page of a zone's custom certificates, the oldest first, with the number of all that match: both as they are at one moment. */
export async function listCustomCertificates(
  db: Db,
  { zoneId, statuses }: UploadFilter,
  { page, perPage }: { readonly page: number; readonly perPage: number },
): Promise<{ readonly certificates: readonly CustomCertificate[]; readonly total: number }> {
  const { rows } = await execute<ShownRow & { total: number; found: string | null }>(db, LIST, {
    ...zoneKey(zoneId),
    statuses,
    most: perPage,
    before: (page - 1) * perPage,
  });
  return {
    certificates: rows.filter(({ found }) => found !== null).map(toShown),
    total: rows[0]?.total ?? 0,
  };
}

const LIST = statement(`
  with matched as (
    select ${SHOWN}, ord from ${FROM} where ${OF_ZONE} and status = any(:statuses))
  select total, page.*, page.id as found
    from (select count(*)::int as total from matched) as counted
    left join (select * from matched order by ord limit :most offset :before) as page on true
   order by page.ord`);

const toShown = ({
  pack_id,
  zone_id,
  not_after,
  uploaded_on,
  modified_on,
  ...row
}: ShownRow): CustomCertificate => ({
  ...toFacts(row),
  packId: pack_id,
  zoneId: zone_id,
  type: row.type,
  status: row.status,
  environment: row.environment,
  hosts: row.hosts,
  issuer: row.issuer,
  signature: row.signature,
  notAfter: not_after,
  uploadedOn: uploaded_on,
  modifiedOn: modified_on,
});
