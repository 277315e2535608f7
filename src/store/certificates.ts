import type { Algorithm, Certificate, PackKey } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { cellsOf, inCells, OF_PACK, packKey } from './zone-key.ts';

interface CertificateRow {
  id: string;
  algorithm: Algorithm;
  hosts: string[];
  issuer: string;
  signature: string;
  fingerprint: string;
  serial: string;
  not_before: Date;
  not_after: Date;
  uploaded_on: Date;
  modified_on: Date;
}

/** A certificate with what serves it: chain in PEM, leaf first, and its sealed private key. */
export interface StoredKeyPair {
  readonly chain: string;
  readonly sealedKey: Buffer;
}

/** Where certificates are: those that a pack has, and those that are to come in their place. */
export type CertificateTable = 'certificates' | 'successors';

const COLUMNS = `id, algorithm, hosts, issuer, signature, fingerprint, serial, not_before, not_after, uploaded_on,
  modified_on`;

/** A pack's certificates, and those that are to come in their place; ECDSA first. */
export async function listCertificates(
  db: Db,
  pack: PackKey,
): Promise<{ readonly present: Certificate[]; readonly coming: Certificate[] }> {
  const { rows } = await execute<CertificateRow & { is_coming: boolean }>(db, LIST, packKey(pack));
  return {
    present: rows.filter((row) => !row.is_coming).map(toCertificate),
    coming: rows.filter((row) => row.is_coming).map(toCertificate),
  };
}

const LIST = statement(`
  select ${COLUMNS}, false as is_coming from certificates where ${OF_PACK}
  union all select ${COLUMNS}, true from successors where ${OF_PACK} order by algorithm`);

/** A certificate with its chain in PEM, leaf first, and whether it is to come in the place of another. */
export interface CertificateChain {
  readonly id: string;
  readonly algorithm: Algorithm;
  readonly chain: string;
  readonly isComing: boolean;
}

/** The chains of a pack's certificates, and of those that are to come in their place; ECDSA first. */
export async function listChains(db: Db, pack: PackKey): Promise<CertificateChain[]> {
  const { rows } = await execute<Omit<CertificateChain, 'isComing'> & { is_coming: boolean }>(
    db,
    CHAINS,
    packKey(pack),
  );
  return rows.map(({ is_coming: isComing, ...one }) => ({ ...one, isComing }));
}

const CHAINS = statement(`
  select id, algorithm, chain, false as is_coming from certificates where ${OF_PACK}
  union all select id, algorithm, chain, true from successors where ${OF_PACK} order by is_coming, algorithm`);

/** Stores a certificate of a pack in place of the one that the table had of it for that algorithm. */
export async function putCertificate(
  tx: Tx,
  pack: PackKey,
  certificate: Certificate,
  {
    chain,
    sealedKey,
    table,
  }: Omit<StoredKeyPair, 'sealedKey'> & {
    /** Undefined: it is sealed to regions, or not here. */
    readonly sealedKey: Buffer | undefined;
    readonly table: CertificateTable;
  },
): Promise<void> {
  const { notBefore, notAfter, uploadedOn, modifiedOn, ...named } = certificate;
  const times = {
    not_before: notBefore,
    not_after: notAfter,
    uploaded_on: uploadedOn,
    modified_on: modifiedOn,
  };
  await execute(tx, PUT[table], {
    ...named,
    ...times,
    ...packKey(pack),
    chain,
    sealed_key: sealedKey ?? null,
  });
}

const putting = (table: CertificateTable) =>
  statement(`
    insert into ${table} (cell, zone_id, pack_id, ${COLUMNS}, chain, sealed_key)
    values (:cell, :zone, :pack, :id, :algorithm, :hosts, :issuer, :signature, :fingerprint, :serial, :not_before, :not_after,
      :uploaded_on, :modified_on, :chain, :sealed_key)
    on conflict (cell, zone_id, pack_id, algorithm) do update set (id, hosts, issuer, signature, fingerprint, serial, not_before,
      not_after, uploaded_on, modified_on, chain, sealed_key) = (excluded.id, excluded.hosts, excluded.issuer,
      excluded.signature, excluded.fingerprint, excluded.serial, excluded.not_before, excluded.not_after,
      excluded.uploaded_on, excluded.modified_on, excluded.chain, excluded.sealed_key)`);

