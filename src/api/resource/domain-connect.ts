import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { Static } from 'typebox';
import { Fault } from '../../kit/fault.ts';
import { packNotFound } from '../../operation/locked-pack.ts';
import type { ConnectFound, ConnectProvider } from '../../pack/connect-provider.ts';
import { validationRecords } from '../../pack/copy-records.ts';
import { isShown, ownershipName } from '../../pack/custom-hostname.ts';
import {
  type ConnectRecord,
  type ConnectService,
  connectLink,
  type DomainConnect,
  planConnect,
  serviceFor,
} from '../../pack/domain-connect.ts';
import type { Pack } from '../../pack/pack.ts';
import { getFallbackOrigin } from '../../store/fallback-origins.ts';
import { getPack } from '../../store/packs.ts';
import type { Zone } from '../../store/zone-row.ts';
import type { ApiDeps } from '../deps.ts';
import { zoneOf } from '../http/auth.ts';
import { ok, okOf } from '../http/envelope.ts';
import { shownHostname } from './custom-hostnames.ts';
import { hostnameId, packId } from './pack-id.ts';

const Link = Type.Object({
  kind: Type.Enum(['prepare', 'connect']),
  name: Type.String(),
  domain: Type.String(),
  host: Type.String(),
  provider: Type.String(),
  url: Type.String(),
  width: Type.Integer(),
  height: Type.Integer(),
  records: Type.Array(
    Type.Object({ type: Type.Enum(['TXT', 'CNAME']), name: Type.String(), value: Type.String() }),
  ),
});
const Links = Type.Object({
  links: Type.Array(Link),
  without: Type.Array(
    Type.Object({ name: Type.String(), why: Type.String(), control_panel: Type.Optional(Type.String()) }),
  ),
});
type Links = Static<typeof Links>;

const OF_HOSTNAME = {
  operationId: 'domain-connect-of-custom-hostname',
  summary:
    'Links by which the owner of a custom hostname creates its records at his DNS provider, or why there are none',
  params: Type.Object({ zone_id: Type.String(), custom_hostname_id: Type.String() }),
  response: okOf(Links),
};
const OF_PACK = {
  operationId: 'domain-connect-of-certificate-pack',
  summary: 'Links by which the owners of a pack’s hosts create its validation records, or why there are none',
  params: Type.Object({ zone_id: Type.String(), certificate_pack_id: Type.String() }),
  response: okOf(Links),
};

const WRITE = 'SSL and Certificates Write';
/** Looks of one process at a time: each asks servers of others. */
const MOST_AT_ONCE = 8;
/** Names of one pack that are looked at. */
const MOST_NAMES = 10;
const LIMIT_MS = 25_000;

/** Routes of …/custom_hostnames/{custom_hostname_id}/domain_connect and …/certificate_packs/{certificate_pack_id}/domain_connect. */
export const domainConnectRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    let underWay = 0;
    const within = async (work: (signal: AbortSignal) => Promise<Links>) => {
      if (underWay >= MOST_AT_ONCE)
        throw new Fault('too_many_requests', 'too many looks are under way here; ask again in some seconds');
      underWay += 1;
      try {
        return ok(await work(AbortSignal.timeout(LIMIT_MS)));
      } finally {
        underWay -= 1;
      }
    };
    // Both have this service ask servers of others: who only reads may not.
    const ofHostname = '/zones/:zone_id/custom_hostnames/:custom_hostname_id/domain_connect';
    app.get(ofHostname, { schema: OF_HOSTNAME }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, WRITE);
      const wanted = await wantedByHostname(deps, zone, hostnameId(request.params.custom_hostname_id));
      return within((signal) => linksFor(deps, [wanted], signal));
    });
    const ofPack = '/zones/:zone_id/ssl/certificate_packs/:certificate_pack_id/domain_connect';
    app.get(ofPack, { schema: OF_PACK }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, WRITE);
      const id = packId(request.params.certificate_pack_id);
      const pack = await getPack(deps.pool, zone.id, id);
      if (!pack) throw packNotFound(id);
      const all = wantedByPack(deps, pack);
      if (all.length === 0) return ok({ links: [], without: [{ name: zone.name, why: NOTHING }] });
      return within((signal) => linksFor(deps, all, signal));
    });
  };

const NOTHING = 'no record has to be created elsewhere';

/** Records of one name: for control of it, and those that lead it to us. */
interface Wanted {
  readonly name: string;
  readonly control: readonly ConnectRecord[];
  readonly traffic: readonly ConnectRecord[];
  /** What else its owner should know. */
  readonly notes: readonly string[];
}

