import { type FastifyPluginAsyncTypebox, type Static, Type } from '@fastify/type-provider-typebox';
import { type CaRow, KEPT_FOR_RENEWALS } from '../../ca/ca.ts';
import { allowedDays, offersMethod } from '../../ca/order-policy.ts';
import { CERTIFICATE_AUTHORITIES, type CertificateAuthority } from '../../pack/pack.ts';
import { toWireTime } from '../../pack/pack-json.ts';
import { VALIDATION_METHODS } from '../../pack/validation-method.ts';
import { isOneOfMany } from '../../store/accounts.ts';
import { leftIn } from '../../store/ca-limits.ts';
import { countAccount, listSoonestEnds } from '../../store/summary.ts';
import type { ApiDeps } from '../deps.ts';
import { checkAccount, demandAll } from '../http/auth.ts';
import { ok, okOf } from '../http/envelope.ts';

const PERMISSION = 'SSL and Certificates Read';

const Limit = Type.Object({
  limit: Type.Literal('orders'),
  most: Type.Integer(),
  within_s: Type.Number(),
  is_shared: Type.Boolean(),
  remaining: Type.Optional(Type.Integer()),
  full_on: Type.Optional(Type.String()),
  is_available: Type.Boolean(),
  available_on: Type.Optional(Type.String()),
});
/** What can be ordered today. */
const Offers = Type.Object({
  validity_days: Type.Array(Type.Integer()),
  validation_methods: Type.Array(Type.Enum([...VALIDATION_METHODS])),
  wildcards: Type.Boolean(),
  internationalized: Type.Boolean(),
});
const Authority = Type.Object({
  certificate_authority: Type.Enum([...CERTIFICATE_AUTHORITIES]),
  is_configured: Type.Boolean(),
  validity_days: Type.Optional(Type.Array(Type.Integer())),
  offers: Type.Optional(Offers),
  packs: Type.Integer(),
  soonest_end: Type.Optional(Type.String()),
  health: Type.Object({
    is_up: Type.Optional(Type.Boolean()),
    problem: Type.Optional(Type.String()),
    last_success: Type.Optional(Type.String()),
    last_failure: Type.Optional(Type.String()),
  }),
  limits: Type.Array(Limit),
});

const SCHEMA = {
  operationId: 'list-account-certificate-authorities',
  summary:
    'The CAs: whether they can be ordered from, how they are, and what their limits leave to the account',
  params: Type.Object({ account_id: Type.String() }),
  response: okOf(Type.Array(Authority)),
};

/** Route of GET /accounts/{account_id}/ssl/certificate_authorities: of each CA what concerns the account. */
export const certificateAuthoritiesRoute =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get('/accounts/:account_id/ssl/certificate_authorities', { schema: SCHEMA }, async (request) => {
      const { account_id: accountId } = request.params;
      checkAccount(request.token, request, accountId, PERMISSION);
      demandAll(request.token, PERMISSION);
      const { pool } = deps;
      const [counts, ends] = await Promise.all([
        countAccount(pool, accountId, NO_WEEKS),
        listSoonestEnds(pool, accountId),
      ]);
      const all = CERTIFICATE_AUTHORITIES.map(async (ca) => {
        const [row, end] = [deps.rows.get(ca), ends.get(ca)];
        return {
          certificate_authority: ca,
          is_configured: row !== undefined,
          ...(row && { validity_days: [...row.validityDays], offers: offersOf(row, deps.clock.now()) }),
          packs: counts.authorities.get(ca) ?? 0,
          ...(end && { soonest_end: toWireTime(end) }),
          health: healthOf(deps, ca),
          limits: row ? await limitsOf(deps, row, accountId) : [],
        };
      });
      return ok(await Promise.all(all));
    });
  };

const offersOf = (row: CaRow, now: Date): Static<typeof Offers> => ({
  validity_days: allowedDays(row, now),
  validation_methods: VALIDATION_METHODS.filter((method) => offersMethod(row, method, now)),
  wildcards: row.allowsWildcard,
  internationalized: row.allowsIdn,
});

/** Nothing ends in it. */
const NO_WEEKS = { first: 0, last: 0 };

/** As this process knows it. Of one that it has not spoken to it says nothing. */
function healthOf(
  { caTrouble, caHealth }: ApiDeps,
  ca: CertificateAuthority,
): Static<typeof Authority>['health'] {
  const { lastSuccess, lastFailure } = caHealth?.(ca) ?? {};
  const problem = caTrouble?.(ca);
  const isKnown = problem !== undefined || lastSuccess !== undefined;
  return {
    ...(isKnown && { is_up: problem === undefined }),
    ...(problem !== undefined && { problem }),
    ...(lastSuccess && { last_success: toWireTime(lastSuccess) }),
    ...(lastFailure && { last_failure: toWireTime(lastFailure) }),
  };
}

/** New packs that the CA takes. Of a limit that is shared with other accounts is told what an order would be told: no numbers. */
async function limitsOf(
  { pool, clock }: ApiDeps,
  { name, limits, hasAccountPerTenant = false }: CaRow,
  accountId: string,
): Promise<Static<typeof Limit>[]> {
  const limit = limits?.orders;
  if (!limit) return [];
  const isShared = !hasAccountPerTenant && (await isOneOfMany(pool, accountId));
  const bucket = {
    kind: 'orders',
    subject: hasAccountPerTenant ? accountId : '',
    limit,
    spare: Math.floor(limit.most * KEPT_FOR_RENEWALS),
    ...(isShared && { taker: accountId }),
  };
  const { count, fullOn, emptyUntil } = await leftIn(pool, name, bucket, clock.now());
  return [
    {
      limit: 'orders',
      most: limit.most,
      within_s: limit.within,
      is_shared: isShared,
      ...(!isShared && { remaining: count, ...(fullOn && { full_on: toWireTime(fullOn) }) }),
      is_available: emptyUntil === undefined,
      ...(emptyUntil && { available_on: toWireTime(emptyUntil) }),
    },
  ];
}
