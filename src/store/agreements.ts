import type { Db } from './store.ts';

/** The value that the first process gave to a name; `value` where this one is the first. */
export async function agreeOn(db: Db, name: string, value: string): Promise<string> {
  await db.query('insert into agreements (name, value) values ($1, $2) on conflict do nothing', [
    name,
    value,
  ]);
  const { rows } = await db.query<{ value: string }>('select value from agreements where name = $1', [name]);
  return rows[0]?.value ?? value;
}
