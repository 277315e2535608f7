import { Fault } from '../../kit/fault.ts';
import { after, between, hasCome, type Seconds } from '../../kit/time.ts';
import type { Algorithm } from '../../pack/pack.ts';
import { Bell } from './bell.ts';
import { Keeper, type KeeperDeps } from './keeper.ts';
import type { Proof } from './protocol.ts';
import { Prover, type ProverDeps } from './prover.ts';
import type { Reports } from './reports.ts';
import type { WantedPack } from './serving.ts';

export interface UpkeepDeps
  extends Omit<KeeperDeps, 'applied' | 'withdrawn' | 'refused'>,
    Pick<ProverDeps, 'rate'> {
  /** From the beginning of one look at all of the edge to that of the next. */
  readonly inventoryEvery: Seconds;
  readonly reports: Reports;
  /** How the edge stands as a whole is another. */
  readonly changedStanding: () => void;
}

/** Why the edge cannot be told, and why it cannot be asked. */
interface Troubles {
  readonly keeper?: string | undefined;
  readonly prover?: string | undefined;
}

const PAUSE: { readonly first: Seconds; readonly most: Seconds } = { first: 0.5, most: 60 };

/** Keeps the edge as it is wanted: brings what changed, looks at all of it at intervals, proves it, and mends what is not so. */
export class Upkeep {
  readonly #deps: UpkeepDeps;
  readonly #keeper: Keeper;
  readonly #prover: Prover;
  readonly #bell = new Bell();
  /** Packs that changed and were not brought yet. */
  readonly #changed = new Set<string>();
  /** Why a pack cannot be put on the edge. */
  readonly #refusals = new Map<string, string>();
  #told: string | undefined;
  #at: string | undefined;
  #drifts = 0;
  #troubles: Troubles = {};

