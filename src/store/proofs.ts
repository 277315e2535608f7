import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';

/** What a pack shows: TXT values at our name servers, files at our edges. */
export interface Proofs {
  readonly txt: readonly { readonly name: string; readonly value: string }[];
  readonly files: readonly { readonly host: string; readonly path: string; readonly body: string }[];
}

/** Publishes what a pack has to show in place of what it showed. */
export async function publish(tx: Tx, packId: string, { txt, files }: Proofs): Promise<void> {
  await unpublish(tx, packId);
  if (txt.length > 0) {
    const names = txt.map(({ name }) => name);
    const values = txt.map(({ value }) => value);
    await execute(tx, PUBLISH_TXT, { pack: packId, names, values, reversed: names.map(reverse) });
  }
  if (files.length > 0) {
    await tx.query(
      `insert into http_files (pack_id, host, path, body)
       select $1, * from unnest($2::text[], $3::text[], $4::text[]) on conflict do nothing`,
      [packId, files.map(({ host }) => host), files.map(({ path }) => path), files.map(({ body }) => body)],
    );
  }
}

const PUBLISH_TXT = statement(`
  insert into txt_records (pack_id, name, value, reversed)
  select :pack, * from unnest(:names::text[], :values::text[], :reversed::text[]) on conflict do nothing`);

/** Takes away all that a pack shows. */
export async function unpublish(tx: Tx, packId: string): Promise<void> {
  await execute(tx, UNPUBLISH, { pack: packId });
}

const UNPUBLISH = statement(
  'with files as (delete from http_files where pack_id = :pack) delete from txt_records where pack_id = :pack',
);

/** The file that `host` has to show at `path`; undefined for none. */
export async function getFile(
  db: Db,
  host: string,
  path: string,
): Promise<{ readonly body: string } | undefined> {
  const { rows } = await db.query<{ body: string }>(
    'select body from http_files where host = $1 and path = $2 limit 1',
    [host, path],
  );
  return rows[0];
}

/** What is known of a name: the zone of type `full` among its `suffixes`, the values at it, and what is below it. */
interface Published {
  readonly zone: string | undefined;
  readonly txt: readonly string[];
  /** Whether anything is below it: a value, or a zone of ours. */
  readonly hasBelow: boolean;
}

/** What our name servers know of a name, in one statement. */
export async function published(db: Db, name: string, suffixes: readonly string[] = []): Promise<Published> {
  const reversed = reverse(name);
  const ends = { from: `${reversed}.`, to: `${reversed}/` }; // '/' follows '.' in the C collation
  const { rows } = await execute<PublishedRow>(db, PUBLISHED, { name, suffixes, ...ends });
  const [found] = rows;
  return { zone: found?.zone ?? undefined, txt: found?.txt ?? [], hasBelow: found?.has_below ?? false };
}

interface PublishedRow {
  zone: string | null;
  txt: string[];
  has_below: boolean;
}

const PUBLISHED = statement(`
  select (select name from zones where name = any(:suffixes) and type = 'full' and deleted_on is null
           order by length(name) desc limit 1) as zone,
         array(select distinct value from txt_records where name = :name) as txt,
         exists (select from txt_records where reversed > :from and reversed < :to)
           or exists (select from zones where reversed > :from and reversed < :to and deleted_on is null)
           as has_below`);

/** The labels of a name in reverse order: what lies below a name is then one range of the C collation. */
export const reverse = (name: string): string => name.split('.').toReversed().join('.');
