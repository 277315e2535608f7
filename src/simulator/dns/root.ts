import type { CustomerRecords } from './customer-records.ts';
import { CUSTOMER_SERVERS } from './customers.ts';
import type { Answerer } from './listen.ts';
import { asksFor, type Query, RCODE, type Reply, record, soa } from './message.ts';
import { registrableOf, toKey } from './names.ts';
import type { OurZones } from './our-zones.ts';

/** A name server and its address, as the root knows it. */
export interface NameServer {
  readonly name: string;
  readonly address: string;
}

/** What the root goes by. */
export interface Registry {
  readonly nameServers: readonly NameServer[];
  readonly ours: OurZones;
  /** Records of the world: NS records at a registrable domain are what its owner told the registry. */
  readonly records: Pick<CustomerRecords, 'at'>;
  /** Whether a zone is ours by such records alone, but for those beside our own name servers; else also where these say so. */
  readonly isTold: boolean;
}

/** Refers every name to the servers of its zone: those that the registry was told, else ours, else the customers'. */
export const rootAnswerer =
  (registry: Registry): Answerer =>
  async (query) => {
    const all = [...CUSTOMER_SERVERS, ...registry.nameServers];
    const hosts = all.filter((host) => toKey(host.name) === query.name);
    if (hosts.length > 0) return addresses(query, hosts);
    const cut = registrableOf(query.name);
    const told = cut === undefined ? undefined : registry.records.at(cut)?.get('NS');
    if (cut !== undefined && told)
      return referral(
        cut,
        told.flatMap((name) => placed(name, all)),
      );
    const zone = await ourZone(registry, query.name, cut);
    if (zone !== undefined) return referral(zone, registry.nameServers);
    return cut === undefined ? ownName(query) : referral(cut, CUSTOMER_SERVERS);
  };

/** The zone that our own name servers say they have, where that is believed. */
function ourZone({ nameServers, ours, isTold }: Registry, name: string, cut: string | undefined) {
  const isBeside = nameServers.some((server) => registrableOf(toKey(server.name)) === cut);
  return name === '' || (isTold && !isBeside) ? undefined : ours.zoneOf(name);
}

/** A name server with its addresses, as far as the root knows them. */
function placed(name: string, all: readonly NameServer[]): NameServer[] {
  const known = all.filter((one) => toKey(one.name) === toKey(name));
  return known.length > 0 ? known : [{ name, address: '' }];
}

function addresses(query: Query, hosts: readonly NameServer[]): Reply {
  const isAsked = asksFor(query.type, 'A');
  const answers = isAsked ? hosts.map((host) => record(query.question.name, 'A', host.address)) : [];
  const authorities = isAsked ? [] : [soa('', SERIAL)];
  return { rcode: RCODE.NOERROR, isAuthoritative: true, answers, authorities };
}

function referral(zone: string, servers: readonly NameServer[]): Reply {
  return {
    rcode: RCODE.NOERROR,
    authorities: servers.map((server) => record(zone, 'NS', toKey(server.name))),
    additionals: servers
      .filter(({ address }) => address !== '')
      .map((server) => record(toKey(server.name), 'A', server.address)),
  };
}

/** The root itself and every public suffix are of the root's own zone and have nothing but their place. */
function ownName(query: Query): Reply {
  const isStart = query.name === '' && asksFor(query.type, 'SOA');
  const start = [soa('', SERIAL)];
  return {
    rcode: RCODE.NOERROR,
    isAuthoritative: true,
    answers: isStart ? start : [],
    authorities: isStart ? [] : start,
  };
}

/** The root's own zone never changes. */
const SERIAL = 1;
