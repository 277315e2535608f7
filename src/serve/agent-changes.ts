/** What an agent is told: all that is served at its edge, or what changed since it was told last, and then what changes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { BOUNDS, type Line } from '../edge/agent/protocol.ts';
import type { EdgeChange } from '../edge/edge.ts';
import { after, type Seconds } from '../kit/time.ts';
import { isWildcard } from '../pack/hosts.ts';
import { CHANGE_LIFE, type ChangePlace, listChangesAfter } from '../store/edge-changes.ts';
import { noteTold } from '../store/edge-packs.ts';
import type { Edge } from '../store/edge-row.ts';
import { listNamesUnder, listServedNames } from '../store/served-names.ts';
import { isTellable, packsIn, type ServingPack, servingNames } from './agent-names.ts';
import { sealedPacks } from './agent-packs.ts';
import type { PullDeps } from './sources.ts';

/** Clocks of machines differ, and what was written first may be committed last. */
const OVERLAP: Seconds = 30;
/** After so long without a change an agent is told up to where it is. */
const QUIET: Seconds = 20;
/** Milliseconds for which changes are gathered that come together. */
const GATHER_MS = 20;
/** Names that may wait for a reader; with more it is cut, and goes on from its cursor. */
const MOST_WAITING = 500_000;
/** Bytes of packs in a line: its bound leaves room for names, and for the next pack. */
const MOST_PACK_BYTES = 2_000_000;
const CHANGES_AT_ONCE = 500;
const NIL = '00000000-0000-0000-0000-000000000000';

/** What telling needs. */
export interface TellDeps extends PullDeps {
  readonly regionKeyIds: readonly string[];
  readonly feed: ChangeFeed;
}

/** Hands changes of names to those that tell agents of them. */
export class ChangeFeed {
  readonly #waiting = new Set<Waiting>();

