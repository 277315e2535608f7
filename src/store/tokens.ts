import { createHash, randomBytes } from 'node:crypto';
import { newHexId } from '../kit/id.ts';
import type { Db } from './store.ts';

/** `certificates` may write certificate packs and read the rest. */
export type Access = 'read' | 'certificates' | 'write';

/** What a bearer token allows. */
export interface Token {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly access: Access;
  /** Ids of the zones it is limited to; undefined for every zone of its account. */
  readonly zones?: readonly string[];
}

/** When a token is good, and what became of it. */
export interface TokenRecord extends Token {
  readonly createdOn: Date;
  readonly modifiedOn: Date;
  readonly notBefore?: Date | undefined;
  readonly expiresOn?: Date | undefined;
  /** To a minute; undefined: never. */
  readonly lastUsedOn?: Date | undefined;
}

/** A row of tokens, as far as it says what a token allows. */
export interface TokenRow {
  id: string;
  account_id: string;
  name: string;
  access: Access;
  zones: string[] | null;
}

interface RecordRow extends TokenRow {
  created_on: Date;
  modified_on: Date | null;
  not_before: Date | null;
  expires_on: Date | null;
  last_used_on: Date | null;
}

export type NewToken = Omit<Token, 'id'> & Pick<TokenRecord, 'notBefore' | 'expiresOn'>;

/** Makes a token and returns its secret, which is stored nowhere: only its hash is. */
export async function createToken(db: Db, token: NewToken, now: Date): Promise<string> {
  const secret = newSecret();
  await insertToken(db, token, secret, now);
  return secret;
}

/** Makes a token with a secret that is given. Its id. */
export async function insertToken(db: Db, token: NewToken, secret: string, now: Date): Promise<string> {
  const id = newHexId();
  const { accountId, name, access, zones = null, notBefore = null, expiresOn = null } = token;
  await db.query(
    `insert into tokens (id, account_id, name, hash, access, zones, created_on, modified_on, not_before, expires_on)
     values ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9)`,
    [id, accountId, name, hashOf(secret), access, zones, now, notBefore, expiresOn],
  );
  return id;
}

/** A secret of 240 random bits. */
export const newSecret = (): string => `cp_${randomBytes(30).toString('base64url')}`;

/** What a user's key and address are together, as the secret of a token. */
export const keySecret = (email: string, key: string): string => `${email.toLowerCase()} ${key}`;

/** Condition under which a token is good at `now`, a parameter of the statement that it stands in. */
export const isGood = (now: string): string =>
  `(tokens.expires_on is null or tokens.expires_on > ${now}) and (tokens.not_before is null or tokens.not_before <= ${now})`;

/** A page of an account's tokens, oldest first, with the count of all. */
export async function listTokens(
  db: Db,
  accountId: string,
  { page, perPage }: { readonly page: number; readonly perPage: number },
): Promise<{ readonly tokens: TokenRecord[]; readonly total: number }> {
  const { rows } = await db.query<RecordRow & { total: number }>(
    `select ${RECORD}, count(*) over ()::int as total from tokens where account_id = $1
      order by created_on, id limit $2 offset $3`,
    [accountId, perPage, (page - 1) * perPage],
  );
  return { tokens: rows.map(toRecord), total: rows[0]?.total ?? 0 };
}

/** A token of an account, or undefined. */
export async function getTokenRecord(
  db: Db,
  accountId: string,
  id: string,
): Promise<TokenRecord | undefined> {
  const { rows } = await db.query<RecordRow>(
    `select ${RECORD} from tokens where account_id = $1 and id = $2`,
    [accountId, id],
  );
  return rows[0] && toRecord(rows[0]);
}

const RECORD =
  'id, account_id, name, access, zones, created_on, modified_on, not_before, expires_on, last_used_on';

/** Takes a token away: the next request that bears it is refused. False where there was none. */
export async function deleteToken(db: Db, accountId: string, id: string): Promise<boolean> {
  const { rowCount } = await db.query('delete from tokens where account_id = $1 and id = $2', [
    accountId,
    id,
  ]);
  return rowCount === 1;
}

/** Gives a token another secret; the old one is refused from then on. False where there is none. */
export async function changeSecret(
  db: Db,
  { accountId, id }: Pick<Token, 'accountId' | 'id'>,
  secret: string,
  now: Date,
): Promise<boolean> {
  const { rowCount } = await db.query(
    'update tokens set hash = $3, modified_on = $4 where account_id = $1 and id = $2',
    [accountId, id, hashOf(secret), now],
  );
  return rowCount === 1;
}

/** Notes that tokens were used. */
export async function noteUses(db: Db, ids: readonly string[], now: Date): Promise<void> {
  await db.query('update tokens set last_used_on = $2 where id = any($1)', [ids, now]);
}

/** How many tokens there are. */
export async function countTokens(db: Db): Promise<number> {
  const { rows } = await db.query<{ n: number }>('select count(*)::int as n from tokens');
  return rows[0]?.n ?? 0;
}

/** Removes every token of that name from an account. How many. */
export async function deleteTokensNamed(db: Db, accountId: string, name: string): Promise<number> {
  const { rowCount } = await db.query('delete from tokens where account_id = $1 and name = $2', [
    accountId,
    name,
  ]);
  return rowCount ?? 0;
}

/** A token has 240 random bits, so a plain hash cannot be turned back by guessing. */
export const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** The token of a row. */
export const toToken = ({ id, account_id, name, access, zones }: TokenRow): Token => ({
  id,
  accountId: account_id,
  name,
  access,
  ...(zones && { zones }),
});

const toRecord = (row: RecordRow): TokenRecord => ({
  ...toToken(row),
  createdOn: row.created_on,
  modifiedOn: row.modified_on ?? row.created_on,
  notBefore: row.not_before ?? undefined,
  expiresOn: row.expires_on ?? undefined,
  lastUsedOn: row.last_used_on ?? undefined,
});
