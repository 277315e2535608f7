/**
 * A database as an earlier version left it, with everything that its own code had written: the file was made by the version
 * whose last migration was 0011, with the key below.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { migrationNames, runMigrations } from '../../../src/store/migrate.ts';
import { type Pool, type Tx, transaction } from '../../../src/store/store.ts';

/** Key-encryption key of what is sealed there. */
export const EARLIER_KEK = Buffer.alloc(32, 7);

/** An order as that version stored it. */
export interface EarlierOrder {
  readonly url: string;
  readonly authorizations: readonly {
    readonly url: string;
    readonly name: string;
    readonly status: 'pending' | 'valid';
  }[];
}

/** The part of a certificate that is looked at. */
export interface EarlierCertificate {
  readonly pack_id: string;
  readonly fingerprint: string;
}

/** What is in it: rows by their tables, and when they were written out. */
export interface Earlier {
  readonly at: string;
  readonly tables: Readonly<Record<string, readonly object[]>> & {
    readonly packs: readonly { readonly id: string; readonly hosts: readonly string[] }[];
    readonly orders: readonly { readonly state: EarlierOrder }[];
    readonly certificates: readonly EarlierCertificate[];
    readonly successors: readonly EarlierCertificate[];
  };
}

/** What the earlier version left; `replace` changes the text of the whole, such as where its CA is. */
export function readEarlier(replace: (text: string) => string = (text) => text): Earlier {
  const text = gunzipSync(readFileSync(new URL('./0011.json.gz', import.meta.url))).toString();
  return JSON.parse(replace(text));
}

/** Makes the earlier version's schema in an empty database, and fills it. */
export async function fillEarlier(pool: Pool, { tables }: Earlier): Promise<void> {
  await transaction(pool, async (tx) => {
    await runMigrations(
      tx,
      migrationNames().filter((name) => name < '0012'),
    );
    // Who is referred to comes first.
    const first = ['accounts', 'zones', 'packs'];
    const rest = Object.keys(tables).filter((name) => !first.includes(name));
    for (const name of [...first, ...rest]) await insert(tx, name, tables[name] ?? []);
  });
}

async function insert(tx: Tx, table: string, rows: readonly object[]): Promise<void> {
  const sql = `insert into ${table} overriding system value select * from jsonb_populate_recordset(null::${table}, $1)`;
  await tx.query(sql, [JSON.stringify(rows)]);
}

/** Seconds by which a clock that goes on from there is ahead of the machine's. */
export const aheadOf = ({ at }: Earlier): number => (new Date(at).getTime() - Date.now()) / 1_000;

/**
 * Makes one of the packs as many as are told: the same but for id, ordinal and JSON's id, and sorted and counted in lists as
 * that version did it.
 */
export async function multiply(pool: Pool, packId: string, times: number): Promise<void> {
  await transaction(pool, async (tx) => {
    await tx.query(COPY_PACK, [packId, times]);
    await tx.query(COPY_HOSTS, [packId]);
    await tx.query(COPY_SUFFIXES, [packId]);
    for (const sql of COUNT) await tx.query(sql);
  });
}

const COPY_PACK = `
  insert into packs overriding system value
    select (jsonb_populate_record(pack, jsonb_build_object('id', copy.id, 'ord', zone.next_ord + n - 1,
             'seq', nextval(pg_get_serial_sequence('packs', 'seq')),
             'wire', replace(pack.wire, pack.id::text, copy.id::text)))).*
      from packs as pack
      join zones as zone on zone.id = pack.zone_id
     cross join generate_series(1, $2::int) as n
     cross join lateral (select md5(n::text)::uuid as id) as copy
     where pack.id = $1`;
const COPY_HOSTS = `
  insert into pack_hosts
    select packs.id, reversed, one.account_id, packs.seq from pack_hosts as one cross join packs
     where pack_id = $1 and packs.hosts = (select hosts from packs where id = $1) and packs.id <> $1`;
const COPY_SUFFIXES = COPY_HOSTS.replaceAll('pack_hosts', 'pack_suffixes').replace('reversed', 'name');

/** Levels, buckets, slots and sums: migration 0002 says what they are. */
const COUNT = [
  'delete from pack_buckets',
  `insert into pack_buckets
     select zone_id, level, bucket, array_agg(n order by i) from (
       select zone_id, level, ord >> (6 + 6 * level) as bucket, i,
              count(*) filter (where i = class + 1 or i = 43 + class % 2
                or i = 45 + class % 2 and class / 2 in (6, 8, 16)) as n
         from packs cross join generate_series(0, 1) as level cross join generate_series(1, 47) as i
        group by 1, 2, 3, 4) as slots
      group by 1, 2, 3`,
  `update zones set next_ord = (select max(ord) + 1 from packs where zone_id = zones.id), counts = (
     select array_agg(n order by i) from (
       select i, sum(c)::int as n from pack_buckets cross join unnest(counts) with ordinality as u (c, i)
        where level = 0 and zone_id = zones.id group by 1) as sums)`,
];
