import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { getDomain } from 'tldts';
import { packNotFound } from '../../operation/locked-pack.ts';
import type { HostHere, HostLook } from '../../pack/host-look.ts';
import { isWildcard, toName, withoutWildcard } from '../../pack/hosts.ts';
import { isServed } from '../../pack/lifecycle.ts';
import type { Pack } from '../../pack/pack.ts';
import { toWireTime } from '../../pack/pack-json.ts';
import { isOpen } from '../../pack/zone-life.ts';
import { getPack } from '../../store/packs.ts';
import type { Zone } from '../../store/zone-row.ts';
import type { ApiDeps } from '../deps.ts';
import { zoneOf } from '../http/auth.ts';
import { ok, okOf } from '../http/envelope.ts';
import type { HostLooks } from './host-looks.ts';
import { packId } from './pack-id.ts';
import { toViewed, Viewed } from './public-view-json.ts';

/** Hosts of one answer, and how many of them are looked at side by side. */
const [MOST_HOSTS, AT_ONCE] = [6, 2];

const GET = {
  operationId: 'certificate-pack-public-view',
  summary:
    'Where the hosts of a certificate pack lead, told apart from whether the edges serve them; six hosts a page',
  params: Type.Object({ zone_id: Type.String(), certificate_pack_id: Type.String() }),
  querystring: Type.Object({ page: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,2}$' })) }),
  response: okOf(
    Type.Object({
      id: Type.String(),
      hosts: Type.Array(Viewed),
      /** Hosts of the pack, of which six are told. */
      total: Type.Integer(),
      page: Type.Integer(),
      seen_on: Type.String({ format: 'date-time' }),
    }),
  ),
};

/** Route of GET /zones/{zone_id}/ssl/certificate_packs/{certificate_pack_id}/public_view. */
export const publicViewRoute =
  (deps: ApiDeps, looks: HostLooks): FastifyPluginAsyncTypebox =>
  async (app) => {
    const path = '/zones/:zone_id/ssl/certificate_packs/:certificate_pack_id/public_view';
    app.get(path, { schema: GET }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Read');
      const id = packId(request.params.certificate_pack_id);
      const pack = await getPack(deps.pool, zone.id, id);
      if (!pack) throw packNotFound(id);
      const page = Number(request.query.page ?? 1);
      const hosts = pack.hosts.slice((page - 1) * MOST_HOSTS, page * MOST_HOSTS);
      const viewed = await inTurns(hosts, (host) => viewHost(deps, looks, { zone, pack, host }));
      const seenOn = toWireTime(deps.clock.now());
      return ok({ id, hosts: viewed, total: pack.hosts.length, page, seen_on: seenOn });
    });
  };

/** A few at a time, so that one pack leaves room for other looks of its account. */
async function inTurns<T>(hosts: readonly string[], view: (host: string) => Promise<T>): Promise<T[]> {
  const told: T[] = [];
  for (let n = 0; n < hosts.length; n += AT_ONCE)
    told.push(...(await Promise.all(hosts.slice(n, n + AT_ONCE).map(view))));
  return told;
}

interface Viewing {
  readonly zone: Zone;
  readonly pack: Pack;
  readonly host: string;
}

async function viewHost({ publicAddresses }: ApiDeps, looks: HostLooks, { zone, pack, host }: Viewing) {
  const name = toName(host);
  const look: HostLook = await looks.seen(zone.accountId, {
    // What a wildcard is for is any name below it.
    name: isWildcard(name) ? `${ANY}.${withoutWildcard(name)}` : name,
    isInsideAsked: isOpen(zone),
  });
  const here: HostHere = {
    host,
    ours: publicAddresses,
    isApex: name === zone.name || getDomain(name) === name,
    caa: caaAbove(pack),
    zone: { name: zone.name, isOpen: isOpen(zone) },
    pack: { id: pack.id, status: pack.status, isProven: isServed(pack.status) },
  };
  const leaves = pack.certificates.map(({ fingerprint }) => fingerprint);
  return toViewed(look, here, leaves);
}

const ANY = 'certpacks-look';

/** The records above a host that keep the pack from being issued, as its last step found them. */
const caaAbove = ({ found }: Pack): string | undefined =>
  found?.situation === 'caa_at_parent'
    ? found.evidence.map(({ said, who }) => `${said} (seen at ${who})`).join(', ')
    : undefined;
