/**
 * The program beside an edge: it hears from the service which pack serves each name, keeps that on its disk, brings it to the edge, and
 * proves it by handshake. With the service away it goes on with what it has. Parts: `state.ts` (disk), `service-link.ts` and
 * `change-listener.ts` (the service), `keeper.ts` (the edge), `prover.ts` (handshakes), `reports.ts` (what is told).
 */
import { join } from 'node:path';
import type { Clock } from '../../kit/clock.ts';
import { privateKeyIn } from '../../kit/hpke.ts';
import type { Log } from '../../kit/log.ts';
import type { Seconds } from '../../kit/time.ts';
import type { DriverDeps, EdgeDriver, EdgeInHand } from '../driver.ts';
import type { ServedPack } from '../edge.ts';
import type { Identity } from './identity.ts';
import { type Opener, openPack } from './open-pack.ts';
import type { Prover } from './prover.ts';
import { Reports, type Standing } from './reports.ts';
import { ServiceLink } from './service-link.ts';
import { AgentState } from './state.ts';
import { Upkeep } from './upkeep.ts';
import { givePrivateFolder } from './whole-file.ts';

export interface AgentOptions {
  /** Its folder. */
  readonly dir: string;
  readonly identity: Identity;
  readonly driver: EdgeDriver;
  /** Of the driver's own. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Where its edge shakes hands. */
  readonly address: DriverDeps['address'];
  /** From one look at all of the edge to the next. */
  readonly inventoryEvery: Seconds;
  /** Handshakes a second that look at all packs in turn; 0: none. */
  readonly handshakesPerSecond: number;
  /** Of this program. */
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Silence after which the service counts as lost; three of its signs of life unless told. */
  readonly silence?: Seconds;
}

/** How it stands. */
export interface AgentStats {
  readonly edge: Identity['enrolled']['edge'];
  readonly address: string;
  readonly isConnected: boolean;
  /** Why the service is not heard, why the edge cannot be told or asked; undefined: all is well. */
  readonly problems: { readonly service: string | undefined; readonly edge: string | undefined };
  readonly renewOn: string;
  /** Up to where it was told. */
  readonly at: string | undefined;
  readonly packs: number;
  readonly names: number;
  /** Packs that serve nothing any more and still have to be told so. */
  readonly leaving: number;
  /** Packs that the edge does not take, or does not show. */
  readonly failing: number;
  readonly drifts: number;
  readonly unproved: number;
  readonly unreported: number;
  readonly handshakes: Prover['counts']['handshakes'];
}

export interface Agent {
  stats(): AgentStats;
  /** Ends all that runs; the edge goes on by itself. */
  close(): Promise<void>;
}

/** Starts the agent of an edge. Throws `configuration`. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { dir, log } = options;
  const state = await AgentState.open(join(dir, 'state'), log);
  const parts = new Parts(options, state);
  const edge = await openEdge(options, parts).catch(async (error: unknown) => {
    await state.close();
    throw error;
  });
  const over = new AbortController();
  const running = parts.run(edge, over.signal);
  return {
    stats: () => parts.stats(),
    close: async () => {
      over.abort();
      await running;
      await edge.close();
      await state.close();
    },
  };
}

async function openEdge(
  { dir, driver, options, address, log }: AgentOptions,
  parts: Parts,
): Promise<EdgeInHand> {
  const own = join(dir, 'edge');
  await givePrivateFolder(own);
  const { packFor, fileFor } = parts;
  return driver.open(options, { log, dir: own, address, packFor, fileFor });
}

/** What an agent is made of. */
class Parts {
  readonly #options: AgentOptions;
  readonly #state: AgentState;
  readonly #opener: Opener;
  readonly #link: ServiceLink;
  readonly #reports: Reports;
  #upkeep: Upkeep | undefined;

  constructor(options: AgentOptions, state: AgentState) {
    const { identity, dir, version, clock, log, silence } = options;
    this.#options = options;
    this.#state = state;
    this.#opener = { edgeId: identity.enrolled.edge.id, key: privateKeyIn(identity.sealingKey) };
    this.#reports = new Reports(() => this.#link.wake());
    const told = { dir, identity, version, clock, log, ...(silence !== undefined && { silence }) };
    this.#link = new ServiceLink({
      ...told,
      state,
      opener: this.#opener,
      reports: this.#reports,
      standing: () => this.#standing(),
      hearer: {
        changed: (packIds, at) => this.#upkeep?.changed(packIds, at),
        refused: (packId, why) => this.#upkeep?.refused(packId, why),
      },
    });
  }

  async run(edge: EdgeInHand, signal: AbortSignal): Promise<void> {
    const { driver, clock, log, inventoryEvery, handshakesPerSecond } = this.#options;
    const upkeep = new Upkeep({
      state: this.#state,
      edge,
      abilities: driver.abilities,
      opener: this.#opener,
      clock,
      log,
      inventoryEvery,
      rate: handshakesPerSecond,
      reports: this.#reports,
      lost: (packId) => this.#link.lost(packId),
      changedStanding: () => this.#link.wake(),
    });
    this.#upkeep = upkeep;
    await Promise.all([upkeep.run(signal), this.#link.run(signal)]);
  }

  readonly packFor = async (name: string): Promise<ServedPack | undefined> => {
    const pack = this.#state.serving.packFor(name);
    if (!pack) return undefined;
    try {
      const sealed = await this.#state.sealed(pack);
      if (sealed)
        return {
          packId: pack.packId,
          hosts: [...pack.names],
          certificates: openPack(sealed, this.#opener),
          tls: sealed.tls,
        };
    } catch {
      this.#options.log.warn({ pack: pack.packId }, 'agent: a pack cannot be read or opened');
    }
    this.#link.lost(pack.packId);
    return undefined;
  };

  readonly fileFor = (name: string, path: string) => this.#link.file(name, path);

  stats(): AgentStats {
    const { edge, renewOn } = this.#link.identity.enrolled;
    const { serving } = this.#state;
    return {
      edge,
      address: this.#link.identity.address,
      isConnected: this.#link.isConnected,
      problems: { service: this.#link.problem, edge: this.#upkeep?.problem },
      renewOn,
      at: serving.at,
      ...serving.counts,
      leaving: serving.leaving.length,
      unreported: this.#reports.waiting,
      ...(this.#upkeep?.counts ?? NONE),
    };
  }

  #standing(): Standing {
    const { at, problem } = this.#upkeep ?? {};
    const why = problem ?? this.#link.diskProblem;
    return {
      ...(at !== undefined && { at }),
      ...this.#state.serving.counts,
      tlsSettings: [...this.#options.driver.abilities.tlsSettings],
      ...(why !== undefined && { problem: why.slice(0, MOST_WORDS) }),
    };
  }
}

const MOST_WORDS = 1_000;

/** Before there is an edge. */
const NONE = {
  failing: 0,
  drifts: 0,
  unproved: 0,
  handshakes: { shown: 0, other: 0, none: 0, unreachable: 0 },
};
