import type { Answer } from 'dns-packet';
import { DNS_ADDRESSES } from '../simulator.ts';
import { answersOf, type CustomerRecords, type Node } from './customer-records.ts';
import type { Answerer } from './listen.ts';
import { asksFor, type Query, RCODE, type Reply, record, soa } from './message.ts';
import { isWithin, parentOf, registrableOf, toKey } from './names.ts';
import { RECORD_TYPES } from './record-types.ts';

/** Names and addresses of the customers' servers. */
export const CUSTOMER_SERVERS = DNS_ADDRESSES.customers.map((address, i) => ({
  name: `ns${i + 1}.customers.test`,
  address: address as string,
}));

/** Aliases followed in one answer. */
const MOST_ALIASES = 10;

/** Answers with authority for every registrable domain, from the customers' records. */
export const customersAnswerer =
  (records: CustomerRecords): Answerer =>
  (query) => {
    const zone = registrableOf(query.name);
    return zone === undefined ? { rcode: RCODE.REFUSED } : new Lookup(records, query, zone).answer();
  };

/** One question within one zone. */
class Lookup {
  readonly #records: CustomerRecords;
  readonly #query: Query;
  readonly #zone: string;
  readonly #answers: Answer[] = [];

  constructor(records: CustomerRecords, query: Query, zone: string) {
    this.#records = records;
    this.#query = query;
    this.#zone = zone;
  }

  answer(): Reply {
    let owner = this.#query.question.name;
    for (let aliases = 0; aliases <= MOST_ALIASES; aliases++) {
      const target = this.#step(owner);
      if (typeof target !== 'string') return target;
      if (!isWithin(target, this.#zone)) return this.#found();
      owner = target;
    }
    return this.#found();
  }

  /** The reply that ends at `owner`, or the name that its CNAME leads to. */
  #step(owner: string): Reply | string {
    const name = toKey(owner);
    const cut = this.#cutAbove(name);
    if (cut !== undefined) return this.#answers.length > 0 ? this.#found() : this.#referral(cut);
    const node = this.#nodeOf(name);
    if (!node) return this.#nothing(RCODE.NXDOMAIN);
    const wanted = this.#wanted(owner, node);
    if (wanted.length > 0) {
      this.#answers.push(...wanted);
      return this.#found();
    }
    const [target] = node.get('CNAME') ?? [];
    if (target === undefined) return this.#nothing(RCODE.NOERROR);
    this.#answers.push(...answersOf(owner, 'CNAME', [target]));
    return toKey(target);
  }

  /** The topmost name below the apex, at or above `name`, whose NS records hand it to other servers. */
  #cutAbove(name: string): string | undefined {
    let cut: string | undefined;
    for (let at = name; at !== this.#zone; at = parentOf(at)) {
      if (this.#records.at(at)?.has('NS')) cut = at;
    }
    return cut;
  }

  /** Records of the name, of the wildcard that covers it (RFC 4592 3.3.1), none for an empty non-terminal. */
  #nodeOf(name: string): Node | undefined {
    const exact = this.#records.at(name);
    if (exact) return exact;
    if (name === this.#zone || isServer(name) || this.#records.exists(name)) return EMPTY;
    let encloser = parentOf(name);
    while (encloser !== this.#zone && !this.#records.exists(encloser)) encloser = parentOf(encloser);
    return this.#records.at(`*.${encloser}`);
  }

  #wanted(owner: string, node: Node): Answer[] {
    const types = RECORD_TYPES.filter((type) => asksFor(this.#query.type, type));
    const own = types.flatMap((one) => answersOf(owner, one, node.get(one) ?? []));
    return [...own, ...this.#builtIn(owner, node)];
  }

  /** What every zone has without being told: SOA and NS at its apex, and the addresses of the servers. */
  #builtIn(owner: string, node: Node): Answer[] {
    const name = toKey(owner);
    const asks = (type: string) => asksFor(this.#query.type, type);
    const isApex = name === this.#zone;
    const server = CUSTOMER_SERVERS.find((one) => one.name === name);
    return [
      ...(isApex && asks('SOA') ? [soa(this.#zone, this.#records.serial)] : []),
      ...(isApex && asks('NS') && !node.has('NS') ? nameServers(owner) : []),
      ...(server && asks('A') && !node.has('A') ? [record(owner, 'A', server.address)] : []),
    ];
  }

  #found(): Reply {
    return { rcode: RCODE.NOERROR, isAuthoritative: true, answers: this.#answers };
  }

  #nothing(rcode: number): Reply {
    return { ...this.#found(), rcode, authorities: [soa(this.#zone, this.#records.serial)] };
  }

  #referral(cut: string): Reply {
    const servers = this.#records.at(cut)?.get('NS') ?? [];
    const glue = servers.flatMap((name) => {
      const own = this.#records.at(toKey(name))?.get('A') ?? [];
      const known = CUSTOMER_SERVERS.filter((server) => server.name === toKey(name)).map(
        ({ address }) => address,
      );
      return answersOf(toKey(name), 'A', [...own, ...known]);
    });
    return { rcode: RCODE.NOERROR, authorities: answersOf(cut, 'NS', servers), additionals: glue };
  }
}

const EMPTY: Node = new Map();

const isServer = (name: string): boolean => CUSTOMER_SERVERS.some((server) => server.name === name);

/** NS records that hand `zone` to the customers' servers. */
const nameServers = (zone: string): Answer[] =>
  CUSTOMER_SERVERS.map((server) => record(zone, 'NS', server.name));
