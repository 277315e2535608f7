/** What our name servers answer from, name by name. */
import type { RecordContent } from '../record/record.ts';
import { contentOf } from './dns-records.ts';
import { reverse } from './published-records.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';

/** What is known of a name. */
export interface Published {
  /** The zone of type `full` among its `suffixes`: the one that has its name, or one that claims it where none has one. */
  readonly zone: string | undefined;
  /** Whether that zone has its name. */
  readonly isHeld: boolean;
  /** The name servers that it is to be delegated to; undefined: all of ours. */
  readonly nameServers: readonly string[] | undefined;
  /** What is published at it for validation. */
  readonly txt: readonly string[];
  /** Whether anything is below it: a value, a record, or a zone of ours. */
  readonly hasBelow: boolean;
  /** Records of the zone at the name; NS records at names above it; records of wildcards that may cover it. */
  readonly records: readonly NamedRecord[];
  /** Whether some name of the zone keeps the longest of those wildcards from covering it (RFC 4592 3.3.1). */
  readonly isUncovered: boolean;
}

export type NamedRecord = RecordContent & {
  readonly name: string;
  readonly ttl: number;
  readonly isProxied: boolean;
};

/** A name that is asked for, with itself and all names above it. */
export interface NameAsked {
  readonly name: string;
  readonly suffixes: readonly string[];
  /** Whether it is in the delegation zone or the branding domain, where all that is published counts. */
  readonly isDelegated: boolean;
}

/** What our name servers know of names, in their order. */
export async function published(db: Db, asked: readonly NameAsked[]): Promise<Published[]> {
  const { rows } = await execute<PublishedRow>(db, PUBLISHED, {
    names: asked.map(({ name }) => name),
    suffixes: asked.map(({ suffixes }) => suffixes.join(' ')),
    wildcards: asked.map(({ suffixes }) => suffixes.slice(1).map(wildcardIn).join(' ')),
    reversed: asked.map(({ name }) => reverse(name)),
    delegated: asked.map(({ isDelegated }) => isDelegated),
  });
  return rows.map((row) => ({
    zone: row.zone ?? undefined,
    isHeld: row.is_holder ?? false,
    nameServers: row.name_servers ?? undefined,
    txt: row.txt,
    hasBelow: row.has_below,
    records: (row.records ?? []).map(toNamed),
    isUncovered: row.is_uncovered ?? false,
  }));
}

const wildcardIn = (parent: string): string => `*.${parent}`;

type NamedRow = RecordContent & { name: string; ttl: number; is_proxied: boolean };

interface PublishedRow {
  zone: string | null;
  is_holder: boolean | null;
  name_servers: string[] | null;
  txt: string[];
  has_below: boolean;
  records: NamedRow[] | null;
  is_uncovered: boolean | null;
}

const toNamed = (row: NamedRow): NamedRecord => ({
  ...contentOf(row),
  name: row.name,
  ttl: row.ttl,
  isProxied: row.is_proxied,
});

/** Rows of a table below a name, by its labels in reverse. '/' follows '.' in the C collation. */
const below = (reversed: string): string => `reversed > ${reversed} || '.' and reversed < ${reversed} || '/'`;
const atOrBelow = (reversed: string): string => `reversed = ${reversed} or ${below(reversed)}`;

const IN_FOUND = 'cell = found.cell and zone_id = found.zone_id';

/** The name below the parent of the longest wildcard, on the way to the one that is asked for ("next closer name"). */
const NEXT_CLOSER = `left(asked.reversed, length(wild.name) - 1)
  || split_part(substr(asked.reversed, length(wild.name)), '.', 1)`;

// How many names are asked for is hidden from the planner: it would plan each time. What is published for validation keeps
// no wildcard from a name: it comes and goes without the zone's owner. In a zone it counts for the zone's own account alone: a
// name that went to another account shows nothing any more of who had it.
const PUBLISHED = statement(`
  select found.name as zone, found.is_holder,
         (select name_servers from zones where zones.cell = found.cell and zones.id = found.zone_id) as name_servers,
         array(select distinct value from txt_records
                where name = asked.name and (asked.is_delegated or found.is_holder and zone_id in (
                  select zone_id from zone_names
                   where name = any(string_to_array(asked.suffixes, ' ')) and account_id = found.account_id))) as txt,
         exists (select from txt_records where ${below('asked.reversed')})
           or exists (select from zone_names where is_holder and ${below('asked.reversed')})
           or exists (select from dns_records where ${IN_FOUND} and ${below('asked.reversed')}) as has_below,
         (select json_agg(json_build_object('name', name, 'type', type, 'content', content, 'priority', priority,
                   'data', data, 'ttl', ttl, 'is_proxied', is_proxied))
            from dns_records
           where ${IN_FOUND} and name = any(string_to_array(asked.suffixes || ' ' || asked.wildcards, ' '))
             and (name = asked.name or type = 'NS' or name = wild.name)) as records,
         exists (select from dns_records where ${IN_FOUND} and (${atOrBelow('closer.reversed')}))
           or exists (select from zone_names where type = 'full' and is_holder and (${atOrBelow('closer.reversed')})) as is_uncovered
    from unnest((select :names::text[]), (select :suffixes::text[]), (select :wildcards::text[]),
                (select :reversed::text[]), (select :delegated::boolean[]))
         with ordinality as asked (name, suffixes, wildcards, reversed, is_delegated, i)
    left join lateral (
      select name, cell, zone_id, account_id, is_holder from zone_names
       where name = any(string_to_array(asked.suffixes, ' ')) and type = 'full'
       order by is_holder desc, length(name) desc, zone_id limit 1) as found on true
    left join lateral (
      select name from dns_records where ${IN_FOUND} and name = any(string_to_array(asked.wildcards, ' '))
       order by length(name) desc limit 1) as wild on true
    left join lateral (select ${NEXT_CLOSER} as reversed) as closer on wild.name is not null
   order by i`);