async function wantedByHostname(deps: ApiDeps, zone: Zone, id: string): Promise<Wanted> {
  const { hostname: one, pack: shown } = await shownHostname(deps, zone, id);
  const origin = await getFallbackOrigin(deps.pool, zone.id);
  const pack = shown && (await getPack(deps.pool, zone.id, JSON.parse(shown.json).id));
  const { hostname: name } = one;
  const ownership = { type: 'TXT', name: ownershipName(name), value: one.token } as const;
  const names = one.wildcard ? [name, `*.${name}`] : [name];
  const target = origin?.status === 'active' ? origin.origin : undefined;
  return {
    name,
    control: [...(isShown(one) ? [] : [ownership]), ...(pack ? controlOf(deps, pack) : [])],
    traffic:
      target === undefined ? [] : names.map((at) => ({ type: 'CNAME' as const, name: at, value: target })),
    notes: target === undefined ? ['the zone has no active fallback origin that it could be led to'] : [],
  };
}

/** By names of hosts. Where a CNAME delegates validation, values beside it would not be seen. */
function wantedByPack(deps: ApiDeps, pack: Pack): Wanted[] {
  const names = Map.groupBy(controlOf(deps, pack), ({ name }) => name.replace(/^_acme-challenge\./, ''));
  return [...names].map(([name, control]) => ({ name, control, traffic: [], notes: [] }));
}

function controlOf({ json }: ApiDeps, pack: Pack): ConnectRecord[] {
  const all = validationRecords(pack, json);
  const delegated = new Set(all.flatMap(({ type, name }) => (type === 'CNAME' ? [name] : [])));
  return all.flatMap(({ type, name, value }) =>
    type === 'CNAME' || (type === 'TXT' && !delegated.has(name)) ? [{ type, name, value }] : [],
  );
}

async function linksFor(deps: ApiDeps, all: readonly Wanted[], signal: AbortSignal): Promise<Links> {
  const { connect } = deps;
  if (!connect)
    return withoutAny(all, 'this service makes no such links: its operator sets connect_provider_id');
  const each = await Promise.all(
    all.slice(0, MOST_NAMES).map(async (wanted) => {
      const links = connect.find(wanted.name, signal).then((way) => linksOf(connect, wanted, way, signal));
      return links.catch((error: unknown) => {
        if (signal.aborted) return withoutAny([wanted], 'its DNS provider did not answer in time; try again');
        throw error;
      });
    }),
  );
  const rest = withoutAny(all.slice(MOST_NAMES), `only the first ${MOST_NAMES} names are looked at`);
  return {
    links: each.flatMap(({ links }) => links),
    without: [...each.flatMap(({ without }) => without), ...rest.without],
  };
}

const withoutAny = (all: readonly Wanted[], why: string): Links => ({
  links: [],
  without: all.map(({ name }) => ({ name, why })),
});

async function linksOf(
  connect: DomainConnect,
  wanted: Wanted,
  found: ConnectFound,
  signal: AbortSignal,
): Promise<Links> {
  const { name, control, traffic, notes } = wanted;
  if (found.kind === 'none') return { links: [], without: [{ name, why: found.why }] };
  const { domain, provider } = found;
  const isApex = name === domain;
  const whole = isApex || traffic.length === 0 ? [] : [...control, ...traffic];
  const apart = isApex && traffic.length > 0 ? [APEX] : notes;
  const plans = [
    ...(control.length > 0 ? [['prepare', control, 'certificate'] as const] : []),
    ...(whole.length > 0 ? [['connect', whole, 'custom-hostname'] as const] : []),
  ];
  if (plans.length === 0) return { links: [], without: [{ name, why: apart[0] ?? NOTHING }] };
  const made = await Promise.all(
    plans.map(async ([kind, records, service]) =>
      oneLink(connect, { kind, name, domain, provider, records, service }, signal),
    ),
  );
  return {
    links: made.flatMap(({ links }) => links),
    without: [...made.flatMap(({ without }) => without), ...apart.map((why) => ({ name, why }))],
  };
}

const APEX =
  'it is the name of a whole zone, which no CNAME can lead elsewhere: its owner sets it by hand, where the provider flattens CNAMEs';

interface LinkOf {
  readonly kind: 'prepare' | 'connect';
  readonly name: string;
  readonly domain: string;
  readonly provider: ConnectProvider;
  readonly records: readonly ConnectRecord[];
  readonly service: ConnectService;
}

async function oneLink(connect: DomainConnect, of: LinkOf, signal: AbortSignal): Promise<Links> {
  const { kind, name, domain, provider } = of;
  const service = serviceFor(name, domain, of.service);
  const why = await connect.refusalOf(provider, service, signal);
  if (why !== undefined)
    return {
      links: [],
      without: [{ name, why, ...(provider.controlPanel && { control_panel: provider.controlPanel }) }],
    };
  const plan = planConnect({ name, domain, service }, of.records, connect.terms);
  const { host, records, left } = plan;
  const { width, height } = provider;
  const told = { kind, name, domain, host, provider: provider.name, width, height };
  return {
    links: [
      { ...told, url: connectLink(connect, provider, plan), records: records.map((one) => ({ ...one })) },
    ],
    without: left.map(({ type, name: at }) => ({
      name,
      why: `the link has no room for one more ${type} record at ${at}: create it by hand`,
    })),
  };
}
