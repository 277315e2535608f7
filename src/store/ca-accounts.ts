import type { Db } from './store.ts';

/** An account at a CA's directory, its key sealed. */
export interface StoredCaAccount {
  /** Undefined: the CA has not told yet. */
  readonly url: string | undefined;
  readonly sealedKey: Buffer;
}

/** Where an account is. */
export interface CaAccountPlace {
  readonly ca: string;
  readonly directoryUrl: string;
}

/** The account at a directory, or undefined. */
export async function getCaAccount(
  db: Db,
  { ca, directoryUrl }: CaAccountPlace,
): Promise<StoredCaAccount | undefined> {
  const { rows } = await db.query<{ url: string | null; sealed_key: Buffer }>(
    'select url, sealed_key from ca_accounts where ca = $1 and directory_url = $2',
    [ca, directoryUrl],
  );
  return rows[0] && { url: rows[0].url ?? undefined, sealedKey: rows[0].sealed_key };
}

/** Keeps the key of an account that is to be made, unless another process was first: that one stays. */
export async function beginCaAccount(
  db: Db,
  { ca, directoryUrl }: CaAccountPlace,
  sealedKey: Buffer,
  now: Date,
): Promise<void> {
  await db.query(
    `insert into ca_accounts (ca, directory_url, sealed_key, created_on) values ($1, $2, $3, $4)
     on conflict do nothing`,
    [ca, directoryUrl, sealedKey, now],
  );
}

/** Keeps an account with its URL, in place of what is kept there. */
export async function putCaAccount(
  db: Db,
  { ca, directoryUrl }: CaAccountPlace,
  { url, sealedKey }: StoredCaAccount,
  now: Date,
): Promise<void> {
  await db.query(
    `insert into ca_accounts (ca, directory_url, url, sealed_key, created_on) values ($1, $2, $3, $4, $5)
     on conflict (ca, directory_url) do update set url = excluded.url, sealed_key = excluded.sealed_key`,
    [ca, directoryUrl, url, sealedKey, now],
  );
}

/**
 * Whose accounts are kept at a CA, at whatever directory: ids of accounts of ours that have their own there (after `#` in
 * `directory_url`), and '' for the one of all.
 */
export async function listCaAccountTenants(db: Db, ca: string): Promise<string[]> {
  const { rows } = await db.query<{ tenant: string }>(
    "select distinct split_part(directory_url, '#', 2) as tenant from ca_accounts where ca = $1 order by 1",
    [ca],
  );
  return rows.map(({ tenant }) => tenant);
}

/** Forgets the accounts of one of these at a CA, at whatever directory; the URLs of those that had one. */
export async function deleteCaAccounts(db: Db, ca: string, tenant: string): Promise<string[]> {
  const { rows } = await db.query<{ url: string | null }>(
    "delete from ca_accounts where ca = $1 and split_part(directory_url, '#', 2) = $2 returning url",
    [ca, tenant],
  );
  return rows.flatMap(({ url }) => url ?? []);
}
