/** Browsers that are signed in, and codes by which one signs in once: both stand for a token for a while. */
import { createHash, randomBytes } from 'node:crypto';
import type { Db, Tx } from './store.ts';
import { TOKEN_COLUMNS, type Token, type TokenRow, toToken } from './token-row.ts';
import { isGood } from './tokens.ts';

/** A secret of 256 random bits: so a plain hash of it cannot be turned back by guessing. */
export const newSessionSecret = (): string => randomBytes(32).toString('base64url');

/** What such a secret looks like. */
export const SESSION_SECRET = /^[\w-]{43}$/;

const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** What is stored of a session, or of a code. */
export interface NewSession {
  readonly secret: string;
  /** Hash of the token that it stands for. */
  readonly tokenHash: Buffer;
  readonly isCode: boolean;
  readonly expiresOn: Date;
}

export async function insertSession(
  db: Db,
  { secret, tokenHash, isCode, expiresOn }: NewSession,
): Promise<void> {
  await db.query('insert into sessions (hash, token_hash, is_code, expires_on) values ($1, $2, $3, $4)', [
    hashOf(secret),
    tokenHash,
    isCode,
    expiresOn,
  ]);
}

/** A session that has not ended. */
export interface Session {
  readonly tokenHash: Buffer;
  readonly expiresOn: Date;
}

/** The session with that secret; undefined where there is none, or it is over. Whether its token is good it does not tell. */
export async function getSession(db: Db, secret: string, now: Date): Promise<Session | undefined> {
  const { rows } = await db.query<{ token_hash: Buffer; expires_on: Date }>(
    'select token_hash, expires_on from sessions where hash = $1 and not is_code and expires_on > $2',
    [hashOf(secret), now],
  );
  return rows[0] && { tokenHash: rows[0].token_hash, expiresOn: rows[0].expires_on };
}

/** Takes a code away, and tells the hash of its token; undefined where there is no such code, or its time is over. */
export async function useCode(tx: Tx, secret: string, now: Date): Promise<Buffer | undefined> {
  const { rows } = await tx.query<{ token_hash: Buffer }>(
    'delete from sessions where hash = $1 and is_code and expires_on > $2 returning token_hash',
    [hashOf(secret), now],
  );
  return rows[0]?.token_hash;
}

/** The token with that hash that is good now, or undefined. */
export async function getTokenByHash(db: Db, hash: Buffer, now: Date): Promise<Token | undefined> {
  const { rows } = await db.query<TokenRow>(
    `select ${TOKEN_COLUMNS} from tokens where hash = $1 and ${isGood('$2')}`,
    [hash, now],
  );
  return rows[0] && toToken(rows[0]);
}

export async function deleteSession(db: Db, secret: string): Promise<void> {
  await db.query('delete from sessions where hash = $1 and not is_code', [hashOf(secret)]);
}

/** Removes what is over, and of a token's own all but the `most` that end last. */
export async function tidySessions(
  tx: Tx,
  { tokenHash, most }: { readonly tokenHash: Buffer; readonly most: number },
  now: Date,
): Promise<void> {
  await tx.query('delete from sessions where expires_on <= $1', [now]);
  await tx.query(
    `delete from sessions where hash in (
       select hash from sessions where token_hash = $1 order by expires_on desc, hash offset $2)`,
    [tokenHash, most],
  );
}
