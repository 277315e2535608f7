import { isAllowed } from '../address.ts';
import { type DnsRecord, newSignedQuery, type Reply, type SignedType } from '../message/message.ts';
import { isWithin } from '../message/names.ts';
import { askStream, pause } from '../message/tcp-exchange.ts';
import { exchange, type Heard } from './exchange.ts';
import type { ServerMemory } from './server-memory.ts';
import type { Suffixes } from './suffixes.ts';
import {
  type Asked,
  addressesIn,
  inTurns,
  MOST_SERVERS,
  type NameServer,
  type Server,
  type Step,
  stepOf,
  type Zone,
  zoneIn,
} from './zone.ts';

/** The world as a walk may see it. */
export interface Scope {
  /** Addresses of root servers; trusted. */
  readonly roots: readonly string[];
  readonly port: number;
  /** Ranges (CIDR) that may be asked besides public addresses. */
  readonly allow: readonly string[];
  readonly ipv6: boolean;
  readonly suffixes: Suffixes;
  /** What other looks found of name servers. */
  readonly servers: ServerMemory;
  /** Messages of one walk, all names and zones together: 50 unless said. */
  readonly mostQueries?: number;
}

/** Every server of a zone, sorted by what may be done with it. */
export interface Servers {
  readonly open: readonly Server[];
  /** Servers whose address the policy forbids: no packet goes there. */
  readonly barred: readonly Server[];
  /** Name servers whose addresses nobody could tell. */
  readonly unknown: readonly string[];
}

/** What one server gave for an answer. */
export interface ServerHeard {
  readonly server: Server;
  readonly heard: Heard;
}

/** The end of a walk down: the first authoritative reply, or the zone whose servers did not help. */
export type Descent =
  | { readonly kind: 'reply'; readonly zone: Zone; readonly server: Server; readonly reply: Reply }
  | { readonly kind: 'stuck'; readonly zone: Zone; readonly heard: readonly ServerHeard[] };

const MOST_QUERIES = 50;
/** How long one server is asked alone, in milliseconds, before the others of its zone are asked beside it. */
const ALONE_MS = 600;
/** How long an exchange with signatures may take, in milliseconds. */
const SIGNED_MS = 1_500;
/** Name servers whose names lie in zones of name servers whose names lie in zones … */
const MOST_NESTED = 4;

/**
 * Walks from the root to the servers of names. One walk serves one look: it remembers the zones it met, and all
 * its questions share one budget. Never throws; when `signal` ends it, what was not heard by then is silence.
 */
export class IterativeResolver {
  readonly #scope: Scope;
  readonly #signal: AbortSignal;
  readonly #zones = new Map<string, Zone>();
  readonly #found = new Map<string, readonly string[] | undefined>();
  readonly #seeking = new Set<string>();
  #left: number;
  #isShort = false;

  constructor(scope: Scope, signal: AbortSignal) {
    this.#scope = scope;
    this.#signal = signal;
    this.#left = scope.mostQueries ?? MOST_QUERIES;
  }

  /** Whether the walk ended early: its queries or its time did not suffice. */
  get isSpent(): boolean {
    return this.#isShort || this.#signal.aborted;
  }

