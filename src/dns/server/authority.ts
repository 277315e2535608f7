import type { Answer } from 'dns-packet';
import type { Clock } from '../../kit/clock.ts';
import type { OwnName, OwnRecord, ResponderSource } from '../dns.ts';
import { RCODE } from '../message/message.ts';
import { isPlainLabel, isPlainName, isWithin, toDnsName } from '../message/names.ts';
import type { Answers, Query } from '../message/query.ts';
import { addressRecord, aliasOf, recordsOfType, TYPE, toAnswer } from './records.ts';

/** What our servers know. */
export interface Authority {
  readonly source: ResponderSource;
  /** Our name servers, all of them authoritative for every zone of ours; at least one. */
  readonly nameServers: readonly OwnNameServer[];
  /** Addresses of our edges, which names of proxied records are answered with. */
  readonly publicAddresses: readonly string[];
  readonly clock: Clock;
}

/** A name server of ours and its addresses, IPv4 or IPv6. */
export interface OwnNameServer {
  readonly name: string;
  readonly addresses: readonly string[];
}

/** What is asked, where: a name in a zone of ours. */
interface Place extends OwnName {
  /** Lower-case; undefined for a name with bytes that no name of ours has. */
  readonly name: string | undefined;
  readonly records: readonly OwnRecord[];
  /** The name as it was asked, letter case included. */
  readonly owner: string;
}

const CLASS_IN = 1;

/** TXT records are read by a CA within seconds of a change, so nothing keeps them or their absence. */
const TXT_TTL = 1;
const NS_TTL = 3_600;

/** Most TXT values in one answer: they fit a TCP message with the longest name. */
const MOST_VALUES = 120;

/** Most aliases that are followed in one answer. */
const MOST_ALIASES = 8;