const PUT = { certificates: putting('certificates'), successors: putting('successors') } as const;

/** Removes a pack's certificates and their keys: it begins anew. */
export async function deleteCertificates(tx: Tx, pack: PackKey): Promise<void> {
  await execute(tx, DELETE, packKey(pack));
}

const DELETE = statement(
  `with coming as (delete from successors where ${OF_PACK}) delete from certificates where ${OF_PACK}`,
);

/** Stores what there is of a pack's key anew. */
export async function replaceSealedKey(
  tx: Tx,
  pack: PackKey,
  algorithm: Algorithm,
  sealedKey: Buffer,
): Promise<void> {
  await execute(tx, REPLACE_KEY, { ...packKey(pack), algorithm, sealed_key: sealedKey });
}

const REPLACE_KEY = statement(
  `update certificates set sealed_key = :sealed_key where ${OF_PACK} and algorithm = :algorithm`,
);

interface KeyPairRow {
  algorithm: Algorithm;
  chain: string;
  sealed_key: Buffer;
  is_coming: boolean;
}

/** Of a pack, one for each algorithm. */
export type ServedKeyPairs = readonly (StoredKeyPair & { readonly algorithm: Algorithm })[];

/**
 * Chains and sealed keys of a pack that edges are to serve: those to come, once there is one for each that is there. Keys that are
 * sealed to regions are in `region-keys.ts`.
 */
export async function listKeyPairs(db: Db, pack: PackKey): Promise<ServedKeyPairs> {
  const { rows } = await execute<KeyPairRow>(db, KEY_PAIRS, packKey(pack));
  return servedIn(rows);
}

/** The same of many packs, by their ids. Those that have none are left out. */
export async function listKeyPairsOf(
  db: Db,
  packs: readonly PackKey[],
): Promise<ReadonlyMap<string, ServedKeyPairs>> {
  if (packs.length === 0) return new Map();
  const zones = packs.map(({ zone }) => zone.id);
  const values = { ...cellsOf(zones), zones, packs: packs.map(({ id }) => id) };
  const { rows } = await execute<KeyPairRow & { pack_id: string }>(db, KEY_PAIRS_OF, values);
  return new Map([...Map.groupBy(rows, (row) => row.pack_id)].map(([id, all]) => [id, servedIn(all)]));
}

function servedIn(rows: readonly KeyPairRow[]): ServedKeyPairs {
  const [coming, present] = [rows.filter((row) => row.is_coming), rows.filter((row) => !row.is_coming)];
  const isWhole = present.every(({ algorithm }) => coming.some((row) => row.algorithm === algorithm));
  const served = coming.length > 0 && isWhole ? coming : present;
  return served.map((row) => ({ algorithm: row.algorithm, chain: row.chain, sealedKey: row.sealed_key }));
}

const KEY_PAIRS = statement(`
  select algorithm, chain, sealed_key, false as is_coming from certificates where ${OF_PACK} and sealed_key is not null
  union all select algorithm, chain, sealed_key, true from successors where ${OF_PACK} order by algorithm`);

const own = (table: string): string =>
  `${inCells(table)} and ${table}.cell = asked.cell and ${table}.zone_id = asked.zone_id and ${table}.pack_id = asked.id`;

const KEY_PAIRS_OF = statement(`
  select asked.id as pack_id, found.*
    from unnest(:own::smallint[], :zones::text[], :packs::uuid[]) as asked (cell, zone_id, id)
   cross join lateral (
     select algorithm, chain, sealed_key, false as is_coming from certificates where ${own('certificates')} and sealed_key is not null
     union all select algorithm, chain, sealed_key, true from successors where ${own('successors')}) as found
   order by asked.id, found.algorithm`);

const toCertificate = (row: CertificateRow): Certificate => ({
  id: row.id,
  algorithm: row.algorithm,
  hosts: row.hosts,
  issuer: row.issuer,
  signature: row.signature,
  fingerprint: row.fingerprint,
  serial: row.serial,
  notBefore: row.not_before,
  notAfter: row.not_after,
  uploadedOn: row.uploaded_on,
  modifiedOn: row.modified_on,
});
