import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { Fault } from '../../kit/fault.ts';
import { type HostHere, type HostLook, LEADS_TO, leadsTo, missingFor } from '../../pack/host-look.ts';
import { isInZone, toName } from '../../pack/hosts.ts';
import { toWireTime } from '../../pack/pack-json.ts';
import { isOpen } from '../../pack/zone-life.ts';
import { getPack } from '../../store/packs.ts';
import { getServing } from '../../store/served-hosts.ts';
import type { Zone } from '../../store/zone-row.ts';
import { getZone, listZonesNamed } from '../../store/zones.ts';
import type { ApiDeps } from '../deps.ts';
import { checkAccount, checkReach, demandAll } from '../http/auth.ts';
import { ok, okOf } from '../http/envelope.ts';

const GET = {
  operationId: 'check-host',
  summary:
    'Where a public name leads now, which certificates it shows, and what is missing for it to be served here',
  params: Type.Object({ account_id: Type.String(), host: Type.String() }),
  response: okOf(
    Type.Object({
      host: Type.String(),
      leads_to: Type.Enum([...LEADS_TO]),
      cdn: Type.Optional(Type.String()),
      names: Type.Array(Type.String()),
      addresses: Type.Array(
        Type.Object({
          address: Type.String(),
          is_ours: Type.Boolean(),
          problem: Type.Optional(Type.String()),
          certificate: Type.Optional(
            Type.Object({
              fingerprint_sha256: Type.String(),
              issuer: Type.String(),
              expires_on: Type.String({ format: 'date-time' }),
              hosts: Type.Array(Type.String()),
              is_of_pack: Type.Boolean(),
            }),
          ),
        }),
      ),
      zone_id: Type.Optional(Type.String()),
      certificate_pack_id: Type.Optional(Type.String()),
      missing: Type.Array(Type.String()),
    }),
  ),
};

const WRITE = 'SSL and Certificates Write';

/** Looks at a time, of one process and of one account in it: each asks servers of others, which may let it wait. */
const [MOST_AT_ONCE, MOST_OF_ACCOUNT] = [8, 3];

/** Route of GET /accounts/{account_id}/host_checks/{host}. */
export const hostCheckRoute =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const underWay: string[] = [];
    app.get('/accounts/:account_id/host_checks/:host', { schema: GET }, async (request) => {
      const { account_id: accountId } = request.params;
      checkAccount(request.token, request, accountId, WRITE);
      const host = hostIn(request.params.host);
      // It has this service connect to addresses of the caller's choice.
      const zone = await zoneFor(deps, accountId, host);
      if (zone) checkReach(request.token, request, zone.id, WRITE);
      else demandAll(request.token, WRITE);
      const ofAccount = underWay.filter((one) => one === accountId).length;
      if (!deps.lookAtHost || underWay.length >= MOST_AT_ONCE || ofAccount >= MOST_OF_ACCOUNT)
        throw new Fault('too_many_requests', 'too many looks are under way here; ask again in some seconds');
      underWay.push(accountId);
      try {
        const look = await deps.lookAtHost(host, AbortSignal.timeout(LIMIT_MS));
        return ok(await told(deps, { zone, host, look }));
      } finally {
        underWay.splice(underWay.indexOf(accountId), 1);
      }
    });
  };

const LIMIT_MS = 20_000;

function hostIn(text: string): string {
  try {
    const name = toName(text);
    if (!name.startsWith('*')) return name;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
  throw new Fault('invalid_host', `${JSON.stringify(text.slice(0, 100))} is no name that leads anywhere`, {
    pointer: '/host',
  });
}

interface Looked {
  /** Of the account; undefined: it has none. */
  readonly zone: Zone | undefined;
  readonly host: string;
  readonly look: HostLook;
}

async function told(deps: ApiDeps, { zone, host, look }: Looked) {
  const { here, leaves } = await standing(deps, zone, host);
  const { names, addresses, cdn } = look;
  return {
    host,
    leads_to: leadsTo(look, here.ours),
    ...(cdn !== undefined && { cdn }),
    names: [...names],
    addresses: addresses.map(({ address, certificate, problem }) => ({
      address,
      is_ours: here.ours.includes(address),
      ...(problem !== undefined && { problem }),
      ...(certificate && {
        certificate: {
          fingerprint_sha256: certificate.fingerprint,
          issuer: certificate.issuer,
          expires_on: toWireTime(certificate.expiresOn),
          hosts: [...certificate.hosts],
          is_of_pack: leaves.includes(certificate.fingerprint),
        },
      }),
    })),
    ...(zone && { zone_id: zone.id }),
    ...(here.pack && { certificate_pack_id: here.pack.id }),
    missing: missingFor(look, here),
  };
}

/** How a name stands in an account: packs of other accounts are none of its caller's business. */
async function standing(
  { pool, publicAddresses: ours }: ApiDeps,
  zone: Zone | undefined,
  host: string,
): Promise<{ readonly here: HostHere; readonly leaves: readonly string[] }> {
  if (!zone) return { here: { host, ours, zone: undefined, pack: undefined }, leaves: [] };
  const serving = await getServing(pool, host, 'production');
  const pack = serving?.zone.id === zone.id ? await getPack(pool, zone.id, serving.id) : undefined;
  const here: HostHere = {
    host,
    ours,
    zone: { name: zone.name, isOpen: isOpen(zone) },
    pack: pack && { id: pack.id, status: pack.status, isProven: PROVEN.includes(pack.status) },
  };
  return { here, leaves: pack?.certificates.map(({ fingerprint }) => fingerprint) ?? [] };
}

const PROVEN: readonly string[] = ['active', 'pending_expiration'];

/** The deepest zone of an account that a name lies in. */
async function zoneFor(
  { pool }: Pick<ApiDeps, 'pool'>,
  accountId: string,
  host: string,
): Promise<Zone | undefined> {
  const labels = host.split('.');
  const names = labels.map((_, i) => labels.slice(i).join('.'));
  const zones = await Promise.all(
    (await listZonesNamed(pool, names)).map((id) => getZone(pool, accountId, id)),
  );
  return zones
    .filter((zone) => zone !== undefined)
    .filter(({ name }) => isInZone(host, name))
    .toSorted((a, b) => b.name.length - a.name.length)[0];
}