  /** Asks one server, with `tries` UDP messages at most. */
  ask(server: Server, asked: Asked, tries: number, signal = this.#signal): Promise<Heard> {
    const spend = () => {
      this.#isShort ||= this.#left === 0;
      this.#left -= this.#isShort ? 0 : 1;
      return !this.#isShort;
    };
    const question = { ...asked, address: server.address, port: this.#scope.port };
    return exchange(question, { tries, spend, signal, servers: this.#scope.servers });
  }

  /** Asks one server over TCP for records with their signatures; the message, undefined where none came. */
  async askSigned({ address }: Server, name: string, type: SignedType): Promise<Buffer | undefined> {
    if (this.#signal.aborted || this.#left === 0) return undefined;
    this.#left -= 1;
    const { id, bytes } = newSignedQuery(name, type);
    const limit = { signal: this.#signal, limitMs: SIGNED_MS };
    const heard = await askStream({ host: address, port: this.#scope.port }, { bytes, ...limit });
    const isAnswer = heard.kind === 'bytes' && heard.bytes.length >= 12 && heard.bytes.readUInt16BE(0) === id;
    return isAnswer ? heard.bytes : undefined;
  }

  /** Follows referrals down to the first server that answers with authority. */
  async descend(asked: Asked): Promise<Descent> {
    let zone = this.nearest(asked.name);
    for (;;) {
      const heard: ServerHeard[] = [];
      const step = await this.#step(zone, asked, heard);
      if (!step) {
        this.#scope.suffixes.forget(zone.name);
        return { kind: 'stuck', zone, heard };
      }
      if (step.kind === 'reply') return { ...step, zone };
      // A child's name is longer than its zone's, so the turns end.
      zone = this.enter(step.reply, step.child, zone.name);
    }
  }

  /** The zone `name` as a reply of a server of the zone `from` says. */
  enter(reply: Reply, name: string, from: string): Zone {
    const records: readonly DnsRecord[] = [...reply.answers, ...reply.authorities, ...reply.additionals];
    const found = zoneIn(records, name, from);
    const nameServers = found.nameServers.map((server) => this.#reachable(server));
    const zone = { name, nameServers };
    this.#zones.set(name, zone);
    const ttls = records.filter((record) => record.type === 'NS').map((record) => record.ttl);
    this.#scope.suffixes.put(zone, Math.min(...ttls));
    return zone;
  }

  /** The zone closest above `name`, or of that name, that the walk has met. */
  nearest(name: string): Zone {
    const met = [...this.#zones.values()].filter((zone) => isWithin(name, zone.name));
    const longest = met.toSorted((a, b) => b.name.length - a.name.length)[0];
    const root = {
      name: '',
      nameServers: this.#scope.roots.map((ip) => ({ name: 'root', addresses: [ip] })),
    };
    return longest ?? this.#scope.suffixes.get(name) ?? root;
  }

  /** Every server of a zone, 8 at most: one address of each name server first, then the next of each. */
  async serversOf(zone: Zone): Promise<Servers> {
    const unknown: string[] = [];
    const known: NameServer[] = [];
    for (const server of zone.nameServers) {
      const found = server.addresses.length > 0 ? server : await this.#located(server.name);
      if (found) known.push(found);
      else unknown.push(server.name);
    }
    const servers = inTurns(known);
    const open = servers.filter((server) => this.#mayAsk(zone, server)).slice(0, MOST_SERVERS);
    const barred = servers.filter((server) => !this.#mayAsk(zone, server)).slice(0, MOST_SERVERS);
    return { open, barred, unknown };
  }

  /** What helps on from `zone`: its servers with glue are asked first, then one name server after another. */
  async #step(zone: Zone, asked: Asked, heard: ServerHeard[]): Promise<Step | undefined> {
    const step = await this.#firstStep(zone, zone.nameServers, asked, heard);
    if (step) return step;
    for (const { name } of zone.nameServers.filter((server) => server.addresses.length === 0)) {
      const found = await this.#located(name);
      const next = found && (await this.#firstStep(zone, [found], asked, heard));
      if (next) return next;
    }
    return undefined;
  }

  async #firstStep(zone: Zone, among: readonly NameServer[], asked: Asked, heard: ServerHeard[]) {
    const servers = inTurns(among).filter((server) => this.#mayAsk(zone, server));
    const race = new AbortController();
    const signal = AbortSignal.any([this.#signal, race.signal]);
    const attempt = async (server: Server, tries: number) => {
      const said = await this.ask(server, asked, tries, signal);
      const step = stepOf(zone, asked, server, said);
      if (!step) heard.push({ server, heard: said });
      return step;
    };
    const [first, ...others] = servers.slice(0, MOST_SERVERS);
    if (!first) return undefined;
    // One server alone as a rule; all the others beside it when it is slow, or a dead one costs too long.
    const alone = attempt(first, 2);
    const early = await Promise.race([alone, pause(ALONE_MS, signal)]);
    const found = early ?? (await firstDefined([alone, ...others.map((server) => attempt(server, 2))]));
    race.abort();
    return found;
  }

  /** A name server with its addresses, by a walk of its own; undefined when nobody could tell. */
  async #located(name: string): Promise<NameServer | undefined> {
    if (!this.#found.has(name)) {
      // A name server inside the zone that it serves, without glue, leads back here.
      if (this.#seeking.has(name) || this.#seeking.size >= MOST_NESTED) return undefined;
      this.#seeking.add(name);
      this.#found.set(name, await this.#addressesOf(name));
      this.#seeking.delete(name);
    }
    const addresses = this.#found.get(name);
    return addresses && this.#reachable({ name, addresses });
  }

  async #addressesOf(name: string): Promise<readonly string[] | undefined> {
    const v4 = await this.#lookUp({ name, type: 'A' });
    // Where nobody tells the one, nobody tells the other; some who tell the first do not know the second.
    const v6 = v4 && this.#scope.ipv6 ? await this.#lookUp({ name, type: 'AAAA' }) : [];
    return v4 && [...v4, ...(v6 ?? [])];
  }

  async #lookUp(asked: Asked): Promise<readonly string[] | undefined> {
    const descent = await this.descend(asked);
    return descent.kind === 'reply' ? addressesIn(descent.reply.answers, asked.name) : undefined;
  }

  #reachable({ name, addresses }: NameServer): NameServer {
    return { name, addresses: addresses.filter((address) => this.#scope.ipv6 || !address.includes(':')) };
  }

  #mayAsk(zone: Zone, server: Server): boolean {
    return zone.name === '' || isAllowed(server.address, this.#scope.allow);
  }
}

/** The first value that is there; undefined once all have come to nothing. */
function firstDefined<T>(attempts: readonly Promise<T | undefined>[]): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<T | undefined>();
  const each = attempts.map(async (attempt) => {
    const value = await attempt;
    if (value !== undefined) resolve(value);
  });
  void Promise.all(each).then(() => resolve(undefined));
  return promise;
}
