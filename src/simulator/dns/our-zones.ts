import type { DecodedPacket } from 'dns-packet';
import { Fault } from '../../kit/fault.ts';
import { ask, type ServerAddress } from './ask.ts';
import { isWithin, parentOf, toKey } from './names.ts';

/** Milliseconds that a name server of ours has to say whether a name is in a zone of its own. */
const PATIENCE_MS = 500;

/** Knows which zones are ours by asking our name servers, as a registry knows by its records. */
export class OurZones {
  readonly #servers: readonly ServerAddress[];
  /** Zones seen: a parent goes on delegating while its child's servers are slow. */
  readonly #seen = new Set<string>();

  /** `servers` are where our name servers listen. */
  constructor(servers: readonly ServerAddress[]) {
    this.#servers = servers;
  }

  /** The zone of ours that holds `name` (a key), or undefined. */
  async zoneOf(name: string): Promise<string | undefined> {
    const answers = await Promise.all(this.#servers.map((server) => this.#askOne(server, name)));
    const zone = answers.find((answer) => typeof answer === 'string');
    if (zone !== undefined) this.#seen.add(zone);
    if (zone !== undefined || !answers.includes(SILENT)) return zone;
    return this.#seenAbove(name);
  }

  async #askOne(server: ServerAddress, name: string): Promise<string | typeof SILENT | undefined> {
    try {
      const answer = await ask(server, { name, type: 'SOA' }, AbortSignal.timeout(PATIENCE_MS));
      if (!answer.flag_aa) return undefined;
      // An alias is told with the start of the zone that it leads to, if any: its own one starts above it.
      return (
        startIn(answer, name) ??
        (isAlias(answer, name) ? await this.#askOne(server, parentOf(name)) : undefined)
      );
    } catch (error) {
      return isNobodyThere(error) ? undefined : SILENT;
    }
  }

  #seenAbove(name: string): string | undefined {
    let zone = name;
    while (zone !== '' && !this.#seen.has(zone)) zone = parentOf(zone);
    return zone === '' ? undefined : zone;
  }
}

const SILENT = Symbol('silent');

/** The zone above a name, or at it, whose start an answer tells. */
function startIn({ answers = [], authorities = [] }: DecodedPacket, name: string): string | undefined {
  const start = [...answers, ...authorities].find((one) => one.type === 'SOA');
  const zone = start && toKey(start.name);
  return zone !== undefined && isWithin(name, zone) ? zone : undefined;
}

const isAlias = ({ answers = [] }: DecodedPacket, name: string): boolean =>
  answers.some((one) => one.type === 'CNAME' && toKey(one.name) === name);

function isNobodyThere(error: unknown): boolean {
  const cause = error instanceof Fault ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}
