import { getDomain } from 'tldts';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../../kit/fault.ts';
import { isInZone, withoutWildcard } from '../../pack/hosts.ts';
import { type ApiPlace, callAll, callPatiently } from '../client.ts';
import { type Found, isPassedOver, type PassedOver, type Piece } from './found.ts';

/** A piece in the zone that its hosts lie in. */
export interface Placed {
  readonly found: Found;
  readonly zone: { readonly id: string; readonly name: string };
  /** Those of its hosts that lie in the zone. */
  readonly hosts: readonly string[];
}

const Zone = Type.Object({ id: Type.String(), name: Type.String() });
const Zones = Compile(Type.Array(Zone));
const OneZone = Compile(Zone);

interface Placing extends ApiPlace {
  /** Of new zones; undefined: none are made. */
  readonly newZones: { readonly accountId: string; readonly isDry: boolean } | undefined;
}

/** The zones that the token sees, by which hosts are placed; missing ones are made where that is wanted. */
export class Zonage {
  readonly #place: Placing;
  readonly #ids: Map<string, string>;
  readonly #refused = new Map<string, string>();

  constructor(place: Placing, zones: unknown) {
    if (!Zones.Check(zones)) throw new Fault('configuration', `${place.api} answers no list of zones`);
    this.#place = place;
    this.#ids = new Map(zones.map(({ id, name }) => [name, id]));
  }

  /** Reads the zones of an API. */
  static async of(place: Placing): Promise<Zonage> {
    return new Zonage(place, await callAll(place, '/zones'));
  }

  /** A piece in each zone that some of its hosts lie in, and what is passed over. */
  async place(piece: Piece): Promise<(Placed | PassedOver)[]> {
    if (isPassedOver(piece)) return [piece];
    const groups = new Map<string, string[]>();
    const passed: PassedOver[] = [];
    for (const host of piece.hosts) {
      const name = this.#zoneOf(host) ?? (await this.#made(host));
      if (name.includes(' '))
        passed.push({ where: piece.where, hosts: [host], endsOn: piece.pair?.endsOn, why: name });
      else groups.set(name, [...(groups.get(name) ?? []), host]);
    }
    const placed = [...groups].map(([name, hosts]) => ({
      found: piece,
      zone: { id: this.#ids.get(name) ?? '', name },
      hosts,
    }));
    return [...placed, ...passed];
  }

  /** The deepest zone that a host lies in. */
  #zoneOf(host: string): string | undefined {
    const labels = withoutWildcard(host).split('.');
    for (let i = 0; i < labels.length - 1; i++) {
      const name = labels.slice(i).join('.');
      if (this.#ids.has(name) && isInZone(host, name)) return name;
    }
    return undefined;
  }

  /** Name of the zone of a host's registrable domain, which is made; a sentence where that is not so. */
  async #made(host: string): Promise<string> {
    const { newZones } = this.#place;
    if (!newZones) return 'no zone of yours has this name; make one, or say --create-zones';
    const name = getDomain(withoutWildcard(host), { allowPrivateDomains: true, validateHostname: false });
    if (name === null) return 'no zone can be made: it has no registrable domain';
    const refused = this.#refused.get(name);
    if (refused !== undefined) return refused;
    try {
      this.#ids.set(name, newZones.isDry ? '' : await this.#make(name, newZones.accountId));
      return name;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const why = `no zone ${name} could be made: ${error.message}`;
      this.#refused.set(name, why);
      return why;
    }
  }

  async #make(name: string, accountId: string): Promise<string> {
    const body = { name, account: { id: accountId }, type: 'partial' };
    const { result } = await callPatiently(this.#place, '/zones', body);
    if (OneZone.Check(result)) return result.id;
    throw new Fault('configuration', `${this.#place.api} answers no zone`);
  }
}
