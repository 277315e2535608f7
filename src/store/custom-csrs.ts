/** Requests for certificates that customers take to a CA of theirs, with the sealed keys that were made for them. */
import type { CsrKeyType, CsrSubject, CsrTerms } from '../pack/custom-csr.ts';
import type { PackKey } from '../pack/pack.ts';
import { type AlertKey, accountKey, alertKey, OF_ACCOUNT, THIS } from './alert-row.ts';
import { suffixesOf } from './published-records.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { cellOf } from './zone-key.ts';

/** A request by its account and id. */
export type CsrKey = AlertKey;

/** Whose requests are meant: an account's own, or those of one of its zones. */
export interface CsrOwner {
  readonly accountId: string;
  /** Undefined: the account. */
  readonly zoneId: string | undefined;
}

/** A request, without its key. */
export interface CustomCsr extends CsrKey, CsrOwner {
  readonly createdOn: Date;
  readonly name: string;
  readonly description: string;
  readonly keyType: CsrKeyType;
  readonly subject: CsrSubject;
  readonly sans: readonly string[];
  /** PEM. */
  readonly csr: string;
  /** Lower-case hexadecimal SHA-256 of its SubjectPublicKeyInfo. */
  readonly publicKey: string;
}

/** The same with its sealed key. */
export interface SealedCsr extends CustomCsr {
  readonly sealedKey: Buffer;
}

interface Row {
  id: string;
  account_id: string;
  zone_id: string | null;
  created_on: Date;
  name: string;
  description: string;
  key_type: CsrKeyType;
  subject: CsrSubject;
  sans: string[];
  csr: string;
  public_key: string;
  sealed_key: Buffer;
}

const COLUMNS =
  'id, account_id, zone_id, created_on, name, description, key_type, subject, sans, csr, public_key, sealed_key';

const toCsr = (row: Row): SealedCsr => ({
  id: row.id,
  accountId: row.account_id,
  zoneId: row.zone_id ?? undefined,
  createdOn: row.created_on,
  name: row.name,
  description: row.description,
  keyType: row.key_type,
  subject: row.subject,
  sans: row.sans,
  csr: row.csr,
  publicKey: row.public_key,
  sealedKey: row.sealed_key,
});

/** Stores a new request. */
export async function insertCsr(tx: Tx, one: SealedCsr): Promise<void> {
  await execute(tx, INSERT, {
    ...alertKey(one),
    zone: one.zoneId ?? null,
    now: one.createdOn,
    name: one.name,
    description: one.description,
    key_type: one.keyType,
    subject: one.subject,
    sans: one.sans,
    csr: one.csr,
    public_key: one.publicKey,
    sealed_key: one.sealedKey,
  });
}

const INSERT = statement(`
  insert into custom_csrs (cell, account_id, id, zone_id, created_on, name, description, key_type, subject, sans, csr,
    public_key, sealed_key)
  values (:cell, :account, :id, :zone, :now, :name, :description, :key_type, :subject, :sans, :csr, :public_key, :sealed_key)`);

/** How many an account has, those of its zones among them. */
export async function countCsrs(db: Db, accountId: string): Promise<number> {
  const { rows } = await execute<{ n: number }>(db, COUNT, accountKey(accountId));
  return rows[0]?.n ?? 0;
}

const COUNT = statement(`select count(*)::int as n from custom_csrs where ${OF_ACCOUNT}`);

/** A request of an account, whoever's in it; undefined where there is none. */
export async function getCsr(db: Db, key: CsrKey): Promise<SealedCsr | undefined> {
  const { rows } = await execute<Row>(db, GET, alertKey(key));
  return rows[0] && toCsr(rows[0]);
}

const GET = statement(`select ${COLUMNS} from custom_csrs where ${THIS}`);

/** Keeps a request as it is while the transaction lasts: for use, or for its end. Whether it is there. */
export async function lockCsr(tx: Tx, key: CsrKey, what: 'use' | 'end'): Promise<boolean> {
  const { rows } = await execute(tx, LOCKS[what], alertKey(key));
  return rows.length > 0;
}

const LOCKS = {
  use: statement(`select 1 from custom_csrs where ${THIS} for key share`),
  end: statement(`select 1 from custom_csrs where ${THIS} for update`),
} as const;

/** The requests of these public keys that a zone may use: its own and its account's, the last made first. */
export async function findCsrs(
  db: Db,
  { accountId, zoneId }: CsrOwner,
  publicKeys: readonly string[],
): Promise<SealedCsr[]> {
  const values = { ...accountKey(accountId), zone: zoneId, keys: publicKeys };
  const { rows } = await execute<Row>(db, FIND, values);
  return rows.map(toCsr);
}

const FIND = statement(`
  select ${COLUMNS} from custom_csrs
   where ${OF_ACCOUNT} and public_key = any(:keys) and (zone_id is null or zone_id = :zone) order by created_on desc, id`);

