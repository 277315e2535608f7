/** What the body of a bulk request is on, and whether its caller may do that to it. */
import type { FastifyRequest } from 'fastify';
import { Fault } from '../../kit/fault.ts';
import type { PackKey } from '../../pack/pack.ts';
import { isGranted } from '../../pack/permission.ts';
import type { BulkScope } from '../../store/bulk-job-row.ts';
import type { AccountFilter } from '../../store/list/account-list.ts';
import type { Pool } from '../../store/store.ts';
import { getZone } from '../../store/zones.ts';
import type { ApiDeps } from '../deps.ts';
import { checkReach } from '../http/auth.ts';
import { readAccountFilter } from './account-filter.ts';
import type { BulkBody } from './bulk-schema.ts';
import { packId } from './pack-id.ts';

const WRITE = 'SSL and Certificates Write';

/** What a body is on, for a caller who may do that to it. Throws with a pointer to what is wrong. */
export async function scopeOf(
  { pool, clock }: Pick<ApiDeps, 'pool' | 'clock'>,
  request: FastifyRequest,
  body: BulkBody,
  accountId: string,
): Promise<BulkScope> {
  const now = clock.now();
  if ((body.filter === undefined) === (body.packs === undefined))
    throw new Fault('malformed_request', 'give either filter or packs', { pointer: '/filter' });
  if (body.packs) {
    const packs = body.packs.map(({ zone_id: zoneId, id }, i) => ({
      id: at(`/packs/${i}/id`, () => packId(id)),
      zone: { id: zoneId },
    }));
    await checkZones(pool, request, accountId, packs);
    return { packs: distinct(packs) };
  }
  const filter = textsOf(body.filter ?? {});
  const which = at(
    '/filter',
    () => readAccountFilter(filter, accountId, now),
    (pointer = '') => pointer,
  );
  await checkFilter(pool, request, which);
  return { filter, which };
}

const textsOf = (filter: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(filter).flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])),
  );

/** What `read` gives; what it throws points to `pointer`, or to where `within` has it in there. */
function at<T>(
  pointer: string,
  read: () => T,
  within: (pointer: string | undefined) => string = () => '',
): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault(error.fault, error.message, { pointer: pointer + within(error.pointer) });
  }
}

function distinct(packs: readonly PackKey[]): PackKey[] {
  return [...new Map(packs.map((pack) => [`${pack.zone.id} ${pack.id}`, pack])).values()];
}

/** Throws unless every zone is the account's, and the caller may write there. */
async function checkZones(
  pool: Pool,
  request: FastifyRequest,
  accountId: string,
  packs: readonly PackKey[],
): Promise<void> {
  const zones = new Map(packs.map(({ zone }, i) => [zone.id, i] as const).toReversed());
  for (const [zoneId, i] of zones) {
    const pointer = `/packs/${i}/zone_id`;
    at(pointer, () => checkReach(request.token, request, zoneId, WRITE));
    if (!(await getZone(pool, accountId, zoneId)))
      throw new Fault('zone_not_found', `zone ${zoneId} not found`, { pointer });
  }
}

async function checkFilter(
  pool: Pool,
  request: FastifyRequest,
  { accountId, zoneId }: AccountFilter,
): Promise<void> {
  const pointer = '/filter/zone_id';
  if (zoneId === undefined) {
    if (isGranted(request.token.policies, WRITE)) return;
    const sentence = `this token has no '${WRITE}' for all zones: add zone_id, or use one that has`;
    throw new Fault('missing_permission', sentence, { pointer });
  }
  at(pointer, () => checkReach(request.token, request, zoneId, WRITE));
  if (!(await getZone(pool, accountId, zoneId)))
    throw new Fault('zone_not_found', `zone ${zoneId} not found`, { pointer });
}
