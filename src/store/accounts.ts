import { newHexId } from '../kit/id.ts';
import type { Db } from './store.ts';

export interface Account {
  readonly id: string;
  readonly name: string;
}

/**
 * Workers take due packs lane by lane, and accounts are dealt to lanes in turn (stochastic fairness queueing,
 * McKenney 1990): an account with a hundred thousand due packs holds up its own lane, not the others.
 */
export const LANES = 64;

/** A new account. */
export async function createAccount(db: Db, name: string, now: Date): Promise<Account> {
  const id = newHexId();
  await db.query(
    `insert into accounts (id, name, lane, created_on)
     select $1, $2, count(*) % ${LANES}, $3 from accounts`,
    [id, name, now],
  );
  return { id, name };
}

/** The account of that name that was made first, or undefined. */
export async function getAccountByName(db: Db, name: string): Promise<Account | undefined> {
  const { rows } = await db.query<Account>(
    'select id, name from accounts where name = $1 order by created_on, id limit 1',
    [name],
  );
  return rows[0];
}

export interface AccountRecord extends Account {
  readonly createdOn: Date;
}

/** The account, or undefined. */
export async function getAccount(db: Db, id: string): Promise<AccountRecord | undefined> {
  const { rows } = await db.query<{ id: string; name: string; created_on: Date }>(
    'select id, name, created_on from accounts where id = $1',
    [id],
  );
  const [row] = rows;
  return row && { id: row.id, name: row.name, createdOn: row.created_on };
}
