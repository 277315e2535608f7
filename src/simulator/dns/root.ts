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

/** Refers every name to the servers of its zone: ours where they say so, else the customers'. */
export const rootAnswerer =
  (nameServers: readonly NameServer[], ours: OurZones): Answerer =>
  async (query) => {
    const hosts = [...CUSTOMER_SERVERS, ...nameServers].filter((host) => toKey(host.name) === query.name);
    if (hosts.length > 0) return addresses(query, hosts);
    const zone = query.name === '' ? undefined : await ours.zoneOf(query.name);
    if (zone !== undefined) return referral(zone, nameServers);
    const cut = registrableOf(query.name);
    return cut === undefined ? ownName(query) : referral(cut, CUSTOMER_SERVERS);
  };

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
    additionals: servers.map((server) => record(toKey(server.name), 'A', server.address)),
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
