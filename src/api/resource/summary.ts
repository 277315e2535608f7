import { type FastifyPluginAsyncTypebox, type Static, Type } from '@fastify/type-provider-typebox';
import { countWaiting, startOfWeek, weekOf } from '../../pack/account-slots.ts';
import { CERTIFICATE_AUTHORITIES, PACK_STATUSES, type PackStatus } from '../../pack/pack.ts';
import { toWireTime } from '../../pack/pack-json.ts';
import {
  type AccountCounts,
  countAccount,
  countZone,
  type LateRenewals,
  listLateRenewals,
  listSoonestEnds,
  type PackAtRisk,
} from '../../store/summary.ts';
import type { ApiDeps } from '../deps.ts';
import { checkAccount, demandAll, zoneOf } from '../http/auth.ts';
import { ok, okOf } from '../http/envelope.ts';

const PERMISSION = 'SSL and Certificates Read';

const Statuses = Type.Object(Object.fromEntries(PACK_STATUSES.map((status) => [status, Type.Integer()])));
const AtRisk = Type.Object({
  id: Type.String(),
  zone_id: Type.String(),
  zone_name: Type.String(),
  hosts: Type.Array(Type.String(), { maxItems: 3 }),
  host_count: Type.Integer(),
  status: Type.Enum([...PACK_STATUSES]),
  certificate_authority: Type.Enum([...CERTIFICATE_AUTHORITIES]),
  renewal_on: Type.String(),
  expires_on: Type.String(),
  life_left: Type.Number(),
});
const Summary = Type.Object({
  as_of: Type.String(),
  total: Type.Integer(),
  statuses: Statuses,
  groups: Type.Object({
    active: Type.Integer(),
    waiting_for_customer: Type.Integer(),
    waiting_for_us: Type.Integer(),
    waiting_for_ca: Type.Integer(),
    being_renewed: Type.Integer(),
    at_risk: Type.Integer(),
    expired: Type.Integer(),
  }),
  renewals: Type.Object({ overdue: Type.Integer(), at_risk: Type.Integer(), is_at_least: Type.Boolean() }),
  expiries: Type.Array(Type.Object({ from: Type.String(), to: Type.String(), count: Type.Integer() })),
  certificate_authorities: Type.Array(
    Type.Object({
      certificate_authority: Type.Enum([...CERTIFICATE_AUTHORITIES]),
      packs: Type.Integer(),
      soonest_end: Type.Optional(Type.String()),
    }),
  ),
  most_at_risk: Type.Array(AtRisk, { maxItems: 10 }),
});

const OF_ACCOUNT = {
  operationId: 'summarize-account-certificate-packs',
  summary: 'How many packs an account has, where they are, and what is late',
  params: Type.Object({ account_id: Type.String() }),
  response: okOf(Summary),
};
const OF_ZONE = {
  operationId: 'summarize-certificate-packs',
  summary: 'How many packs a zone has in each status',
  params: Type.Object({ zone_id: Type.String() }),
  response: okOf(Type.Object({ as_of: Type.String(), total: Type.Integer(), statuses: Statuses })),
};

/** Weeks of `expiries`, the one of today first: 90 days, on whichever day they begin. */
const WEEKS = 14;

/** Routes of GET …/ssl/certificate_packs/summary, of an account and of a zone: numbers of now, from counts that changes keep. */
export const summaryRoutes =
  ({ pool, clock }: Pick<ApiDeps, 'pool' | 'clock'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/accounts/:account_id/ssl/certificate_packs/summary',
      { schema: OF_ACCOUNT },
      async (request) => {
        const { account_id: accountId } = request.params;
        checkAccount(request.token, request, accountId, PERMISSION);
        demandAll(request.token, PERMISSION);
        const now = clock.now();
        const first = weekOf(now);
        const [counts, late, soonest] = await Promise.all([
          countAccount(pool, accountId, { first, last: first + WEEKS - 1 }),
          listLateRenewals(pool, accountId, now),
          listSoonestEnds(pool, accountId),
        ]);
        return ok({
          as_of: toWireTime(now),
          ...toCounts(counts, late),
          expiries: expiriesFrom(first, counts),
          certificate_authorities: CERTIFICATE_AUTHORITIES.flatMap((ca) => {
            const [packs, end] = [counts.authorities.get(ca) ?? 0, soonest.get(ca)];
            if (packs === 0) return [];
            return [{ certificate_authority: ca, packs, ...(end && { soonest_end: toWireTime(end) }) }];
          }),
          most_at_risk: late.worst.map(toAtRisk),
        });
      },
    );

    app.get('/zones/:zone_id/ssl/certificate_packs/summary', { schema: OF_ZONE }, async (request) => {
      const { id } = zoneOf(request, request.params.zone_id, PERMISSION);
      const now = clock.now();
      return ok({ as_of: toWireTime(now), ...toStatuses(await countZone(pool, id)) });
    });
  };

function toStatuses(counts: ReadonlyMap<PackStatus, number>) {
  const statuses = Object.fromEntries(PACK_STATUSES.map((status) => [status, counts.get(status) ?? 0]));
  return { total: [...counts.values()].reduce((sum, n) => sum + n, 0), statuses };
}

function toCounts(
  { statuses, slots, renewing }: AccountCounts,
  { overdue, atRisk, isAtLeast }: LateRenewals,
) {
  const sum = (...some: PackStatus[]) => some.reduce((n, status) => n + (statuses.get(status) ?? 0), 0);
  return {
    ...toStatuses(statuses),
    groups: {
      active: sum('active', 'staging_active'),
      waiting_for_customer: countWaiting('customer', statuses, slots),
      waiting_for_us: countWaiting('us', statuses, slots),
      waiting_for_ca: countWaiting('ca', statuses, slots),
      being_renewed: renewing,
      at_risk: atRisk,
      expired: sum('expired'),
    },
    renewals: { overdue, at_risk: atRisk, is_at_least: isAtLeast },
  };
}

const expiriesFrom = (first: number, { weeks }: AccountCounts) =>
  Array.from({ length: WEEKS }, (_, i) => ({
    from: dayOf(first + i),
    to: dayOf(first + i + 1),
    count: weeks.get(first + i) ?? 0,
  }));

const dayOf = (week: number): string => startOfWeek(week).toISOString().slice(0, 10);

/** Hosts that are shown of a pack. */
const MOST_HOSTS = 3;

const toAtRisk = (pack: PackAtRisk): Static<typeof AtRisk> => ({
  id: pack.id,
  zone_id: pack.zoneId,
  zone_name: pack.zoneName,
  hosts: pack.hosts.slice(0, MOST_HOSTS),
  host_count: pack.hosts.length,
  status: pack.status,
  certificate_authority: pack.certificateAuthority,
  renewal_on: toWireTime(pack.renewOn),
  expires_on: toWireTime(pack.endsOn),
  life_left: Math.round(pack.lifeLeft * 10_000) / 10_000,
});
