/** Which packs of the account are meant, as it stands in the address. */
import { PACK_GROUPS } from '../../pack/pack-group.ts';
import type { Query } from '../route.ts';
import { caName, GROUP_WORDS, plain } from '../words.ts';

const FILTERS = [
  'status',
  'group',
  'host',
  'certificate_authority',
  'type',
  'deploy',
  'zone_id',
  'expires_after',
  'expires_before',
  'order',
] as const;
export type PackFilter = Readonly<Partial<Record<(typeof FILTERS)[number], string>>>;

/** What of it an address has. */
export const filterOf = (query: URLSearchParams): PackFilter =>
  Object.fromEntries(
    FILTERS.flatMap((name) => {
      const value = query.get(name);
      return value ? [[name, value]] : [];
    }),
  );

/** As parameters of the list. A host is looked for with all that is below it. */
export const toParameters = ({ host, ...rest }: PackFilter): Query => ({ ...rest, 'host.suffix': host });

/** As the filter of a job: it has no order, and says so where it is on all packs. */
export function toJobFilter(filter: PackFilter): Readonly<Record<string, string>> {
  const parts = Object.entries(filter).filter(([name]) => name !== 'order');
  if (parts.length === 0) return { status: 'all' };
  return Object.fromEntries(parts.map(([name, value]) => [name === 'host' ? 'host.suffix' : name, value]));
}

/** A filter of a job as that of a list. */
export const fromJobFilter = (filter: Readonly<Record<string, string>>): PackFilter =>
  Object.fromEntries(
    Object.entries(filter)
      .filter(([name, value]) => !(name === 'status' && value === 'all'))
      .map(([name, value]) => [name === 'host.suffix' ? 'host' : name, value]),
  );

const groupName = (group: string): string =>
  GROUP_WORDS[PACK_GROUPS.find((one) => one === group) ?? 'active'].name.toLowerCase();

const IN_WORDS: Readonly<Record<(typeof FILTERS)[number], (value: string) => string>> = {
  status: plain,
  group: groupName,
  host: (host) => `host ${host} or below it`,
  certificate_authority: (ca) => `of ${caName(ca)}`,
  type: (type) => `of type ${plain(type)}`,
  deploy: (deploy) => `in ${deploy}`,
  zone_id: (zone) => `in the zone ${zone}`,
  expires_after: (day) => `ending from ${day} on`,
  expires_before: (day) => `ending before ${day}`,
  order: () => '',
};

/** In words; none: all packs are meant. A zone is told by its id. */
export const wordsOf = (filter: PackFilter): readonly string[] =>
  FILTERS.flatMap((name) => {
    const value = filter[name];
    const words = value ? IN_WORDS[name](value) : '';
    return words === '' ? [] : [words];
  });
