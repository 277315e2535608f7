import { isAddress } from '../address.ts';
import { type AskedType, type DnsRecord, RCODE, type Reply } from '../message/message.ts';
import { isBelow, isPlainName, isWithin } from '../message/names.ts';
import type { Heard } from './exchange.ts';

/** A zone as its parent names it. */
export interface Zone {
  /** '' for the root. */
  readonly name: string;
  readonly nameServers: readonly NameServer[];
}

/** A name server with the addresses that came with its name (glue); none means that they are to be found. */
export interface NameServer {
  readonly name: string;
  readonly addresses: readonly string[];
}

/** One address of a name server. */
export interface Server {
  readonly name: string;
  readonly address: string;
}

/** A name and a type to ask for. */
export interface Asked {
  readonly name: string;
  readonly type: AskedType;
}

/** What an answer means for a walk. */
export type Step =
  | { readonly kind: 'reply'; readonly server: Server; readonly reply: Reply }
  | { readonly kind: 'referral'; readonly reply: Reply; readonly child: string };

/** Name servers of one zone that are looked at, and addresses of one of them. */
export const MOST_SERVERS = 8;

/**
 * What a server of `zone` means: an authoritative reply, a referral down towards the name, or nothing that helps.
 * A referral up, aside, or to the zone itself is no help: that is how lame servers and loops look.
 */
export function stepOf(zone: Zone, { name, type }: Asked, server: Server, heard: Heard): Step | undefined {
  if (heard.kind === 'silence') return undefined;
  const { reply } = heard;
  const child = childIn(reply, zone, name);
  const isAnswer = reply.answers.some((record) => record.type === type || record.type === 'CNAME');
  if (child !== undefined && !isAnswer) return { kind: 'referral', reply, child };
  const isKnown = reply.rcode === RCODE.noError || reply.rcode === RCODE.nxDomain;
  return isKnown && reply.isAuthoritative ? { kind: 'reply', server, reply } : undefined;
}

function childIn(reply: Reply, zone: Zone, name: string): string | undefined {
  const hasSoa = reply.authorities.some((record) => record.type === 'SOA');
  if (reply.rcode !== RCODE.noError || hasSoa) return undefined;
  const isDown = (owner: string) => isBelow(owner, zone.name) && isWithin(name, owner);
  return reply.authorities.find((record) => record.type === 'NS' && isDown(record.name))?.name;
}

/** The zone `name` as the NS and glue among `records` say, which a server of the zone `from` sent. */
export function zoneIn(records: readonly DnsRecord[], name: string, from: string): Zone {
  const servers = records.filter((record) => record.type === 'NS' && record.name === name);
  const names = [...new Set(servers.map((record) => record.data))].filter(isPlainName);
  const nameServers = names.slice(0, MOST_SERVERS).map((server) => ({
    name: server,
    // Glue counts for names that the sender answers for; others are somebody else's to say.
    addresses: isWithin(server, from) ? addressesIn(records, server) : [],
  }));
  return { name, nameServers };
}

/** IP addresses of `name` among `records`, 8 at most; what is no address is left out. */
export function addressesIn(records: readonly DnsRecord[], name: string): string[] {
  const own = records.filter((record) => record.name === name && /^A(AAA)?$/.test(record.type));
  return [...new Set(own.map((record) => record.data).filter(isAddress))].slice(0, MOST_SERVERS);
}

/** The servers of several name servers in turns: the first address of each, then the second of each. */
export function inTurns(nameServers: readonly NameServer[]): Server[] {
  const turns = Array.from({ length: MOST_SERVERS }, (_, n) =>
    nameServers.flatMap(({ name, addresses }) =>
      addresses.slice(n, n + 1).map((address) => ({ name, address })),
    ),
  );
  return turns.flat();
}
