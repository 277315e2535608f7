import type { Answer } from 'dns-packet';
import type { Clock } from '../../kit/clock.ts';
import type { ResponderSource } from '../dns.ts';
import { RCODE } from '../message/message.ts';
import { isPlainLabel, isPlainName, isWithin, toDnsName } from '../message/names.ts';
import type { Answers, Query } from '../message/query.ts';

/** What our servers know. */
export interface Authority {
  readonly source: ResponderSource;
  /** Our name servers, all of them authoritative for every zone of ours; at least one. */
  readonly nameServers: readonly OwnNameServer[];
  readonly clock: Clock;
}

/** A name server of ours and its addresses, IPv4 or IPv6. */
export interface OwnNameServer {
  readonly name: string;
  readonly addresses: readonly string[];
}

/** What is asked, where: a name in a zone of ours. */
interface Place {
  readonly zone: string;
  /** Lower-case; undefined for a name with bytes that no name of ours has. */
  readonly name: string | undefined;
  readonly txt: readonly string[];
  readonly hasBelow: boolean;
  /** The name as it was asked, letter case included. */
  readonly owner: string;
}

const TYPE = { a: 1, ns: 2, soa: 6, txt: 16, aaaa: 28, opt: 41, tkey: 249, any: 255 } as const;
const CLASS_IN = 1;

/** TXT records are read by a CA within seconds of a change, so nothing keeps them or their absence. */
const TXT_TTL = 1;
const NS_TTL = 3_600;

/** Most TXT values in one answer: they fit a TCP message with the longest name. */
const MOST_VALUES = 120;

/** Our answer to a query. Rejects when the source does. */
export async function answerTo(query: Query, authority: Authority): Promise<Answers> {
  if (query.edns && query.edns.version > 0) return plain(RCODE.badVers);
  if (query.class !== CLASS_IN || isMeta(query.type)) return plain(RCODE.refused);
  const place = await placeOf(query, authority.source);
  return place ? answerAt(place, query.type, authority) : plain(RCODE.refused);
}

/** Types that no zone holds: OPT, TKEY, TSIG, transfers and mail questions (RFC 6895 3.1). */
const isMeta = (type: number): boolean =>
  type === 0 || type === TYPE.opt || (type >= TYPE.tkey && type < TYPE.any);

const plain = (rcode: number): Answers => ({
  rcode,
  isAuthoritative: false,
  answers: [],
  authorities: [],
  additionals: [],
});

async function placeOf({ labels }: Query, source: ResponderSource): Promise<Place | undefined> {
  const lower = labels.map(toLowerCase);
  const lastOdd = lower.findLastIndex((label) => !isPlainLabel(label));
  const suffix = lower.slice(lastOdd + 1).join('.');
  if (suffix === '' || !isPlainName(suffix)) return undefined;
  const found = await source.lookUp(suffix);
  if (!found) return undefined;
  const name = lastOdd < 0 ? suffix : undefined;
  return { ...found, zone: toDnsName(found.zone), name, owner: labels.join('.') };
}

const toLowerCase = (label: string): string => label.replace(/[A-Z]+/g, (part) => part.toLowerCase());

function answerAt(place: Place, type: number, authority: Authority): Answers {
  const { name, zone, txt, hasBelow } = place;
  if (name === undefined) return negative(RCODE.nxDomain, zone, authority);
  const own = authority.nameServers.filter((server) => isWithin(toDnsName(server.name), zone));
  const isOwn = own.some((server) => isWithin(toDnsName(server.name), name));
  const exists = name === zone || isOwn || hasBelow || txt.length > 0;
  if (!exists) return negative(RCODE.nxDomain, zone, authority);
  const answers = recordsAt(place, type, authority);
  if (answers.length === 0) return negative(RCODE.noError, zone, authority);
  const additionals = type === TYPE.ns ? own.flatMap((server) => addressesOf(server, server.name)) : [];
  return { rcode: RCODE.noError, isAuthoritative: true, answers, authorities: [], additionals };
}

/** NODATA or NXDOMAIN, with the SOA that says how long that holds (RFC 2308 3). */
function negative(rcode: number, zone: string, authority: Authority): Answers {
  const authorities = [soaOf(zone, zone, authority)];
  return { rcode, isAuthoritative: true, answers: [], authorities, additionals: [] };
}

function recordsAt(place: Place, type: number, at: Authority): Answer[] {
  const { name = '', zone, txt, owner } = place;
  const isApex = name === zone;
  if (type === TYPE.txt) return txt.slice(0, MOST_VALUES).map((value) => txtOf(owner, value));
  if (type === TYPE.soa) return isApex ? [soaOf(owner, zone, at)] : [];
  if (type === TYPE.ns) return isApex ? at.nameServers.map((server) => nsOf(owner, server)) : [];
  if (type === TYPE.any) return [minimalAny(owner)];
  const isAsked = ({ type: has }: Answer) => type === (has === 'A' ? TYPE.a : TYPE.aaaa);
  const here = at.nameServers.filter((server) => toDnsName(server.name) === name);
  return here.flatMap((server) => addressesOf(server, owner)).filter(isAsked);
}

/** A value is one string of the record, which holds 255 bytes (RFC 1035 3.3.14). */
const txtOf = (name: string, value: string): Answer => ({
  type: 'TXT',
  name,
  ttl: TXT_TTL,
  data: [Buffer.from(value).subarray(0, 255)],
});

const nsOf = (name: string, server: OwnNameServer): Answer => ({
  type: 'NS',
  name,
  ttl: NS_TTL,
  data: toDnsName(server.name),
});

function soaOf(name: string, zone: string, { nameServers, clock }: Authority): Answer {
  const mname = toDnsName(nameServers[0]?.name ?? zone);
  const serial = Math.floor(clock.now().getTime() / 1_000) >>> 0;
  const times = { refresh: 3_600, retry: 600, expire: 604_800, minimum: TXT_TTL };
  return { type: 'SOA', name, ttl: TXT_TTL, data: { mname, rname: `hostmaster.${zone}`, serial, ...times } };
}

/** ANY gets one small made-up record instead of all there is (RFC 8482 4.2). */
const minimalAny = (name: string): Answer => ({
  type: 'HINFO',
  name,
  ttl: TXT_TTL,
  data: { cpu: 'RFC8482', os: '' },
});

const addressesOf = (server: OwnNameServer, name: string): Answer[] =>
  server.addresses.map((data) => ({ type: data.includes(':') ? 'AAAA' : 'A', name, ttl: NS_TTL, data }));
