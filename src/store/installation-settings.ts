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
