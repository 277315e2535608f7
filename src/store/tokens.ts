import { createHash, randomBytes } from 'node:crypto';
import { newHexId } from '../kit/id.ts';
import type { Db } from './store.ts';

export type Access = 'read' | 'write';

/** What a bearer token allows. */
export interface Token {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  /** `write` includes reading. */
  readonly access: Access;
  /** Ids of the zones it is limited to; undefined for every zone of its account. */
  readonly zones?: readonly string[];
}

interface TokenRow {
  id: string;
  account_id: string;
  name: string;
  access: Access;
  zones: string[] | null;
}

type NewToken = Omit<Token, 'id'>;

/** Makes a token and returns its secret, which is stored nowhere: only its hash is. */
export async function createToken(db: Db, token: NewToken, now: Date): Promise<string> {
  const secret = `cp_${randomBytes(30).toString('base64url')}`;
  await db.query(
    `insert into tokens (id, account_id, name, hash, access, zones, created_on)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [newHexId(), token.accountId, token.name, hashOf(secret), token.access, token.zones ?? null, now],
  );
  return secret;
}

/** The token with that secret, or undefined. */
export async function getToken(db: Db, secret: string): Promise<Token | undefined> {
  const { rows } = await db.query<TokenRow>(
    'select id, account_id, name, access, zones from tokens where hash = $1',
    [hashOf(secret)],
  );
  return rows[0] && toToken(rows[0]);
}

/** How many tokens there are. */
export async function countTokens(db: Db): Promise<number> {
  const { rows } = await db.query<{ n: number }>('select count(*)::int as n from tokens');
  return rows[0]?.n ?? 0;
}

/** Removes every token of that name from an account. */
export async function deleteTokensNamed(db: Db, accountId: string, name: string): Promise<void> {
  await db.query('delete from tokens where account_id = $1 and name = $2', [accountId, name]);
}

/** A token has 240 random bits, so a plain hash cannot be turned back by guessing. */
export const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

const toToken = ({ id, account_id, name, access, zones }: TokenRow): Token => ({
  id,
  accountId: account_id,
  name,
  access,
  ...(zones && { zones }),
});
