import type { ZoneRecord } from '../record/record.ts';
import { RECORD_COLUMNS, type RecordRow, toRecord } from './dns-records.ts';
import { statement, valuesOf } from './statement.ts';
import type { Db } from './store.ts';
import { IN_ZONE, zoneKey } from './zone-key.ts';

/** Ways in which a text is compared, letter case apart. */
export const TEXT_WAYS = ['exact', 'contains', 'startswith', 'endswith'] as const;
type TextWay = (typeof TEXT_WAYS)[number];

/** One thing that is demanded of records. */
export type RecordCondition =
  | { readonly field: 'name' | 'content' | 'comment'; readonly way: TextWay; readonly value: string }
  | { readonly field: 'comment' | 'tag'; readonly way: 'present' | 'absent'; readonly value: string }
  | { readonly field: 'type'; readonly value: string }
  | { readonly field: 'proxied'; readonly value: boolean }
  | { readonly field: 'tag'; readonly way: TextWay; readonly value: string };

export const RECORD_ORDERS = ['type', 'name', 'content', 'ttl', 'proxied'] as const;

/** Which records of a zone, in which order. */
export interface RecordFilter {
  readonly zoneId: string;
  readonly conditions: readonly RecordCondition[];
  /** Whether all conditions have to hold, those of tags taken as one; else one of them. */
  readonly isAll: boolean;
  /** The same among those of tags. */
  readonly isAllTags: boolean;
  /** A text that the name, the content, the comment or a tag has. */
  readonly search: string | undefined;
  readonly order: (typeof RECORD_ORDERS)[number];
  readonly isDescending: boolean;
}

/** A page of a zone's records, and how many match. */
export async function listRecordPage(
  db: Db,
  filter: RecordFilter,
  { page, perPage }: { readonly page: number; readonly perPage: number },
): Promise<{ readonly records: ZoneRecord[]; readonly total: number }> {
  const values: Record<string, unknown> = {
    ...zoneKey(filter.zoneId),
    search: filter.search,
    most: perPage,
    before: (page - 1) * perPage,
  };
  const direction = filter.isDescending ? 'desc' : 'asc';
  const order = `${filter.order === 'proxied' ? 'is_proxied' : filter.order} ${direction}, name, type, id`;
  const built = statement(`
    with matched as (select ${RECORD_COLUMNS} from dns_records where ${IN_ZONE} and ${whereOf(filter, values)})
    select found.*, total from (select count(*)::int as total from matched) as counted
      left join (select *, row_number() over (order by ${order}) as place from matched
                  order by ${order} limit :most offset :before) as found on true
     order by place`);
  // Not kept on the connection: there are as many of them as ways to ask.
  const { rows } = await db.query<RecordRow & { total: number; place: string | null }>(
    built.text,
    valuesOf(built, values),
  );
  const records = rows.filter(({ place }) => place !== null).map(toRecord);
  return { records, total: rows[0]?.total ?? 0 };
}

function whereOf({ conditions, isAll, isAllTags }: RecordFilter, values: Record<string, unknown>): string {
  const text = (condition: RecordCondition, i: number): string => {
    const at = `value_${i}`;
    if ('value' in condition) values[at] = condition.value;
    return conditionOf(condition, `:${at}::text`);
  };
  const all = conditions.map((one, i) => ({ isTag: one.field === 'tag', sql: `(${text(one, i)})` }));
  const tags = all.filter(({ isTag }) => isTag).map(({ sql }) => sql);
  const others = all.filter(({ isTag }) => !isTag).map(({ sql }) => sql);
  const parts = [...others, ...(tags.length > 0 ? [`(${tags.join(isAllTags ? ' and ' : ' or ')})`] : [])];
  const matched = parts.length > 0 ? `(${parts.join(isAll ? ' and ' : ' or ')})` : 'true';
  return `${matched} and (:search::text is null or ${SEARCHED})`;
}

const SEARCHED =
  "position(lower(:search) in lower(concat_ws(' ', name, content, comment, array_to_string(tags, ' ')))) > 0";

/** SQL that compares a text with a value. */
const COMPARED: Readonly<Record<TextWay, (text: string, value: string) => string>> = {
  exact: (text, value) => `lower(${text}) = lower(${value})`,
  contains: (text, value) => `position(lower(${value}) in lower(${text})) > 0`,
  startswith: (text, value) => `starts_with(lower(${text}), lower(${value}))`,
  endswith: (text, value) => `right(lower(${text}), greatest(length(${value}), 1)) = lower(${value})`,
};

function conditionOf(condition: RecordCondition, value: string): string {
  if (condition.field === 'type') return `type = ${value}`;
  if (condition.field === 'proxied') return `is_proxied = ${value}::boolean`;
  if (condition.field === 'tag') return tagged(condition.way, value);
  if (condition.way === 'present' || condition.way === 'absent')
    return `comment is ${condition.way === 'present' ? 'not null' : 'null'}`;
  // Names are stored in lower case, so that an exact one is found by the index.
  if (condition.field === 'name' && condition.way === 'exact') return `name = lower(${value})`;
  return COMPARED[condition.way](condition.field, value);
}

const nameIn = (tag: string): string => `lower(split_part(${tag}, ':', 1))`;
const valueIn = (tag: string): string => `substr(${tag}, length(split_part(${tag}, ':', 1)) + 2)`;
const hasTag = (condition: string): string => `exists (select from unnest(tags) as tag where ${condition})`;

/** A tag is `name:value`, of which the value is compared where the names are the same. */
function tagged(way: TextWay | 'present' | 'absent', value: string): string {
  if (way === 'present') return hasTag(`${nameIn('tag')} = lower(${value})`);
  if (way === 'absent') return `not ${hasTag(`${nameIn('tag')} = lower(${value})`)}`;
  return hasTag(`${nameIn('tag')} = ${nameIn(value)} and ${COMPARED[way](valueIn('tag'), valueIn(value))}`);
}
