import { newHexId } from '../kit/id.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';

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
export async function createAccount(
  db: Db,
  name: string,
  now: Date,
  id = newHexId(),
): Promise<AccountRecord> {
  await db.query(
    `insert into accounts (id, name, lane, created_on)
     select $1, $2, count(*) % ${LANES}, $3 from accounts`,
    [id, name, now],
  );
  return { id, name, createdOn: now };
}

export interface AccountRecord extends Account {
  readonly createdOn: Date;
}

interface AccountRow {
  id: string;
  name: string;
  created_on: Date;
}

/** The account, or undefined. */
export async function getAccount(db: Db, id: string): Promise<AccountRecord | undefined> {
  const { rows } = await db.query<AccountRow>('select id, name, created_on from accounts where id = $1', [
    id,
  ]);
  return rows[0] && toRecord(rows[0]);
}

/** All accounts, the oldest first. */
export async function listAccounts(db: Db): Promise<AccountRecord[]> {
  const { rows } = await db.query<AccountRow>(
    'select id, name, created_on from accounts order by created_on, id',
  );
  return rows.map(toRecord);
}

/** The accounts of that name, the oldest first: there is one at most, unless an older version made more. */
export async function listAccountsNamed(db: Db, name: string): Promise<AccountRecord[]> {
  const { rows } = await db.query<AccountRow>(
    'select id, name, created_on from accounts where name = $1 order by created_on, id',
    [name],
  );
  return rows.map(toRecord);
}

const toRecord = ({ id, name, created_on: createdOn }: AccountRow): AccountRecord => ({
  id,
  name,
  createdOn,
});

/** Whether there are other accounts than this one. */
export async function isOneOfMany(db: Db, id: string): Promise<boolean> {
  const { rowCount } = await execute(db, OTHERS, { id });
  return rowCount === 1;
}

const OTHERS = statement('select from accounts where id <> :id limit 1');
