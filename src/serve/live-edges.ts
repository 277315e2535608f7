/** The edges as they are now: those of the configuration, and those that were enrolled, read again and again. */
import type { EdgeRow, LiveEdge } from '../edge/edge.ts';
import type { Clock } from '../kit/clock.ts';
import type { Log } from '../kit/log.ts';
import { AGENT_SILENCE, isRecentlyHeard } from '../pack/edge-presence.ts';
import { type Edge } from '../store/edge-row.ts';
import { listAllEdges } from '../store/edges.ts';
import type { Pool } from '../store/store.ts';

/** How often edges are read again, in milliseconds. */
const READ_MS = 1_000;

export class LiveEdges {
  /** Whoever holds this list sees what changes in it. */
  readonly list: readonly LiveEdge[];
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #configured: readonly EdgeRow[];
  readonly #list: LiveEdge[];
  readonly #heard = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  #enrolled: ReadonlyMap<string, Edge> = new Map();
  #reading: Promise<void> | undefined;
  /** When each agent was heard last, as it is written down, and since when this process has read that, in milliseconds. */
  readonly #signs = new Map<string, { readonly seen: number; readonly at: number }>();

  private constructor(
    { pool, clock }: { readonly pool: Pool; readonly clock: Clock },
    configured: readonly EdgeRow[],
    log: Log,
  ) {
    this.#pool = pool;
    this.#clock = clock;
    this.#log = log;
    this.#configured = configured;
    this.#list = [...configured];
    this.list = this.#list;
    this.#timer = setInterval(() => {
      if (this.#reading === undefined) void this.refresh();
    }, READ_MS).unref();
  }

  static async open(
    deps: { readonly pool: Pool; readonly clock: Clock },
    configured: readonly EdgeRow[],
    log: Log,
  ): Promise<LiveEdges> {
    const edges = new LiveEdges(deps, configured, log);
    await edges.refresh();
    return edges;
  }

  /** An edge that was enrolled. */
  get(id: string): Edge | undefined {
    return this.#enrolled.get(id);
  }

  /** Calls back after each reading. */
  onRead(heard: () => void): void {
    this.#heard.add(heard);
  }

  /** Reads the edges as they are from now on. Never rejects: where the database is away, all stays as it was. */
  refresh(): Promise<void> {
    const reading = (this.#reading ?? Promise.resolve()).then(() => this.#read());
    this.#reading = reading;
    return reading.finally(() => {
      if (this.#reading === reading) this.#reading = undefined;
    });
  }

  close(): void {
    clearInterval(this.#timer);
    this.#heard.clear();
  }

  async #read(): Promise<void> {
    try {
      const edges = await listAllEdges(this.#pool);
      this.#enrolled = new Map(edges.map((edge) => [edge.id, edge]));
      for (const id of this.#signs.keys()) if (!this.#enrolled.has(id)) this.#signs.delete(id);
      const own = edges.filter(({ name }) => !this.#configured.some((edge) => edge.name === name));
      const taken = own.filter(({ agentKeys }) => agentKeys.length > 0);
      const live = taken.map((edge) => toLive(edge, this.#isHeard(edge)));
      this.#list.splice(0, this.#list.length, ...this.#configured, ...live);
      for (const heard of this.#heard) heard();
    } catch (err) {
      // Of a database that is away its watch tells, once.
      this.#log.debug({ err }, 'edges could not be read');
    }
  }

  /**
   * An agent is silent when nothing new of it was written down for so long by this process's own watch: clocks of several machines differ,
   * and are put forward and back. The clock decides alone for what this process reads first.
   */
  #isHeard({ id, seenOn }: Edge): boolean {
    const [seen, now] = [seenOn?.getTime() ?? 0, performance.now()];
    const before = this.#signs.get(id);
    const isNew = before ? before.seen !== seen : isRecentlyHeard(seenOn, this.#clock.now());
    const sign = isNew ? { seen, at: now } : (before ?? { seen, at: Number.NEGATIVE_INFINITY });
    this.#signs.set(id, sign);
    return now - sign.at < AGENT_SILENCE * 1_000;
  }
}

const toLive = (
  { id, address, applied, drainedOn, tlsSettings, ...edge }: Edge,
  isHeard: boolean,
): LiveEdge => ({
  name: edge.name,
  kind: edge.kind,
  environment: edge.environment,
  location: edge.location,
  ...(address && { host: address.host, port: address.port }),
  agent: {
    id,
    isWaitedFor: applied !== undefined && drainedOn === undefined,
    isHeard,
    problem: edge.problem,
    tlsSettings,
  },
});
