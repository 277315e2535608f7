import type { ZoneStatus } from '../pack/pack.ts';
import { statement, valuesOf } from './statement.ts';
import { type Db } from './store.ts';
import { toZone, ZONE_COLUMNS, type Zone, type ZoneRow } from './zone-row.ts';

/** Ways in which a name is compared. */
export const NAME_WAYS = ['equal', 'not_equal', 'starts_with', 'ends_with', 'contains'] as const;
export type NameWay = (typeof NAME_WAYS)[number];

/** One thing that is demanded of zones. */
export type ZoneCondition =
  | {
      readonly field: 'name' | 'account.name';
      readonly way: NameWay;
      readonly isCaseSensitive: boolean;
      readonly value: string;
    }
  | { readonly field: 'account.id'; readonly value: string }
  | { readonly field: 'status'; readonly value: ZoneStatus }
  | { readonly field: 'type'; readonly values: readonly string[] };

export const ZONE_ORDERS = ['name', 'status', 'account.id', 'account.name', 'plan.id'] as const;

export interface ZoneFilter {
  readonly accountId: string;
  /** Ids the caller may see; undefined for all of the account. */
  readonly ids?: readonly string[];
  readonly conditions?: readonly ZoneCondition[];
  /** Whether one of the conditions is enough. */
  readonly isAny?: boolean;
  /** The oldest first unless told. */
  readonly order?: (typeof ZONE_ORDERS)[number] | undefined;
  readonly isDescending?: boolean;
  readonly page: number;
  readonly perPage: number;
}

/** A page of an account's zones, with the count of all that match: both as they are at one moment. */
export async function listZones(db: Db, filter: ZoneFilter): Promise<{ zones: Zone[]; total: number }> {
  const values: Record<string, unknown> = {
    account: filter.accountId,
    ids: filter.ids ?? null,
    most: filter.perPage,
    before: (filter.page - 1) * filter.perPage,
  };
  const order = orderOf(filter);
  const built = statement(`
    with matched as (
      select zones.cell, zones.id, ${order.keys} from zones join accounts on accounts.id = account_id
       where account_id = :account and deleted_on is null and (:ids::text[] is null or zones.id = any(:ids))
         and ${whereOf(filter, values)})
    select ${ZONE_COLUMNS}, total, place
      from (select count(*)::int as total from matched) as counted
      left join (select *, row_number() over (order by ${order.by}) as place from matched
                  order by ${order.by} limit :most offset :before) as found on true
      left join zones on zones.cell = found.cell and zones.id = found.id
      left join accounts on accounts.id = zones.account_id
     order by place`);
  // Not kept on the connection: there are as many of them as ways to ask.
  const { rows } = await db.query<ZoneRow & { total: number; place: string | null; zone_id: string | null }>(
    built.text,
    valuesOf(built, values),
  );
  const zones = rows.filter(({ zone_id }) => zone_id !== null).map(toZone);
  return { zones, total: rows[0]?.total ?? 0 };
}

/** What matched zones are sorted by: columns, and how. */
function orderOf({ order, isDescending = false }: ZoneFilter): {
  readonly keys: string;
  readonly by: string;
} {
  const direction = isDescending ? 'desc' : 'asc';
  const first = order === undefined || order === 'plan.id' ? undefined : SORTED[order];
  const by = `created_on ${first === undefined ? direction : 'asc'}, id`;
  if (first === undefined) return { keys: 'zones.created_on', by };
  return { keys: `${first} as first, zones.created_on`, by: `first ${direction}, ${by}` };
}

const SORTED = {
  name: 'zones.name collate "C"',
  status: 'zones.status collate "C"',
  'account.id': 'zones.account_id',
  'account.name': 'accounts.name',
} as const;

function whereOf({ conditions = [], isAny = false }: ZoneFilter, values: Record<string, unknown>): string {
  if (conditions.length === 0) return 'true';
  const parts = conditions.map((condition, i) => {
    const at = `value_${i}`;
    values[at] = condition.field === 'type' ? condition.values : condition.value;
    return conditionOf(condition, at);
  });
  return `(${parts.join(isAny ? ' or ' : ' and ')})`;
}

/** SQL that compares a text with a value. */
const COMPARED: Readonly<Record<NameWay, (text: string, value: string) => string>> = {
  equal: (text, value) => `${text} = ${value}`,
  not_equal: (text, value) => `${text} <> ${value}`,
  starts_with: (text, value) => `starts_with(${text}, ${value})`,
  ends_with: (text, value) => `right(${text}, greatest(length(${value}), 1)) = ${value}`,
  contains: (text, value) => `position(${value} in ${text}) > 0`,
};

function conditionOf(condition: ZoneCondition, at: string): string {
  if (condition.field === 'type') return `zones.type = any(:${at}::text[])`;
  const value = `:${at}::text`;
  if (condition.field === 'status') return `zones.status = ${value}`;
  if (condition.field === 'account.id') return `zones.account_id = ${value}`;
  // An exact name is found by the index of all names.
  if (condition.field === 'name' && condition.way === 'equal')
    return `zones.id in (select zone_id from zone_names where name = lower(${value}))`;
  const text = condition.field === 'name' ? 'zones.name' : 'accounts.name';
  const compared = COMPARED[condition.way];
  return condition.isCaseSensitive ? compared(text, value) : compared(`lower(${text})`, `lower(${value})`);
}
