import { RCODE, type Reply } from '../message/message.ts';
import { isBelow, isRegistry, parentOf } from '../message/names.ts';
import type { IterativeResolver } from './iterative-resolver.ts';
import { label } from './query-all.ts';
import type { Server } from './zone.ts';

/** A name that servers deny, though they know one below it. */
export interface Denied {
  readonly name: string;
  /** The name below it that they know. */
  readonly below: string;
  /** The servers, as they are called to the subscriber. */
  readonly servers: readonly string[];
}

/** Names above one that are asked for, and servers that are asked for each. */
const MOST_NAMES = 8;
const MOST_SERVERS = 4;

/**
 * The highest name above `name` that is answered with NXDOMAIN by a server that knows `name` itself: an empty
 * non-terminal that is denied. A resolver that asks label by label (RFC 9156), or takes the denial for all below
 * (RFC 8020), never gets to `name`. `knowing` are the servers that know it; all of its zone when left out.
 */
export async function findDenied(
  walk: IterativeResolver,
  name: string,
  knowing?: readonly Server[],
): Promise<Denied | undefined> {
  const zone = walk.nearest(name).name;
  const all = await Promise.all(
    namesAbove(name).map(async (above) => {
      const own = walk.nearest(above);
      // A zone of its own is there, by the referral to it.
      if (own.name === above) return undefined;
      const asked = own.name === zone && knowing ? knowing : (await walk.serversOf(own)).open;
      return deniedBy(walk, { name: above, below: name, zone: own.name }, asked.slice(0, MOST_SERVERS));
    }),
  );
  return all.findLast((denied) => denied !== undefined);
}

/** From the closest up, as far as anybody may register names. */
function namesAbove(name: string): string[] {
  const names: string[] = [];
  for (let above = parentOf(name); !isRegistry(above) && names.length < MOST_NAMES; above = parentOf(above))
    names.push(above);
  return names;
}

interface Suspect {
  readonly name: string;
  readonly below: string;
  readonly zone: string;
}

async function deniedBy(
  walk: IterativeResolver,
  suspect: Suspect,
  servers: readonly Server[],
): Promise<Denied | undefined> {
  const found = await Promise.all(
    servers.map(async (server) => ((await denies(walk, suspect, server)) ? [label(server)] : [])),
  );
  const { name, below } = suspect;
  const those = found.flat();
  return those.length > 0 ? { name, below, servers: those } : undefined;
}

async function denies(
  walk: IterativeResolver,
  { name, below, zone }: Suspect,
  server: Server,
): Promise<boolean> {
  const heard = await walk.ask(server, { name, type: 'A' }, 1);
  if (heard.kind === 'silence' || !heard.reply.isAuthoritative) return false;
  const { rcode, answers } = heard.reply;
  // With a CNAME, it is what that leads to that does not exist (RFC 6604 3).
  if (rcode !== RCODE.nxDomain || answers.some((record) => record.name === name)) return false;
  // A server that is behind knows neither.
  const known = await walk.ask(server, { name: below, type: 'TXT' }, 1);
  return known.kind === 'reply' && isKnown(known.reply, zone);
}

/** Whether a reply is one about a name that is there: records, none of that type, or a referral. */
function isKnown({ rcode, isAuthoritative, answers, authorities }: Reply, zone: string): boolean {
  if (answers.length > 0) return true;
  const isReferral = authorities.some((record) => record.type === 'NS' && isBelow(record.name, zone));
  return rcode === RCODE.noError && (isAuthoritative || isReferral);
}
