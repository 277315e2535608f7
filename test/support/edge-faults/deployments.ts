/** Deployments to real edges that go wrong: whether a pack is ever said to be active that an edge does not show. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ALGORITHMS } from '../../../src/pack/pack.ts';
import { make, makeCa, pemOf } from '../pki.ts';
import { randomFrom } from '../random.ts';
import { FAULTS, faultsOf } from './faults.ts';
import { type EdgeMake, type FaultyEdge, type FaultyWorld, startFaultyWorld } from './faulty-edges.ts';

/** What is done. */
export interface FaultsPlan {
  readonly deployments: number;
  /** Packs that are deployed in each round, under one fault of one edge. */
  readonly atOnce: number;
  /** Seconds after which no round is begun. */
  readonly seconds: number;
  readonly makes: readonly EdgeMake[];
  /** Faults, by name; all unless told. */
  readonly faults?: readonly string[];
  readonly seed: number;
  /** Certificates that are planted by hand once all are deployed, at each edge that has files. */
  readonly plants: number;
}

/** What came of it. `falseActive` and `lost` are to be 0. */
export interface FaultsResult {
  deployments: number;
  readonly seconds: number;
  /** Packs that the API called active while an edge did not show them: at once, or for more than 60 s after something was planted. */
  falseActive: number;
  /** Packs that were not active and shown by all edges four minutes after the end of their fault. */
  lost: number;
  /** Rounds, by edge and fault, and seconds from the end of the fault (or from what was planted) until all edges showed the packs, at most. */
  readonly faults: Record<string, { rounds: number; longest: number }>;
  /** Seconds until what was planted at the end was healed, by edge and manner, at most. */
  readonly planted: Record<string, number>;
  /** What was false, in words. */
  readonly why: string[];
}

interface Ordered {
  readonly id: string;
  readonly host: string;
}

/** Longest time that a wrong certificate may be shown by an edge while its pack is active, in milliseconds. */
const LONGEST_WRONG_MS = 60_000;
const ROUND_MS = 240_000;

/** Runs a plan. */
export async function deployWithFaults(plan: FaultsPlan, say: (what: string) => void): Promise<FaultsResult> {
  await using ends = new AsyncDisposableStack();
  const run = new Run(await startFaultyWorld(ends, plan.makes), plan, say);
  return await run.all();
}

/** A round: some packs, and one fault at one edge. */
interface Round {
  readonly edge: FaultyEdge;
  readonly fault: string;
  readonly packs: readonly Ordered[];
  /** When something was planted, of the pack to which it was. */
  planted?: { readonly id: string; readonly at: number };
  readonly seenActive: Set<string>;
}

class Run {
  readonly #world: FaultyWorld;
  readonly #plan: FaultsPlan;
  readonly #say: (what: string) => void;
  readonly #packs: Ordered[] = [];
  readonly #random: () => number;
  readonly #began = performance.now();
  readonly #found: Pick<FaultsResult, 'faults' | 'planted' | 'why'> = { faults: {}, planted: {}, why: [] };
  #lost = 0;
  #strange = '';

  constructor(world: FaultyWorld, plan: FaultsPlan, say: (what: string) => void) {
    this.#world = world;
    this.#plan = plan;
    this.#say = say;
    this.#random = randomFrom(plan.seed);
  }

  async all(): Promise<FaultsResult> {
    const { deployments, seconds } = this.#plan;
    this.#strange = await strangePem(this.#world.zone.name);
    const kinds = this.#world.edges.flatMap((edge) =>
      faultsOf(edge)
        .filter((fault) => this.#plan.faults?.includes(fault) ?? true)
        .map((fault) => ({ edge, fault })),
    );
    for (let i = 0; this.#packs.length < deployments && this.#seconds < seconds; i++) {
      const kind = kinds[i % kinds.length];
      if (kind) await this.#round(kind.edge, kind.fault);
      this.#say(`${this.#packs.length} deployments in ${this.#seconds} s; ${kind?.edge.name} ${kind?.fault}`);
    }
    for (const edge of this.#world.edges) await this.#plantAt(edge);
    return {
      deployments: this.#packs.length,
      seconds: this.#seconds,
      falseActive: this.#found.why.length,
      lost: this.#lost,
      ...this.#found,
    };
  }

  get #seconds(): number {
    return Math.round((performance.now() - this.#began) / 1_000);
  }

  async #round(edge: FaultyEdge, name: string): Promise<void> {
    const fault = FAULTS[name];
    const mend = await fault?.begin(edge);
    const packs = await this.#order();
    const round: Round = { edge, fault: name, packs, seenActive: new Set() };
    const [first] = packs;
    if (fault?.plant && first) {
      const path = await this.#fileOf(edge, first.id);
      round.planted = { id: first.id, at: performance.now() };
      await fault.plant(edge, path, this.#strange);
    } else await this.#watchFor(round, 1_500 + this.#random() * 1_500);
    await mend?.();
    const mended = performance.now();
    const isAll = await this.#untilAll(round);
    if (!isAll) {
      this.#lost += 1;
      this.#say(`lost: ${edge.name} ${name}: ${await this.#words(packs)}`);
    }
    const known = (this.#found.faults[`${edge.name} ${name}`] ??= { rounds: 0, longest: 0 });
    known.rounds += 1;
    known.longest = Math.max(known.longest, tenths(performance.now() - mended));
  }

  async #order(): Promise<Ordered[]> {
    const { client, zone } = this.#world;
    const orders = Array.from({ length: this.#plan.atOnce }, async (_, i) => {
      const host = `p${this.#packs.length + i}.${zone.name}`;
      const { id } = await client.ssl.certificatePacks.create({
        zone_id: zone.id,
        type: 'advanced',
        hosts: [host],
        certificate_authority: 'google',
        validation_method: 'txt',
        validity_days: 90,
      });
      return { id, host };
    });
    const packs = await Promise.all(orders);
    this.#packs.push(...packs);
    return packs;
  }

  /** The file of the ECDSA certificate of a pack, once it is there. */
  async #fileOf({ program }: FaultyEdge, packId: string): Promise<string> {
    for (const end = performance.now() + 60_000; performance.now() < end; await sleep(20)) {
      const path = program.files(packId).find((file) => file.includes('ecdsa') && !file.endsWith('~'));
      if (path !== undefined && readFileSync(path).length > 0) return path;
    }
    throw new Error(`${program.kind} has no file of ${packId}`);
  }

  async #watchFor(round: Round, ms: number): Promise<void> {
    for (const end = performance.now() + ms; performance.now() < end; await sleep(100))
      await this.#look(round);
  }

