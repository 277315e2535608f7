import type { Db } from './store.ts';

/** An account at a CA's directory, its key sealed. */
export interface StoredCaAccount {
  readonly url: string;
  readonly sealedKey: Buffer;
}

/** The account at a directory, or undefined. */
export async function getCaAccount(
  db: Db,
  ca: string,
  directoryUrl: string,
): Promise<StoredCaAccount | undefined> {
  const { rows } = await db.query<{ url: string; sealed_key: Buffer }>(
    'select url, sealed_key from ca_accounts where ca = $1 and directory_url = $2',
    [ca, directoryUrl],
  );
  return rows[0] && { url: rows[0].url, sealedKey: rows[0].sealed_key };
}

/** Keeps an account, unless another process was first: that one stays. */
export async function putCaAccount(
  db: Db,
  place: { readonly ca: string; readonly directoryUrl: string },
  account: StoredCaAccount,
  now: Date,
): Promise<void> {
  await db.query(
    `insert into ca_accounts (ca, directory_url, url, sealed_key, created_on) values ($1, $2, $3, $4, $5)
     on conflict do nothing`,
    [place.ca, place.directoryUrl, account.url, account.sealedKey, now],
  );
}
