import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { getDomain } from 'tldts';
import { Fault } from '../../kit/fault.ts';
import type { HostHere, HostLook } from '../../pack/host-look.ts';
import { isInZone, toName } from '../../pack/hosts.ts';
import { isOpen } from '../../pack/zone-life.ts';
import { getPack } from '../../store/packs.ts';
import { getServing } from '../../store/served-hosts.ts';
import type { Zone } from '../../store/zone-row.ts';
import { getZone, listZonesNamed } from '../../store/zones.ts';
import type { ApiDeps } from '../deps.ts';
import { checkAccount, checkReach, demandAll } from '../http/auth.ts';
import { ok, okOf } from '../http/envelope.ts';
import type { HostLooks } from './host-looks.ts';
import { toViewed, Viewed } from './public-view-json.ts';

const GET = {
  operationId: 'check-host',
  summary:
    'Where a public name leads now, which certificates it shows, and what is missing for it to be served here',
  params: Type.Object({ account_id: Type.String(), host: Type.String() }),
  response: okOf(
    Type.Object({
      ...Viewed.properties,
      zone_id: Type.Optional(Type.String()),
      certificate_pack_id: Type.Optional(Type.String()),
    }),
  ),
};

const WRITE = 'SSL and Certificates Write';

/** Route of GET /accounts/{account_id}/host_checks/{host}. */
export const hostCheckRoute =
  (deps: ApiDeps, looks: HostLooks): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get('/accounts/:account_id/host_checks/:host', { schema: GET }, async (request) => {
      const { account_id: accountId } = request.params;
      checkAccount(request.token, request, accountId, WRITE);
      const host = hostIn(request.params.host);
      // It has this service connect to addresses of the caller's choice.
      const zone = await zoneFor(deps, accountId, host);
      if (zone) checkReach(request.token, request, zone.id, WRITE);
      else demandAll(request.token, WRITE);
      // What this machine's own network answers is for those who have shown control of the name.
      const isInsideAsked = zone !== undefined && isOpen(zone);
      const look = await looks.look(accountId, { name: host, isInsideAsked });
      return ok(await told(deps, { zone, host, look }));
    });
  };

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
  return {
    ...toViewed(look, here, leaves),
    ...(zone && { zone_id: zone.id }),
    ...(here.pack && { certificate_pack_id: here.pack.id }),
  };
}

/** How a name stands in an account: packs of other accounts are none of its caller's business. */
async function standing(
  { pool, publicAddresses: ours }: ApiDeps,
  zone: Zone | undefined,
  host: string,
): Promise<{ readonly here: HostHere; readonly leaves: readonly string[] }> {
  const isApex = host === zone?.name || getDomain(host) === host;
  if (!zone) return { here: { host, ours, isApex, zone: undefined, pack: undefined }, leaves: [] };
  const serving = await getServing(pool, host, 'production');
  const pack = serving?.zone.id === zone.id ? await getPack(pool, zone.id, serving.id) : undefined;
  const here: HostHere = {
    host,
    ours,
    isApex,
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
