import { createHash, randomBytes } from 'node:crypto';
import { newHexId } from '../kit/id.ts';
import { type Access, policyFor } from '../pack/permission.ts';
import type { Db, Tx } from './store.ts';
import {
  type NewToken,
  TOKEN_RECORD_COLUMNS,
  type Token,
  type TokenRecord,
  type TokenRecordRow,
  type TokenTerms,
  toTokenRecord,
} from './token-row.ts';

/** Condition under which a token is good at `now`, a parameter of the statement that it stands in. */
export const isGood = (now: string): string =>
  `not tokens.is_disabled and not tokens.is_held
   and (tokens.expires_on is null or tokens.expires_on > ${now})
   and (tokens.not_before is null or tokens.not_before <= ${now})`;

/** Makes a token with an access, and returns its secret, which is stored nowhere: only its hash is. */
export async function createToken(
  db: Db,
  { access, zones, ...rest }: Omit<NewToken, 'policies'> & { access: Access; zones?: readonly string[] },
  now: Date,
): Promise<string> {
  const secret = newSecret();
  await insertToken(db, { ...rest, policies: [policyFor(newHexId(), access, zones)] }, secret, now);
  return secret;
}

/** Makes a token with a secret that is given, and an id of its own unless told. Its id. */
export async function insertToken(
  db: Db,
  { id = newHexId(), ...token }: NewToken & { readonly id?: string },
  secret: string,
  now: Date,
): Promise<string> {
  await db.query(
    `insert into tokens (id, account_id, name, hash, policies, request_ip, not_before, expires_on, is_disabled, is_held,
       created_on, modified_on, made_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)`,
    [id, token.accountId, token.name, hashOf(secret), ...termsOf(token), now, token.madeBy ?? null],
  );
  return id;
}

/** Values of `policies`, `request_ip`, `not_before`, `expires_on`, `is_disabled` and `is_held`. */
const termsOf = (token: TokenTerms): unknown[] => [
  JSON.stringify(token.policies),
  token.requestIp === undefined ? null : JSON.stringify(token.requestIp),
  token.notBefore ?? null,
  token.expiresOn ?? null,
  token.isDisabled ?? false,
  token.isHeld ?? false,
];

/** Gives a token other terms. */
export async function updateToken(db: Db, token: TokenTerms & Pick<Token, 'id'>, now: Date): Promise<void> {
  await db.query(
    `update tokens set name = $3, policies = $4, request_ip = $5, not_before = $6, expires_on = $7, is_disabled = $8,
       is_held = $9, modified_on = $10
      where account_id = $1 and id = $2`,
    [token.accountId, token.id, token.name, ...termsOf(token), now],
  );
}

/** A secret of 240 random bits. */
export const newSecret = (): string => `cp_${randomBytes(30).toString('base64url')}`;

/** What a user's key and address are together, as the secret of a token. */
export const keySecret = (email: string, key: string): string => `${email.toLowerCase()} ${key}`;

/** Which of an account's tokens, in which order. */
interface TokenPage {
  readonly page: number;
  readonly perPage: number;
  /** Whether the newest comes first; else the oldest does. */
  readonly isDescending?: boolean;
  /** Leaves those out that ended by then; undefined: none. */
  readonly endingAfter?: Date | undefined;
}

/** A page of an account's tokens, with the count of all. */
export async function listTokens(
  db: Db,
  accountId: string,
  { page, perPage, isDescending = false, endingAfter }: TokenPage,
): Promise<{ readonly tokens: TokenRecord[]; readonly total: number }> {
  const direction = isDescending ? 'desc' : 'asc';
  const values = [accountId, endingAfter ?? null];
  const listed = 'account_id = $1 and ($2::timestamptz is null or expires_on is null or expires_on > $2)';
  const { rows } = await db.query<TokenRecordRow>(
    `select ${TOKEN_RECORD_COLUMNS} from tokens where ${listed}
      order by created_on ${direction}, id ${direction} limit $3 offset $4`,
    [...values, perPage, (page - 1) * perPage],
  );
  const count = await db.query<{ n: number }>(
    `select count(*)::int as n from tokens where ${listed}`,
    values,
  );
  return { tokens: rows.map(toTokenRecord), total: count.rows[0]?.n ?? 0 };
}

/** A token of an account, or undefined. */
export async function getTokenRecord(
  db: Db,
  accountId: string,
  id: string,
): Promise<TokenRecord | undefined> {
  const { rows } = await db.query<TokenRecordRow>(
    `select ${TOKEN_RECORD_COLUMNS} from tokens where account_id = $1 and id = $2`,
    [accountId, id],
  );
  return rows[0] && toTokenRecord(rows[0]);
}

/** A token of an account that is good now, or undefined. */
export async function getGoodToken(
  db: Db,
  accountId: string,
  id: string,
  now: Date,
): Promise<TokenRecord | undefined> {
  const { rows } = await db.query<TokenRecordRow>(
    `select ${TOKEN_RECORD_COLUMNS} from tokens where account_id = $1 and id = $2 and ${isGood('$3')}`,
    [accountId, id, now],
  );
  return rows[0] && toTokenRecord(rows[0]);
}

/** A token of an account by its name, the oldest of several, or undefined. */
export async function getTokenNamed(
  db: Db,
  accountId: string,
  name: string,
): Promise<TokenRecord | undefined> {
  const { rows } = await db.query<TokenRecordRow>(
    `select ${TOKEN_RECORD_COLUMNS} from tokens where account_id = $1 and name = $2 order by created_on, id limit 1`,
    [accountId, name],
  );
  return rows[0] && toTokenRecord(rows[0]);
}

/** Lets nobody else make, change or delete tokens of the account until the transaction ends. */
export async function lockTokens(tx: Tx, accountId: string): Promise<void> {
  // Weaker than `for update`: whoever makes a pack or a zone refers to the account, and need not wait.
  await tx.query('select from accounts where id = $1 for no key update', [accountId]);
}

/** What a token made, and what that made, and so on: each behind its maker. */
export async function listMadeBy(db: Db, accountId: string, id: string): Promise<TokenRecord[]> {
  const { rows } = await db.query<TokenRecordRow>(
    `with recursive line as (
       select id, 0 as depth from tokens where account_id = $1 and made_by = $2
       union all
       select made.id, line.depth + 1 from tokens as made join line on made.made_by = line.id
        where made.account_id = $1)
     select ${TOKEN_RECORD_COLUMNS} from tokens join line on line.id = tokens.id where account_id = $1
      order by line.depth, tokens.created_on, tokens.id`,
    [accountId, id],
  );
  return rows.map(toTokenRecord);
}

/** Takes tokens of an account away: the next request that bears one is refused. How many there were. */
export async function deleteTokens(db: Db, accountId: string, ids: readonly string[]): Promise<number> {
  const { rowCount } = await db.query('delete from tokens where account_id = $1 and id = any($2)', [
    accountId,
    ids,
  ]);
  return rowCount ?? 0;
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

/** How many tokens there are, in an account or in all. */
export async function countTokens(db: Db, accountId?: string): Promise<number> {
  const { rows } = await db.query<{ n: number }>(
    'select count(*)::int as n from tokens where $1::text is null or account_id = $1',
    [accountId ?? null],
  );
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
