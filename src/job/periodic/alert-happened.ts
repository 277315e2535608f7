import type { ChoosingPolicy, Happened } from '../../pack/alert-choice.ts';
import { type AlertFrame, edgeFacts, packFacts, zoneFacts } from '../../pack/alert-text.ts';
import { alertTypeOfPack, edgeAlertOf, packAlertOf, zoneAlertOf } from '../../pack/alert-types.ts';
import type { CustomHostname } from '../../pack/custom-hostname.ts';
import { type Explanation, explain } from '../../pack/explanation.ts';
import { toName } from '../../pack/hosts.ts';
import type { Pack } from '../../pack/pack.ts';
import { isOfHostname } from '../../pack/type.ts';
import { getAccount } from '../../store/accounts.ts';
import type { AlertableEvent } from '../../store/alert-events.ts';
import { getHostname } from '../../store/custom-hostnames.ts';
import { getHostnameOf } from '../../store/hostname-packs.ts';
import { getAside } from '../../store/pack-aside.ts';
import { getPack } from '../../store/packs.ts';
import { getZone } from '../../store/zones.ts';
import type { JobDeps } from '../job.ts';

/** The type of alert that zones have. */
const OF_ZONES = 'zone_status_event_type';
/** The type that edges have. */
const OF_EDGES = 'edge_status_event_type';

/** What of the events of an account somebody wants to be told, in words, in their order. Of a pack that is gone nothing is told. */
export async function happenedIn(
  deps: JobDeps,
  accountId: string,
  {
    events,
    policies,
  }: { readonly events: readonly AlertableEvent[]; readonly policies: readonly ChoosingPolicy[] },
): Promise<Happened[]> {
  const wanted = new Set(policies.map(({ alertType }) => alertType));
  const account = await getAccount(deps.pool, accountId);
  const about = { account: { id: accountId, name: account?.name ?? '' }, wanted };
  const packs = await packsOf(deps, about, events);
  return events.flatMap((event) => {
    if (event.packId === undefined) return ofZone(deps, about, event) ?? ofEdge(about, event) ?? [];
    const found = packs.get(event.packId);
    return (found && ofPack(deps, about, event, found)) ?? [];
  });
}

/** Packs that are looked at together. */
const AT_ONCE = 4;

/** The packs that events are of, each once, if they are there and of a type that somebody wants to be told of. */
async function packsOf(
  deps: JobDeps,
  about: About,
  events: readonly AlertableEvent[],
): Promise<ReadonlyMap<string, FoundPack>> {
  const told = events.filter((event) => event.packId !== undefined && packAlertOf(event) !== undefined);
  const keys = [...new Map(told.map(({ zoneId, packId = '' }) => [packId, zoneId]))];
  const packs = new Map<string, FoundPack>();
  for (let i = 0; i < keys.length; i += AT_ONCE)
    await Promise.all(
      keys.slice(i, i + AT_ONCE).map(async ([packId, zoneId]) => {
        const found = await wantedPack(deps, about, zoneId, packId);
        if (found) packs.set(packId, found);
      }),
    );
  return packs;
}

/** A pack as it is now. */
interface FoundPack {
  readonly pack: Pack;
  readonly alertType: string;
  readonly explanation: Explanation;
  readonly hostname: CustomHostname | undefined;
}

interface About {
  readonly account: AlertFrame['account'];
  readonly wanted: ReadonlySet<string>;
}

/** What names an event for ever: its place in its zone, and when it was made, as a place may be lost with a server and given anew. */
const keyOf = ({ zoneId, seq, madeOn }: AlertableEvent): string => `${zoneId} ${seq} ${madeOn.getTime()}`;

function ofZone(deps: JobDeps, { account, wanted }: About, event: AlertableEvent): Happened | undefined {
  const alert = zoneAlertOf(event);
  if (alert === undefined || !wanted.has(OF_ZONES)) return undefined;
  const { zoneId, madeOn, name = '' } = event;
  const frame = { event: alert, madeOn, account, link: linkTo(deps, ['zones', zoneId]) };
  return {
    accountId: account.id,
    alertType: OF_ZONES,
    subject: zoneId,
    madeOn,
    key: keyOf(event),
    fact: { event: alert, zoneId },
    facts: zoneFacts(frame, { id: zoneId, name }),
  };
}

function ofEdge({ account, wanted }: About, event: AlertableEvent): Happened | undefined {
  const alert = edgeAlertOf(event);
  if (alert === undefined || !wanted.has(OF_EDGES)) return undefined;
  const { zoneId, madeOn, name = '' } = event;
  return {
    accountId: account.id,
    alertType: OF_EDGES,
    subject: name,
    madeOn,
    key: keyOf(event),
    fact: { event: alert, zoneId },
    facts: edgeFacts({ event: alert, madeOn, account, link: undefined }, name),
  };
}

function ofPack(
  deps: JobDeps,
  { account }: About,
  event: AlertableEvent,
  { pack, alertType, explanation, hostname }: FoundPack,
): Happened | undefined {
  const { zoneId, madeOn } = event;
  const alert = packAlertOf(event);
  if (!alert || (alert === 'validation.wanted' && !isWanted(pack, explanation))) return undefined;
  const frame = { event: alert, madeOn, account, link: linkTo(deps, ['zones', zoneId, 'packs', pack.id]) };
  return {
    accountId: account.id,
    alertType,
    subject: pack.id,
    madeOn,
    key: keyOf(event),
    fact: { event: alert, zoneId, hosts: pack.hosts.map(toName), status: event.to ?? pack.status },
    facts: packFacts(frame, { pack, status: event.to, explanation, hostname }),
  };
}

async function wantedPack(
  deps: JobDeps,
  { account, wanted }: About,
  zoneId: string,
  packId: string,
): Promise<FoundPack | undefined> {
  const pack = await getPack(deps.pool, zoneId, packId);
  const alertType = pack && alertTypeOfPack(pack.type);
  if (!pack || alertType === undefined || !wanted.has(alertType)) return undefined;
  const explanation = await explained(deps, account.id, pack);
  return explanation && { pack, alertType, explanation, hostname: await hostnameOf(deps, pack) };
}

/** The custom hostname of which a pack is the current one. */
async function hostnameOf({ pool }: JobDeps, pack: Pack): Promise<CustomHostname | undefined> {
  const of = isOfHostname(pack) ? await getHostnameOf(pool, pack) : undefined;
  return of?.isCurrent ? getHostname(pool, pack.zone.id, of.hostnameId) : undefined;
}

/** Whether its owner has to show control: that is told only as long as it is so. */
const isWanted = ({ status }: Pack, { whoseMove }: Explanation): boolean =>
  status === 'pending_validation' && whoseMove === 'customer';

async function explained({ pool, clock, json, zonePolicy }: JobDeps, accountId: string, pack: Pack) {
  const now = clock.now();
  const aside = await getAside(pool, pack, now);
  const zone = await getZone(pool, accountId, pack.zone.id);
  if (!aside || !zone) return undefined;
  const { nameServers = zonePolicy.nameServers, verificationKey, wantsText } = zone;
  const control = { nameServers, verificationKey, wantsText };
  return explain(pack, { ...aside, now, control, covered: [], json });
}

/** Address of a view of the dashboard. */
const linkTo = ({ alerts: { publicUrl } }: JobDeps, parts: readonly string[]): string | undefined =>
  publicUrl === '' ? undefined : `${publicUrl.replace(/\/$/, '')}/dashboard/#/${parts.join('/')}`;