  push({ environment, hosts }: EdgeChange): void {
    for (const one of this.#waiting) if (one.environment === environment) one.add(hosts);
  }

  /** From now on changes of an environment wait, until `end`. */
  listen(environment: EdgeChange['environment']): Waiting {
    const waiting = new Waiting(environment, () => this.#waiting.delete(waiting));
    this.#waiting.add(waiting);
    return waiting;
  }
}

/** The names that changed since they were taken last. */
class Waiting {
  readonly environment: EdgeChange['environment'];
  readonly end: () => void;
  #names = new Set<string>();
  #ring: () => void = () => undefined;

  constructor(environment: EdgeChange['environment'], end: () => void) {
    this.environment = environment;
    this.end = end;
  }

  add(hosts: readonly string[]): void {
    for (const host of hosts) this.#names.add(host);
    this.#ring();
  }

  /** Waits for changes, so long at most, and takes those that came together. Throws where they are too many. */
  async take(signal: AbortSignal, within: Seconds): Promise<readonly string[]> {
    if (this.#names.size === 0) await this.#rung(signal, within);
    if (this.#names.size > 0) await sleep(GATHER_MS, undefined, { signal });
    if (this.#names.size > MOST_WAITING) throw new Error('too many changes wait for an agent');
    const names = [...this.#names];
    this.#names = new Set();
    return names;
  }

  async #rung(signal: AbortSignal, within: Seconds): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#ring = resolve;
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    const timer = setTimeout(resolve, within * 1_000);
    try {
      signal.throwIfAborted();
      await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      this.#ring = () => undefined;
    }
  }
}

/** A telling as it was begun. */
export interface Telling {
  readonly edge: Edge;
  /** From where on; undefined: all is told. */
  readonly since: Date | undefined;
  /** Told of the first instant up to which all is told. */
  readonly onCaughtUp: (at: Date) => void;
}

/** The lines, without end until it is aborted. */
export async function* tellChanges(
  deps: TellDeps,
  telling: Telling,
  signal: AbortSignal,
): AsyncGenerator<Line> {
  const { edge, since } = telling;
  const waiting = deps.feed.listen(edge.environment);
  try {
    let at = deps.clock.now();
    const { id, name, kind, environment } = edge;
    yield { isWhole: since === undefined, edge: { id, name, kind, environment } };
    yield* since === undefined ? tellAll(deps, edge, signal) : tellSince(deps, edge, since);
    telling.onCaughtUp(at);
    yield { at: at.toISOString() };
    for (;;) {
      const names = await waiting.take(signal, QUIET);
      at = deps.clock.now();
      yield* tellOf(deps, edge, names);
      yield { at: at.toISOString() };
    }
  } finally {
    waiting.end();
  }
}

/** Whether an instant is none that is still to come, by the clock of any machine of the service. */
export const isReached = (instant: Date, now: Date): boolean => instant <= after(now, OVERLAP);

/** Whether what changed since an instant is all known, so that nothing is to be told again. */
export const isWithinReach = (since: Date, now: Date): boolean =>
  since >= after(now, OVERLAP * 2 - CHANGE_LIFE) && isReached(since, now);

/** All names that are served at an edge, without packs. */
async function* tellAll(deps: TellDeps, edge: Edge, signal: AbortSignal): AsyncGenerator<Line> {
  const limit = BOUNDS.names;
  let last = '';
  for (;;) {
    signal.throwIfAborted();
    const names = await listServedNames(deps.pool, edge.environment, { last, limit });
    const served = await servingNames(deps, edge, names.filter(isTellable));
    await noteTold(deps.pool, edge, packsIn(served));
    if (served.size > 0) yield { names: namesOf(served), gone: [], packs: [] };
    if (names.length < limit) return;
    last = names.at(-1) ?? last;
  }
}

const namesOf = (served: Iterable<readonly [string, ServingPack]>): [string, string, string][] =>
  [...served].map(([name, { id, digest }]) => [name, id, digest]);

/** What changed since an instant, and some of what changed just before. */
async function* tellSince(deps: TellDeps, edge: Edge, since: Date): AsyncGenerator<Line> {
  let place: ChangePlace = { madeOn: after(since, -OVERLAP), id: NIL };
  for (;;) {
    const changes = await listChangesAfter(deps.pool, edge.environment, place, CHANGES_AT_ONCE);
    yield* tellOf(deps, edge, [...new Set(changes.flatMap(({ hosts }) => hosts))]);
    const end = changes.at(-1);
    if (!end || changes.length < CHANGES_AT_ONCE) return;
    place = end;
  }
}

/** What serves these names now, and the exact names under the wildcards among them. */
async function* tellOf(deps: TellDeps, edge: Edge, names: readonly string[]): AsyncGenerator<Line> {
  for (let i = 0; i < names.length; i += BOUNDS.names)
    yield* tellPage(deps, edge, names.slice(i, i + BOUNDS.names));
  const limit = BOUNDS.names;
  const wildcards = names.filter(isWildcard);
  let under: string[];
  let last = '';
  do {
    const asked = { wildcards, last, limit };
    under = wildcards.length > 0 ? await listNamesUnder(deps.pool, edge.environment, asked) : [];
    yield* tellPage(deps, edge, under);
    last = under.at(-1) ?? last;
  } while (under.length === limit);
}

/** Names of one page, with the packs that serve them, in as many lines as these need. */
async function* tellPage(deps: TellDeps, edge: Edge, changed: readonly string[]): AsyncGenerator<Line> {
  const names = changed.filter(isTellable);
  const served = await servingNames(deps, edge, names);
  const gone = names.filter((name) => !served.has(name));
  if (gone.length > 0) yield { names: [], gone, packs: [] };
  const packs = packsIn(served);
  await noteTold(deps.pool, edge, packs);
  const byPack = Map.groupBy(served, ([, { id }]) => id);
  for (let i = 0; i < packs.length; i += PACKS_AT_ONCE) {
    const these = packs.slice(i, i + PACKS_AT_ONCE);
    const sealed = await sealedPacks(deps, edge, these);
    for (const part of partsOf(sealed)) {
      const told = part.flatMap(({ packId }) => byPack.get(packId) ?? []);
      yield { names: namesOf(told), gone: [], packs: part };
    }
  }
}

/** Packs whose keys are opened and sealed at once. */
const PACKS_AT_ONCE = 20;

/** Packs in parts that fit a line. */
function partsOf<T>(packs: readonly T[]): T[][] {
  const parts: T[][] = [];
  let size = MOST_PACK_BYTES;
  for (const pack of packs) {
    const bytes = JSON.stringify(pack).length;
    if (size + bytes > MOST_PACK_BYTES) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)?.push(pack);
    size += bytes;
  }
  return parts;
}
