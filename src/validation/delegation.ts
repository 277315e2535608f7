import { RCODE, type Reply } from '../dns/message/message.ts';
import { parentOf, toDnsName } from '../dns/message/names.ts';
import { IterativeResolver } from '../dns/resolver/iterative-resolver.ts';
import { locate } from '../dns/resolver/locate.ts';
import { ServerMemory } from '../dns/resolver/server-memory.ts';
import { Suffixes } from '../dns/resolver/suffixes.ts';
import type { Server } from '../dns/resolver/zone.ts';
import type { PrecheckOptions } from './txt.ts';
import type { DelegationCheck, LookAtDelegation } from './validation.ts';

/** Longest that one look takes, in milliseconds of real time. */
const LOOK_MS = 10_000;

/** What a look at delegations needs. */
export interface DelegationOptions extends Omit<PrecheckOptions, 'delegationZone'> {
  /** Our own name servers. They answer for zones of which nobody has shown control yet, so that their word proves nothing. */
  readonly own: readonly { readonly name: string; readonly addresses: readonly string[] }[];
}

/**
 * Looks at delegations as resolvers find them: from the root down to the zone above, whose every authoritative server is
 * asked, but for our own. Takes 10 s and 50 messages at most. Rejects only with the reason of an aborted signal.
 */
export function createDelegationLook({ own, ...options }: DelegationOptions): LookAtDelegation {
  const isOwn = ({ name, address }: Server): boolean =>
    own.some((one) => toDnsName(one.name) === toDnsName(name) || one.addresses.includes(address));
  const memory = { suffixes: new Suffixes(options.clock), servers: new ServerMemory() };
  return async (zone, wanted, signal) => {
    signal.throwIfAborted();
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), LOOK_MS);
    try {
      const walk = new IterativeResolver({ ...options, ...memory }, AbortSignal.any([signal, limit.signal]));
      const told = await askParents(walk, toDnsName(zone), isOwn);
      signal.throwIfAborted();
      return judge(told, wanted);
    } finally {
      clearTimeout(timer);
    }
  };
}

/** What each server of the zone above said: names, or undefined for one that did not tell. */
type Told = readonly string[] | undefined;

async function askParents(
  walk: IterativeResolver,
  zone: string,
  isOwn: (server: Server) => boolean,
): Promise<Told[]> {
  const parent = parentOf(zone);
  const located = await locate(walk, parent);
  if (located.kind === 'unregistered') return [[]];
  if (located.kind === 'stuck') return [];
  const { open } = await walk.serversOf(located.zone);
  const others = open.filter((server) => !isOwn(server));
  return Promise.all(others.map((server) => askOne(walk, server, zone)));
}

async function askOne(walk: IterativeResolver, server: Server, zone: string): Promise<Told> {
  const heard = await walk.ask(server, { name: zone, type: 'NS' }, 2);
  return heard.kind === 'silence' ? undefined : namesIn(heard.reply, zone);
}

/** A referral has the names among the authorities; one who answers for both zones has them as an answer. */
function namesIn({ rcode, isAuthoritative, answers, authorities }: Reply, zone: string): Told {
  if (rcode !== RCODE.noError && rcode !== RCODE.nxDomain) return undefined;
  const named = [...answers, ...authorities].filter((one) => one.type === 'NS' && one.name === zone);
  if (named.length > 0) return [...new Set(named.map(({ data }) => toDnsName(data)))].toSorted();
  return isAuthoritative ? [] : undefined;
}

function judge(told: readonly Told[], wanted: readonly string[]): DelegationCheck {
  const known = told.filter((one) => one !== undefined);
  const nameServers = known.find((one) => one.length > 0) ?? [];
  const exact = wanted.map(toDnsName).toSorted().join(' ');
  const isExact = known.map((names) => names.join(' ') === exact);
  if (known.length === 0 || exact === '') return { nameServers, outcome: 'unknown' };
  if (isExact.every(Boolean)) return { nameServers, outcome: 'exact' };
  return { nameServers, outcome: isExact.some(Boolean) ? 'unknown' : 'other' };
}
