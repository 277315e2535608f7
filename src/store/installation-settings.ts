import { randomBytes } from 'node:crypto';
import type { Db } from './store.ts';

/** The value that the first process gave to a name; `value` where this one is the first. */
export async function settleSetting(db: Db, name: string, value: string): Promise<string> {
  await db.query('insert into agreements (name, value) values ($1, $2) on conflict do nothing', [
    name,
    value,
  ]);
  return (await getSetting(db, name)) ?? value;
}

/** The value that a name has; undefined where nobody gave it one. */
export async function getSetting(db: Db, name: string): Promise<string | undefined> {
  const { rows } = await db.query<{ value: string }>('select value from agreements where name = $1', [name]);
  return rows[0]?.value;
}

/** Gives a name another value. */
export async function putSetting(db: Db, name: string, value: string): Promise<void> {
  await db.query(
    'insert into agreements (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value',
    [name, value],
  );
}

/** Gives a name another value where it still has that one, or none; false: it has another. */
export async function swapSetting(
  db: Db,
  name: string,
  from: string | undefined,
  to: string,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into agreements (name, value) values ($1, $3)
     on conflict (name) do update set value = excluded.value where agreements.value = $2`,
    [name, from ?? null, to],
  );
  return rowCount === 1;
}

/**
 * Makes a database another generation of its installation than the one that it is a copy of, and than every other copy: by a
 * number that goes up, and some letters of chance.
 */
export async function raiseGeneration(db: Db): Promise<void> {
  const last = Number.parseInt((await getSetting(db, GENERATION)) ?? '1', 10);
  await putSetting(db, GENERATION, `${last + 1}.${randomBytes(4).toString('hex')}`);
}

/** The generation of a database; '1' where it was never restored. */
export const getGeneration = async (db: Db): Promise<string> => (await getSetting(db, GENERATION)) ?? '1';

const GENERATION = 'generation';

/** Counts a start of a process: how many there were by now. A database that was put back to an earlier state counts from there. */
export async function countStart(db: Db): Promise<number> {
  const { rows } = await db.query<{ value: string }>(
    `insert into agreements (name, value) values ('starts', '1')
     on conflict (name) do update set value = (agreements.value::bigint + 1)::text returning value`,
  );
  return Number(rows[0]?.value);
}
