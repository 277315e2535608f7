import { RCODE } from '../message/message.ts';
import { isBelow, isRegistry, isWithin, parentOf } from '../message/names.ts';
import type { Descent, IterativeResolver, ServerHeard } from './iterative-resolver.ts';
import type { Server, Zone } from './zone.ts';

/** Where a name belongs. */
export type Located =
  | { readonly kind: 'zone'; readonly zone: Zone }
  /** The registry's zone `parent` says that nothing by that name is registered. */
  | { readonly kind: 'unregistered'; readonly parent: string; readonly server: Server }
  /** Nobody who serves `zone` helped to find the name's own zone. */
  | { readonly kind: 'stuck'; readonly zone: Zone; readonly heard: readonly ServerHeard[] };

/** The zone that holds `name`, with the servers that its parent names. */
export async function locate(walk: IterativeResolver, name: string): Promise<Located> {
  const descent = await walk.descend({ name, type: 'SOA' });
  if (descent.kind === 'stuck') return descent;
  const apex = await apexOf(walk, name, descent);
  const { zone, server, reply } = descent;
  if (isRegistry(apex) && reply.rcode === RCODE.nxDomain)
    return { kind: 'unregistered', parent: apex, server };
  return { kind: 'zone', zone: (await childZone(walk, apex, descent)) ?? zone };
}

type Answered = Extract<Descent, { readonly kind: 'reply' }>;

/**
 * The apex of the zone of `name` by the SOA in the answer. It lies below the zone that was walked to when the same
 * servers hold parent and child: they send no referral then. Above a CNAME, whose answer has no SOA, it climbs.
 */
async function apexOf(
  walk: IterativeResolver,
  name: string,
  { zone, server, reply }: Answered,
): Promise<string> {
  const soa = [...reply.answers, ...reply.authorities].find((record) => record.type === 'SOA');
  if (soa && isWithin(name, soa.name) && isWithin(soa.name, zone.name)) return soa.name;
  const parent = parentOf(name);
  if (!isBelow(parent, zone.name)) return zone.name;
  const heard = await walk.ask(server, { name: parent, type: 'SOA' }, 1);
  return heard.kind === 'silence'
    ? zone.name
    : apexOf(walk, parent, { kind: 'reply', zone, server, reply: heard.reply });
}

/** The zone at `apex`, when it is a child of the zone walked to, as the server of both names it. */
async function childZone(
  walk: IterativeResolver,
  apex: string,
  { zone, server }: Answered,
): Promise<Zone | undefined> {
  if (!isBelow(apex, zone.name)) return undefined;
  const heard = await walk.ask(server, { name: apex, type: 'NS' }, 1);
  if (heard.kind === 'silence' || !heard.reply.isAuthoritative) return undefined;
  const child = walk.enter(heard.reply, apex, zone.name);
  return child.nameServers.length > 0 ? child : undefined;
}