/** Our answer to a query. Rejects when the source does. */
export async function answerTo(query: Query, authority: Authority): Promise<Answers> {
  if (query.edns && query.edns.version > 0) return plain(RCODE.badVers);
  if (query.class !== CLASS_IN || isMeta(query.type)) return plain(RCODE.refused);
  const place = await placeOf(query.labels, authority.source);
  return place ? follow(place, query.type, authority) : plain(RCODE.refused);
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

async function placeOf(labels: readonly string[], source: ResponderSource): Promise<Place | undefined> {
  const lower = labels.map(toLowerCase);
  const lastOdd = lower.findLastIndex((label) => !isPlainLabel(label));
  const suffix = lower.slice(lastOdd + 1).join('.');
  if (suffix === '' || !isPlainName(suffix)) return undefined;
  const found = await source.lookUp(suffix);
  if (!found) return undefined;
  const name = lastOdd < 0 ? suffix : undefined;
  return { records: [], ...found, zone: toDnsName(found.zone), name, owner: labels.join('.') };
}

const toLowerCase = (label: string): string => label.replace(/[A-Z]+/g, (part) => part.toLowerCase());

/** The answer at a name, behind the aliases that lead from it to other names of ours (RFC 1034 4.3.2). */
async function follow(first: Place, type: number, authority: Authority): Promise<Answers> {
  const aliases: Answer[] = [];
  const seen = new Set<string>();
  let place = first;
  for (;;) {
    const target = targetOf(place, type, authority);
    if (target === undefined) return behind(aliases, await answerAt(place, type, authority));
    aliases.push(...recordsOfType(place.records, TYPE.cname, { ...authority, name: place.owner }));
    seen.add(place.owner.toLowerCase());
    const next = await placeOf(target.split('.'), authority.source);
    if (!next || seen.has(target) || aliases.length === MOST_ALIASES) return behind(aliases, AUTHORITATIVE);
    place = next;
  }
}

const AUTHORITATIVE: Answers = { ...plain(RCODE.noError), isAuthoritative: true };

/** What is said of the name behind aliases is said of the first one (RFC 6604); of a referral, the aliases alone. */
function behind(aliases: readonly Answer[], answers: Answers): Answers {
  if (aliases.length === 0) return answers;
  if (!answers.isAuthoritative) return { ...AUTHORITATIVE, answers: aliases };
  return { ...answers, answers: [...aliases, ...answers.answers] };
}

/** Where an alias leads that answers a question for that type. */
function targetOf(
  { name, records, txt, cut }: Place,
  type: number,
  authority: Authority,
): string | undefined {
  const isHere = type === TYPE.cname || type === TYPE.any || (type === TYPE.txt && txt.length > 0);
  const isOwn = authority.nameServers.some((server) => toDnsName(server.name) === name);
  return name === undefined || isHere || isOwn || cut ? undefined : aliasOf(records);
}

async function answerAt(place: Place, type: number, authority: Authority): Promise<Answers> {
  const { name, zone, cut } = place;
  if (name === undefined) return negative(RCODE.nxDomain, place, authority);
  if (cut && !isAnsweredAbove(place, cut.name, type)) return referral(cut, zone, authority);
  const own = authority.nameServers.filter((server) => isWithin(toDnsName(server.name), zone));
  const isOwn = own.some((server) => isWithin(toDnsName(server.name), name));
  if (!isOwn && !isThere(place)) return negative(RCODE.nxDomain, place, authority);
  const answers = recordsAt(place, type, authority);
  if (answers.length === 0) return negative(RCODE.noError, place, authority);
  const additionals = type === TYPE.ns ? own.flatMap((server) => addressesOf(server, server.name)) : [];
  return { rcode: RCODE.noError, isAuthoritative: true, answers, authorities: [], additionals };
}

/** What is published for validation is answered wherever it is asked for, and DS by the zone above (RFC 4035 3.1.4.1). */
const isAnsweredAbove = ({ name, txt }: Place, cut: string, type: number): boolean =>
  (type === TYPE.txt && txt.length > 0) || (type === TYPE.ds && cut === name);

const isThere = ({ name, zone, hasBelow, txt, records }: Place): boolean =>
  name === zone || hasBelow || txt.length > 0 || records.length > 0;

/** NODATA or NXDOMAIN, with the SOA that says how long that holds (RFC 2308 3). */
function negative(rcode: number, place: Place, authority: Authority): Answers {
  const authorities = [soaOf(place.zone, place, authority)];
  return { rcode, isAuthoritative: true, answers: [], authorities, additionals: [] };
}

/** Who answers for a name that the zone's owner handed over, with their addresses where the zone has them. */
async function referral(
  { name, records }: NonNullable<OwnName['cut']>,
  zone: string,
  { source }: Authority,
): Promise<Answers> {
  const servers = records.flatMap((one) => (one.type === 'NS' ? [one.data] : []));
  const glue = servers.filter((server) => isWithin(server, zone)).map((server) => glueOf(server, source));
  const authorities = records.map((one) => toAnswer(one, name, one.ttl));
  return { ...plain(RCODE.noError), authorities, additionals: (await Promise.all(glue)).flat() };
}

async function glueOf(server: string, source: ResponderSource): Promise<Answer[]> {
  const { records = [] } = (await source.lookUp(server)) ?? {};
  const addresses = records.filter(({ type, isProxied }) => !isProxied && (type === 'A' || type === 'AAAA'));
  return addresses.map((one) => toAnswer(one, server, one.ttl));
}

function recordsAt(place: Place, type: number, at: Authority): Answer[] {
  const { name = '', zone, txt, owner, records } = place;
  const isApex = name === zone;
  if (type === TYPE.soa) return isApex ? [soaOf(owner, place, at)] : [];
  if (type === TYPE.ns) return isApex ? namesOf(place, at).map((server) => nsOf(owner, server)) : [];
  if (type === TYPE.any) return [minimalAny(owner)];
  const others = recordsOfType(records, type, { ...at, name: owner });
  if (type === TYPE.txt) return textsOf(owner, txt, others);
  const isAsked = ({ type: has }: Answer) => type === (has === 'A' ? TYPE.a : TYPE.aaaa);
  const here = at.nameServers.filter((server) => toDnsName(server.name) === name);
  const addresses = here.flatMap((server) => addressesOf(server, owner)).filter(isAsked);
  return addresses.length > 0 ? addresses : others;
}

/** Values for validation, and the owner's own beside them, kept as briefly (RFC 2181 5.2). */
function textsOf(owner: string, txt: readonly string[], others: readonly Answer[]): Answer[] {
  if (txt.length === 0) return others.slice(0, MOST_VALUES);
  const own = others.flatMap((one) => (one.type === 'TXT' ? [{ ...one, ttl: TXT_TTL }] : []));
  return [...txt.map((value) => txtOf(owner, value)), ...own].slice(0, MOST_VALUES);
}

/** A value is one string of the record, which holds 255 bytes (RFC 1035 3.3.14). */
const txtOf = (name: string, value: string): Answer => ({
  type: 'TXT',
  name,
  ttl: TXT_TTL,
  data: [Buffer.from(value).subarray(0, 255)],
});

/** Names of the servers that the zone is delegated to. */
const namesOf = ({ nameServers }: Place, at: Authority): readonly string[] =>
  nameServers ?? at.nameServers.map(({ name }) => name);

const nsOf = (name: string, server: string): Answer => ({
  type: 'NS',
  name,
  ttl: NS_TTL,
  data: toDnsName(server),
});

function soaOf(name: string, place: Place, at: Authority): Answer {
  const { zone } = place;
  const mname = toDnsName(namesOf(place, at)[0] ?? zone);
  const serial = Math.floor(at.clock.now().getTime() / 1_000) >>> 0;
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
  server.addresses.map((data) => addressRecord(name, NS_TTL, data));