  constructor(deps: UpkeepDeps) {
    const { serving } = deps.state;
    this.#deps = deps;
    this.#told = serving.at;
    this.#keeper = new Keeper({
      ...deps,
      applied: (packId) => {
        this.#refusals.delete(packId);
        this.#prover.look([packId], true);
      },
      withdrawn: (pack) => this.#prover.lookGone(pack),
      refused: (packId, why) => this.refused(packId, why),
    });
    this.#prover = new Prover({
      ...deps,
      serving,
      chains: (pack) => chainsOf(deps.state, pack),
      proved: (proof, isAsked) => this.#proved(proof, isAsked),
      released: (packId) => serving.pack(packId) ?? deps.reports.release(packId),
      stillShown: (packId) => deps.reports.prove({ packId, problem: STILL_SHOWN }, false),
      unreachable: (prover) => this.#trouble({ prover }),
    });
  }

  /** The last cursor up to which all was brought to the edge; undefined: none yet. */
  get at(): string | undefined {
    return this.#at;
  }

  /** Why the edge cannot be told or asked; undefined: it can. */
  get problem(): string | undefined {
    return this.#troubles.keeper ?? this.#troubles.prover;
  }

  get counts() {
    const { handshakes, waiting } = this.#prover.counts;
    return { failing: this.#keeper.failing, drifts: this.#drifts, unproved: waiting, handshakes };
  }

  changed(packIds: ReadonlySet<string>, at: string | undefined): void {
    for (const packId of packIds) {
      this.#changed.add(packId);
      this.#refusals.delete(packId);
      if (this.#deps.state.serving.pack(packId)) this.#deps.reports.keep(packId);
    }
    this.#told = at ?? this.#told;
    this.#bell.ring();
  }

  /** A pack that came, or that the edge was given, and that cannot serve: what was before it does. */
  refused(packId: string, why: string): void {
    this.#deps.log.warn(
      { pack: packId, why },
      'agent: a pack cannot be put on the edge; what was there of it stays',
    );
    this.#refusals.set(packId, why);
    this.#deps.reports.prove({ packId, problem: why }, false);
    this.#prover.look([packId], false);
  }

  /** Until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', this.#bell.ring, { once: true });
    await Promise.all([this.#keep(signal), this.#prover.run(signal)]);
  }

  async #keep(signal: AbortSignal): Promise<void> {
    const { clock, inventoryEvery, log } = this.#deps;
    let next = clock.now();
    for (let failures = 0; !signal.aborted; ) {
      const isAll = hasCome(next, clock.now(), Math.max(inventoryEvery, PAUSE.most));
      const begun = performance.now();
      try {
        await this.#bring(isAll, signal);
        failures = 0;
        this.#trouble({ keeper: undefined });
        // A look that takes long is not all that is done.
        const took = (performance.now() - begun) / 1_000;
        const rest = Math.min(inventoryEvery, Math.max(inventoryEvery - took, took));
        if (isAll) next = after(clock.now(), rest);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof Fault))
          log.error({ err: error }, 'agent: the edge was not brought up to date');
        this.#trouble({ keeper: error instanceof Fault ? error.message : 'something nobody foresaw' });
        // What was half done is found by looking at all.
        next = after(clock.now(), Math.min(PAUSE.most, PAUSE.first * 2 ** Math.min(failures++, 10)));
        await this.#until(next, signal, false);
        continue;
      }
      await this.#until(earlier(next, this.#keeper.nextTry), signal, true);
    }
  }

  async #bring(isAll: boolean, signal: AbortSignal): Promise<void> {
    const told = this.#told;
    const changed = isAll ? [] : [...this.#changed];
    this.#changed.clear();
    if (isAll) await this.#keeper.all(signal);
    const some = [...new Set([...changed, ...this.#keeper.due])];
    if (some.length > 0) await this.#keeper.some(some, signal);
    if (this.#at !== told) {
      this.#at = told;
      this.#deps.changedStanding();
    }
  }

  async #until(time: Date, signal: AbortSignal, isWoken: boolean): Promise<void> {
    if (signal.aborted || (isWoken && this.#changed.size > 0)) return;
    const over = new AbortController();
    const both = AbortSignal.any([signal, over.signal]);
    const sleep = this.#deps.clock.sleep(Math.max(0, between(this.#deps.clock.now(), time)), both);
    await Promise.race([sleep.catch(() => undefined), ...(isWoken ? [this.#bell.next] : [])]);
    over.abort();
  }

  #proved(proof: Proof, isAsked: boolean): void {
    const { reports, log } = this.#deps;
    const { packId } = proof;
    const refusal = this.#refusals.get(packId);
    if (refusal === undefined && proof.problem === undefined) this.#keeper.trust(packId);
    if (refusal === undefined && proof.problem !== undefined) {
      this.#drifts += 1;
      log.warn(
        { pack: packId, problem: proof.problem },
        'agent: the edge does not show what it was given; it is given it again',
      );
      this.#keeper.mistrust(packId);
      this.#bell.ring();
    }
    reports.prove(refusal === undefined ? proof : { ...proof, problem: refusal }, isAsked);
  }

  #trouble(of: Troubles): void {
    const before = this.problem;
    this.#troubles = { ...this.#troubles, ...of };
    if (this.problem === before) return;
    if (this.problem === undefined) this.#deps.log.info('agent: the edge answers');
    else
      this.#deps.log.warn(
        { problem: this.problem },
        'agent: the edge cannot be told or asked; it is tried again',
      );
    this.#deps.changedStanding();
  }
}

async function chainsOf(
  state: UpkeepDeps['state'],
  pack: WantedPack,
): Promise<Partial<Record<Algorithm, string>>> {
  const { ecdsa, rsa } = (await state.sealed(pack))?.certificates ?? {};
  return { ...(ecdsa && { ecdsa: ecdsa.chain }), ...(rsa && { rsa: rsa.chain }) };
}

const STILL_SHOWN = 'the edge still shows it after it was taken off';

const earlier = (one: Date, other: Date | undefined): Date => (other && other < one ? other : one);
