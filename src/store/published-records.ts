import { OWNERSHIP_PATH } from '../pack/custom-hostname.ts';
import type { PackKey } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { allSent, type Db, execute, type Tx } from './store.ts';
import { OF_PACK, packKey } from './zone-key.ts';

/** What a pack shows: TXT values at our name servers, files at our edges. */
export interface RecordsToPublish {
  readonly txt: readonly { readonly name: string; readonly value: string }[];
  readonly files: readonly { readonly host: string; readonly path: string; readonly body: string }[];
}

/** Publishes what a pack has to show in place of what it showed; sends all of it at once (`batch`). */
export async function publishRecords(tx: Tx, pack: PackKey, { txt, files }: RecordsToPublish): Promise<void> {
  const names = txt.map(({ name }) => name);
  const values = txt.map(({ value }) => value);
  const hosts = files.map(({ host }) => host);
  const key = packKey(pack);
  const places = { hosts, paths: files.map(({ path }) => path), bodies: files.map(({ body }) => body) };
  await allSent(
    unpublishRecords(tx, pack),
    names.length > 0 && execute(tx, PUBLISH_TXT, { ...key, names, values, reversed: names.map(reverse) }),
    hosts.length > 0 && execute(tx, PUBLISH_FILES, { ...key, ...places }),
  );
}

const PUBLISH_TXT = statement(`
  insert into txt_records (cell, zone_id, pack_id, name, value, reversed)
  select :cell, :zone, :pack, * from unnest(:names::text[], :values::text[], :reversed::text[]) on conflict do nothing`);

const PUBLISH_FILES = statement(`
  insert into http_files (cell, zone_id, pack_id, host, path, body)
  select :cell, :zone, :pack, * from unnest(:hosts::text[], :paths::text[], :bodies::text[]) on conflict do nothing`);

/** Takes away all that a pack shows. */
export async function unpublishRecords(tx: Tx, pack: PackKey): Promise<void> {
  await execute(tx, UNPUBLISH, packKey(pack));
}

const UNPUBLISH = statement(
  `with files as (delete from http_files where ${OF_PACK}) delete from txt_records where ${OF_PACK}`,
);

/**
 * The file that `host` has to show at `path`, by a zone that has a name which holds it, or by one whose custom hostname it is: that
 * has its token there too. Undefined for none.
 */
export async function getFile(
  db: Db,
  host: string,
  path: string,
): Promise<{ readonly body: string } | undefined> {
  const { rows } = await execute<{ body: string }>(db, GET_FILE, { host, path, suffixes: suffixesOf(host) });
  return rows[0];
}

const GET_FILE = statement(`
  select body from http_files
   where host = :host and path = :path
     and (exists (select from zone_names
                   where name = any(:suffixes) and zone_names.zone_id = http_files.zone_id and is_holder)
       or exists (select from hostname_owners where hostname = :host and hostname_owners.zone_id = http_files.zone_id))
  union all
  select token::text from hostname_owners join custom_hostnames
      on custom_hostnames.cell = hostname_owners.cell and custom_hostnames.zone_id = hostname_owners.zone_id
     and custom_hostnames.id = hostname_owners.hostname_id
   where hostname_owners.hostname = :host and :path = '${OWNERSHIP_PATH}' || hostname_id
   limit 1`);

/** A name and all names above it. */
export const suffixesOf = (name: string): string[] => {
  const labels = name.split('.');
  return labels.map((_, i) => labels.slice(i).join('.'));
};

/** The labels of a name in reverse order: what lies below a name is then one range of the C collation. */
export const reverse = (name: string): string => name.split('.').toReversed().join('.');