/** The request that an owner made last by the same terms, not before `since`. */
export async function findSameCsr(
  db: Db,
  { accountId, zoneId }: CsrOwner,
  { subject, sans, keyType, name, description }: CsrTerms,
  since: Date,
): Promise<CustomCsr | undefined> {
  const terms = { subject, sans, key_type: keyType, name, description };
  const values = { ...accountKey(accountId), zone: zoneId ?? null, since, ...terms };
  const { rows } = await execute<Row>(db, SAME, values);
  return rows[0] && toCsr(rows[0]);
}

const SAME = statement(`
  select ${COLUMNS} from custom_csrs
   where ${OF_ACCOUNT} and zone_id is not distinct from :zone::text and created_on >= :since and subject = :subject::jsonb
     and sans = :sans::text[] and key_type = :key_type and name = :name and description = :description
   order by created_on desc limit 1`);

export const CSR_ORDERS = ['name', 'account_tag', 'created_at'] as const;

/** A page of a list of requests. */
export interface CsrPage {
  readonly page: number;
  readonly perPage: number;
  readonly order: (typeof CSR_ORDERS)[number];
  readonly isDescending: boolean;
}

/** Requests of an owner, with the number of all: both as they are at one moment. */
export async function listCsrs(
  db: Db,
  { accountId, zoneId }: CsrOwner,
  { page, perPage, order, isDescending }: CsrPage,
): Promise<{ readonly csrs: readonly CustomCsr[]; readonly total: number }> {
  const way = isDescending ? 'down' : 'up';
  const values = {
    ...accountKey(accountId),
    zone: zoneId ?? null,
    most: perPage,
    before: (page - 1) * perPage,
  };
  const { rows } = await execute<Row & { total: number; found: string | null }>(
    db,
    LISTS[order][way],
    values,
  );
  return { csrs: rows.filter(({ found }) => found !== null).map(toCsr), total: rows[0]?.total ?? 0 };
}

function listing(column: string, way: 'asc' | 'desc') {
  const order = `${column} ${way}, created_on ${way}, id ${way}`;
  return statement(`
    with matched as (select ${COLUMNS} from custom_csrs where ${OF_ACCOUNT} and zone_id is not distinct from :zone::text)
    select total, page.*, page.id as found
      from (select count(*)::int as total from matched) as counted
      left join (select * from matched order by ${order} limit :most offset :before) as page on true
     order by ${order}`);
}

const both = (column: string) => ({ up: listing(column, 'asc'), down: listing(column, 'desc') });
/** All have one account: by that they are as by their time. */
const LISTS = {
  name: both('name'),
  account_tag: both('account_id'),
  created_at: both('created_on'),
} as const;

/** Removes a request and its key. */
export async function deleteCsr(tx: Tx, key: CsrKey): Promise<void> {
  await execute(tx, DELETE, alertKey(key));
}

const DELETE = statement(`delete from custom_csrs where ${THIS}`);

/** Removes those of a zone, which goes. */
export async function deleteCsrsOfZone(tx: Tx, accountId: string, zoneId: string): Promise<void> {
  await execute(tx, DELETE_OF_ZONE, { ...accountKey(accountId), zone: zoneId });
}

const DELETE_OF_ZONE = statement(`delete from custom_csrs where ${OF_ACCOUNT} and zone_id = :zone`);

/** Notes that a pack has its key from a request. */
export async function putCsrUse(tx: Tx, { accountId, id }: CsrKey, pack: PackKey): Promise<void> {
  const values = { cell: cellOf(accountId), account: accountId, id, zone: pack.zone.id, pack: pack.id };
  await execute(tx, PUT_USE, values);
}

const PUT_USE = statement(`
  insert into custom_csr_uses (cell, account_id, csr_id, zone_id, pack_id) values (:cell, :account, :id, :zone, :pack)
  on conflict do nothing`);

/** Packs that had their key from a request, some of which may be gone. */
export async function listCsrUses(db: Db, key: CsrKey): Promise<PackKey[]> {
  const { rows } = await execute<{ zone_id: string; pack_id: string }>(db, USES, alertKey(key));
  return rows.map(({ zone_id, pack_id }) => ({ id: pack_id, zone: { id: zone_id } }));
}

const USES = statement(
  `select zone_id, pack_id from custom_csr_uses where ${OF_ACCOUNT} and csr_id = :id order by zone_id, pack_id`,
);

/** Those of these names that lie in zones of an account, or are their apex. */
export async function listOwnNames(
  db: Db,
  accountId: string,
  names: readonly string[],
): Promise<Set<string>> {
  const above = new Map(names.map((name) => [name, suffixesOf(name)]));
  const suffixes = [...new Set([...above.values()].flat())];
  const { rows } = await execute<{ name: string }>(db, OWN, { account: accountId, suffixes });
  const own = new Set(rows.map(({ name }) => name));
  return new Set(names.filter((name) => above.get(name)?.some((suffix) => own.has(suffix))));
}

const OWN = statement('select name from zone_names where name = any(:suffixes) and account_id = :account');
