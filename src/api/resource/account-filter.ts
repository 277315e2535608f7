/** Which packs of an account are meant, as lists and bulk operations read it. */
import { Type } from 'typebox';
import { Fault } from '../../kit/fault.ts';
import { toName, toSuffix } from '../../pack/hosts.ts';
import { CERTIFICATE_AUTHORITIES, ENVIRONMENTS, PACK_STATUSES, PACK_TYPES } from '../../pack/pack.ts';
import { PACK_GROUPS } from '../../pack/pack-group.ts';
import type { AccountFilter } from '../../store/list/account-list.ts';
import { type Query, readChoice, readId, readInstant, readText, refuse } from '../http/page.ts';
import { PACK_FILTER } from './pack-schema.ts';

/** Parameters that `readAccountFilter` reads. */
export const ACCOUNT_FILTER = {
  ...PACK_FILTER,
  group: Type.Enum([...PACK_GROUPS]),
  type: Type.Enum([...PACK_TYPES]),
  certificate_authority: Type.Enum([...CERTIFICATE_AUTHORITIES]),
  zone_id: Type.String(),
  host: Type.String(),
  'host.suffix': Type.String(),
  expires_before: Type.String(),
  expires_after: Type.String(),
};

export const ORDERS = ['created_on', 'expires_on'] as const;

/** Throws `malformed_request` or `invalid_host` with a pointer to the parameter. At `now` it is seen what is at risk. */
export function readAccountFilter(query: Query, accountId: string, now: Date): AccountFilter {
  const group = readChoice(query, 'group', PACK_GROUPS);
  const filter = {
    accountId,
    status: readChoice(query, 'status', ['all', ...PACK_STATUSES]) ?? 'all',
    environment: readChoice(query, 'deploy', ENVIRONMENTS),
    type: readChoice(query, 'type', PACK_TYPES),
    certificateAuthority: readChoice(query, 'certificate_authority', CERTIFICATE_AUTHORITIES),
    zoneId: readId(query, 'zone_id'),
    expiresBefore: readInstant(query, 'expires_before'),
    expiresAfter: readInstant(query, 'expires_after'),
    host: readHost(query, 'host', toName),
    suffix: readHost(query, 'host.suffix', toSuffix),
  } as const;
  const isOfStatuses = group !== undefined && filter.status !== 'all';
  if (isOfStatuses) throw refuse('group', 'is not for use with status: it stands for several');
  return { ...filter, ...(group && { group, asOf: now }), order: readOrder(query, filter) };
}

/** By the end of certificates packs are sorted in no table of names, and not within a zone. */
function readOrder(query: Query, filter: Omit<AccountFilter, 'order'>): AccountFilter['order'] {
  const { zoneId, host, suffix, expiresBefore, expiresAfter } = filter;
  const order = readChoice(query, 'order', ORDERS);
  const isSortedByEnd = zoneId === undefined && host === undefined && suffix === undefined;
  if (order === 'expires_on' && !isSortedByEnd)
    throw refuse('order', 'is not expires_on with zone_id, host or host.suffix');
  const isByEnd = isSortedByEnd && (expiresBefore ?? expiresAfter) !== undefined;
  return order ?? (isByEnd ? 'expires_on' : 'created_on');
}

function readHost(query: Query, name: string, read: (text: string) => string): string | undefined {
  const text = readText(query, name);
  if (text === undefined) return undefined;
  try {
    return read(text);
  } catch (error) {
    if (error instanceof Fault) throw new Fault(error.fault, error.message, { pointer: `/${name}` });
    throw error;
  }
}
