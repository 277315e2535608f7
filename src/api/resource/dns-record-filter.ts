/** Query parameters of the list of DNS records. */
import { Type } from 'typebox';
import {
  RECORD_ORDERS,
  type RecordCondition,
  type RecordFilter,
  TEXT_WAYS,
} from '../../store/dns-record-list.ts';
import { PAGES, type Query, readChoice, readText } from '../http/page.ts';

const BOOLEANS = ['true', 'false'] as const;
const MATCHES = ['all', 'any'] as const;
const TEXTS = ['name', 'content', 'comment', 'tag'] as const;
const PRESENCE = ['present', 'absent'] as const;
const hasPresence = (field: string): field is 'comment' | 'tag' => field === 'comment' || field === 'tag';

/** Parameters by name, for the description. */
export const RECORD_PARAMETERS = {
  ...PAGES,
  per_page: Type.Integer({ minimum: 1, maximum: 1_000, default: 100 }),
  type: Type.String(),
  proxied: Type.Boolean(),
  search: Type.String(),
  match: Type.Enum([...MATCHES]),
  tag_match: Type.Enum([...MATCHES]),
  order: Type.Enum([...RECORD_ORDERS]),
  direction: Type.Enum(['asc', 'desc']),
  ...Object.fromEntries(
    TEXTS.flatMap((field) => [
      field,
      ...TEXT_WAYS.map((way) => `${field}.${way}`),
      ...(hasPresence(field) ? PRESENCE.map((way) => `${field}.${way}`) : []),
    ]).map((name) => [name, Type.String()]),
  ),
};

/** Throws `malformed_request` with a pointer. */
export function readRecordFilter(query: Query, zoneId: string): RecordFilter {
  const search = readText(query, 'search');
  return {
    zoneId,
    conditions: [...plainConditions(query), ...TEXTS.flatMap((field) => textConditions(query, field))],
    isAll: readChoice(query, 'match', MATCHES) !== 'any',
    isAllTags: readChoice(query, 'tag_match', MATCHES) !== 'any',
    search: search === '' ? undefined : search,
    order: readChoice(query, 'order', RECORD_ORDERS) ?? 'type',
    isDescending: readChoice(query, 'direction', ['asc', 'desc']) === 'desc',
  };
}

function plainConditions(query: Query): RecordCondition[] {
  const type = readText(query, 'type');
  const proxied = readChoice(query, 'proxied', BOOLEANS);
  return [
    // A type that is not here is one of which there are no records.
    ...(type === undefined ? [] : [{ field: 'type', value: type.toUpperCase() } as const]),
    ...(proxied === undefined ? [] : [{ field: 'proxied', value: proxied === 'true' } as const]),
  ];
}

/** `name=x` is `name.exact=x`. */
function textConditions(query: Query, field: (typeof TEXTS)[number]): RecordCondition[] {
  const conditions: RecordCondition[] = [];
  const plain = readText(query, field);
  if (plain !== undefined) conditions.push({ field, way: 'exact', value: plain });
  for (const way of TEXT_WAYS) {
    const value = readText(query, `${field}.${way}`);
    if (value !== undefined) conditions.push({ field, way, value });
  }
  if (!hasPresence(field)) return conditions;
  for (const way of PRESENCE) {
    const value = readText(query, `${field}.${way}`);
    if (value !== undefined) conditions.push({ field, way, value });
  }
  return conditions;
}
