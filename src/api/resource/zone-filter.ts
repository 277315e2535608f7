/** Query parameters of the list of zones. */
import { Type } from 'typebox';
import { ZONE_STATUSES } from '../../pack/pack.ts';
import { NAME_WAYS, ZONE_ORDERS, type ZoneCondition, type ZoneFilter } from '../../store/zone-list.ts';
import { PAGES, type Query, readChoice, readText } from '../http/page.ts';

/** Types that may be asked for: there are no zones of the last two. */
const TYPES = ['full', 'partial', 'secondary', 'internal'] as const;
const [MATCHES, DIRECTIONS] = [['all', 'any'] as const, ['asc', 'desc'] as const];

/** Parameters by name, for the description. */
export const ZONE_PARAMETERS = {
  ...PAGES,
  name: Type.String(),
  status: Type.Enum([...ZONE_STATUSES]),
  type: Type.Enum([...TYPES]),
  'account.id': Type.String(),
  'account.name': Type.String(),
  match: Type.Enum([...MATCHES]),
  order: Type.Enum([...ZONE_ORDERS]),
  direction: Type.Enum([...DIRECTIONS]),
};

/** Throws `malformed_request` with a pointer. */
export function readZoneFilter(
  query: Query,
): Required<Pick<ZoneFilter, 'conditions' | 'isAny' | 'isDescending'>> & Pick<ZoneFilter, 'order'> {
  const status = readChoice(query, 'status', ZONE_STATUSES);
  const types = readTypes(query['type']);
  const account = readText(query, 'account.id');
  return {
    conditions: [
      ...nameCondition(query, 'name'),
      ...nameCondition(query, 'account.name'),
      ...(status === undefined ? [] : [{ field: 'status', value: status } as const]),
      ...(types === undefined ? [] : [{ field: 'type', values: types } as const]),
      ...(account === undefined ? [] : [{ field: 'account.id', value: account } as const]),
    ],
    isAny: readChoice(query, 'match', MATCHES) === 'any',
    order: readChoice(query, 'order', ZONE_ORDERS),
    isDescending: readChoice(query, 'direction', DIRECTIONS) === 'desc',
  };
}

/** `type=full&type=partial` and `type=full,partial` mean the same. */
function readTypes(value: unknown): string[] | undefined {
  if (value === undefined) return undefined;
  const parts = (Array.isArray(value) ? value : [value]).flatMap((part) => String(part).split(','));
  return parts.flatMap((type) => readChoice({ type }, 'type', TYPES) ?? []);
}

const SENSITIVE = '_case_sensitive';

/** `name=starts_with:dev`; a value without an operator is the whole name. */
function nameCondition(query: Query, field: 'name' | 'account.name'): ZoneCondition[] {
  const text = readText(query, field);
  if (text === undefined) return [];
  const [, operator = '', rest = ''] = /^([a-z_]+):(.*)$/s.exec(text) ?? [];
  const isCaseSensitive = operator.endsWith(SENSITIVE);
  const plain = isCaseSensitive ? operator.slice(0, -SENSITIVE.length) : operator;
  const way = NAME_WAYS.find((one) => one === plain);
  if (way === undefined) return [{ field, way: 'equal', isCaseSensitive: false, value: text }];
  return [{ field, way, isCaseSensitive, value: rest }];
}