  /** Whether all packs were active and shown by every edge before the round was over. */
  async #untilAll(round: Round): Promise<boolean> {
    for (const end = performance.now() + ROUND_MS; performance.now() < end; await sleep(200))
      if (await this.#look(round)) return true;
    return false;
  }

  /** Looks whether all is active and shown; what is active and not shown is false, unless something was planted a moment ago. */
  async #look(round: Round): Promise<boolean> {
    const looks = await Promise.all(round.packs.map((pack) => this.#isShown(round, pack)));
    return looks.every(Boolean);
  }

  async #isShown(round: Round, pack: Ordered): Promise<boolean> {
    const { client, zone } = this.#world;
    const { status } = await client.ssl.certificatePacks.get(pack.id, { zone_id: zone.id });
    if (status !== 'active') return false;
    if (round.seenActive.has(pack.id) && round.planted?.id !== pack.id) return true;
    const wrong = await this.#wrongAt(pack);
    if (wrong.length === 0) {
      round.seenActive.add(pack.id);
      return true;
    }
    const isPlanted =
      round.planted?.id === pack.id && performance.now() - round.planted.at < LONGEST_WRONG_MS;
    const said = `${round.edge.name} ${round.fault}: ${pack.host} is active and not shown by ${wrong.join()}`;
    if (!isPlanted && !this.#found.why.includes(said)) {
      this.#found.why.push(said);
      this.#say(said);
    }
    return false;
  }

  /** Names of the edges that do not show a pack. */
  async #wrongAt({ id, host }: Ordered): Promise<string[]> {
    const wanted = await this.#world.leavesOf(id);
    const looks = this.#world.edges.map(async (edge) => {
      const leaves = await edge.shown(host);
      return leaves !== 'away' && ALGORITHMS.every((one) => leaves[one] === wanted[one]) ? [] : [edge.name];
    });
    return (await Promise.all(looks)).flat();
  }

  async #words(packs: readonly Ordered[]): Promise<string> {
    const { client, zone } = this.#world;
    const said = packs.map(async ({ id, host }) => {
      const { status, ...rest } = await client.ssl.certificatePacks.get(id, { zone_id: zone.id });
      const errors = 'validation_errors' in rest ? JSON.stringify(rest.validation_errors) : '';
      return `${host} ${status} ${errors} ${(await this.#wrongAt({ id, host })).join()}`;
    });
    return (await Promise.all(said)).join('\n');
  }

  /** Plants certificates at an edge that serves all that was deployed, one after the other. */
  async #plantAt(edge: FaultyEdge): Promise<void> {
    if (edge.program.folder === undefined) return;
    const manners = ['wrong_file', 'wrong_in_memory'].filter((name) => faultsOf(edge).includes(name));
    for (let i = 0; i < this.#plan.plants; i++)
      for (const manner of manners) {
        const pack = this.#packs[Math.floor(this.#random() * this.#packs.length)];
        if (!pack) return;
        const path = await this.#fileOf(edge, pack.id);
        await FAULTS[manner]?.plant?.(edge, path, this.#strange);
        const healed = await this.#healed(pack);
        const key = `${edge.name} ${manner}`;
        this.#found.planted[key] = Math.max(this.#found.planted[key] ?? 0, healed);
        this.#say(`planted at ${edge.name}, ${manner}: healed within ${healed} s`);
      }
  }

  async #healed(pack: Ordered): Promise<number> {
    const began = performance.now();
    // A program that loads its files anew shows the old one for a moment.
    for (const end = began + 3_000; performance.now() < end && (await this.#wrongAt(pack)).length === 0; )
      await sleep(20);
    while ((await this.#wrongAt(pack)).length > 0 && performance.now() - began < ROUND_MS) await sleep(100);
    return tenths(performance.now() - began);
  }
}

const tenths = (ms: number): number => Math.round(ms / 100) / 10;

/** A certificate for all names of a zone, of a CA that nobody knows, with its key. */
async function strangePem(zone: string): Promise<string> {
  const now = new Date();
  const { intermediate } = await makeCa(now);
  const leaf = await make(now, { by: intermediate, hosts: [`*.${zone}`] });
  return `${leaf.pem}${intermediate.pem}${pemOf(leaf)}`;
}
