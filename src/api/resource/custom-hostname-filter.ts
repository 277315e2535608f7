/** The filters of a list of custom hostnames, as they stand in a query. */
import { isIP } from 'node:net';
import { Type } from 'typebox';
import { Fault } from '../../kit/fault.ts';
import { HOSTNAME_STATUSES } from '../../pack/custom-hostname.ts';
import { CERTIFICATE_AUTHORITIES, PACK_STATUSES } from '../../pack/pack.ts';
import type { HostnameFilter, HostnamePage } from '../../store/custom-hostname-list.ts';
import { PAGES, type Query, readChoice, readPage, readText } from '../http/page.ts';
import { hostnameId } from './pack-id.ts';

const ORDERS = ['ssl', 'ssl_status'] as const;
const DIRECTIONS = ['asc', 'desc'] as const;
const FLAGS = ['true', 'false', '1', '0'] as const;
const SSL = ['0', '1'] as const;

/** Parameters of the list. */
export const HOSTNAME_FILTERS = {
  ...PAGES,
  hostname: Type.String({ maxLength: 255 }),
  'hostname.exact': Type.String({ maxLength: 255 }),
  'hostname.startsWith': Type.String({ maxLength: 255 }),
  'hostname.contain': Type.String({ maxLength: 255 }),
  id: Type.String(),
  order: Type.Enum([...ORDERS]),
  direction: Type.Enum([...DIRECTIONS]),
  ssl: Type.Enum([0, 1]),
  ssl_status: Type.Enum([...PACK_STATUSES]),
  hostname_status: Type.Enum([...HOSTNAME_STATUSES]),
  certificate_authority: Type.Enum([...CERTIFICATE_AUTHORITIES]),
  wildcard: Type.Boolean(),
  custom_origin_server: Type.String(),
};

/** By which of these one is looked for: one at a time. */
const WHICH = ['id', 'hostname', 'hostname.exact', 'hostname.startsWith', 'hostname.contain'] as const;

/** What else is chosen by, beside any of these but an id. */
const NARROWING = [
  'ssl',
  'ssl_status',
  'hostname_status',
  'certificate_authority',
  'wildcard',
  'custom_origin_server',
] as const;

/** What a list is asked for. Throws `hostname_filters`, `hostname_contain`, `hostname_id_invalid` or `malformed_request`, with a pointer. */
export function readHostnameFilter(
  query: Query,
  zoneId: string,
): { readonly filter: HostnameFilter; readonly page: HostnamePage } {
  refuseTogether(query);
  const lower = (name: (typeof WHICH)[number]) => readText(query, name)?.toLowerCase();
  const id = readText(query, 'id');
  const wildcard = readChoice(query, 'wildcard', FLAGS);
  const order = readChoice(query, 'order', ORDERS);
  return {
    filter: {
      zoneId,
      id: id === undefined ? undefined : hostnameId(id),
      exact: lower('hostname') ?? lower('hostname.exact'),
      startsWith: lower('hostname.startsWith'),
      contains: partOf(lower('hostname.contain')),
      sslStatus: readChoice(query, 'ssl_status', PACK_STATUSES),
      status: readChoice(query, 'hostname_status', HOSTNAME_STATUSES),
      certificateAuthority: readChoice(query, 'certificate_authority', CERTIFICATE_AUTHORITIES),
      wildcard: wildcard === undefined ? undefined : wildcard === 'true' || wildcard === '1',
      originServer: readText(query, 'custom_origin_server')?.toLowerCase(),
      hasSsl: readChoice(query, 'ssl', SSL) === '1' ? true : undefined,
    },
    page: {
      ...readPage(query),
      order: order ?? 'age',
      isDescending: readChoice(query, 'direction', DIRECTIONS) === 'desc',
    },
  };
}

/** Refuses two of what goes by itself: an id beside any other filter, and two ways to look for a hostname. */
function refuseTogether(query: Query): void {
  const together = query['id'] === undefined ? WHICH : [...WHICH, ...NARROWING];
  const [first, second] = together.filter((name) => query[name] !== undefined);
  if (first !== undefined && second !== undefined)
    throw new Fault('hostname_filters', `${first} and ${second} are asked for together; take one of them`, {
      pointer: `/${second}`,
    });
}

/** A part of a host name. */
function partOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (text.length > 0 && text.length < 256 && /^[a-z0-9._-]+$/.test(text) && isIP(text) === 0) return text;
  throw new Fault(
    'hostname_contain',
    'hostname.contain must be a part of a host name, of 1 to 255 characters',
    {
      pointer: '/hostname.contain',
    },
  );
}
