import assert from 'node:assert/strict';
import type { EdgeChange, ShowLeaf } from '../../src/edge/edge.ts';
import { lookAtEdges } from '../../src/job/periodic/edge-looks.ts';
import { proveServed } from '../../src/job/periodic/proofs.ts';
import { Fault } from '../../src/kit/fault.ts';
import { carryAll, givenCertificates, givenPack, givenZone, packOf, type TestJobDeps } from './job-deps.ts';

/** Edges that show what they are wished to, unless they lie, hang, or are switched off. */
export interface OddEdges {
  readonly deps: TestJobDeps;
  /** What an edge shows instead, by its name. */
  readonly lies: Map<string, ShowLeaf>;
  /** Edges that nobody reaches. */
  readonly off: Set<string>;
  /** What edges were told of. */
  readonly told: EdgeChange[];
}

/** Puts edges before what `deps` has, which tell the truth as long as nobody has them lie. */
export function oddEdges(deps: TestJobDeps): OddEdges {
  const lies = new Map<string, ShowLeaf>();
  const off = new Set<string>();
  const told: EdgeChange[] = [];
  const showLeaf: ShowLeaf = (edge, ask, signal) => {
    if (off.has(edge.name))
      return Promise.reject(new Fault('edge_unreachable', `edge ${edge.name} cannot be reached; start it`));
    return (lies.get(edge.name) ?? deps.showLeaf)(edge, ask, signal);
  };
  const pushChange = (change: EdgeChange) => void told.push(change);
  return { deps: { ...deps, showLeaf, pushChange }, lies, off, told };
}

/** A pack that every edge serves, in a zone of its own. */
export async function givenServed(deps: TestJobDeps, name: string): Promise<string> {
  const id = await givenPack(deps, await givenZone(deps, name), {
    status: 'pending_deployment',
    hosts: [name],
  });
  await givenCertificates(deps, id);
  await carryAll(deps);
  assert.equal((await packOf(deps, id)).status, 'active');
  return id;
}

/** Moves time on, and has edges looked at, proved, and packs that are due carried on: what a second does in a process, once. */
export async function round(deps: TestJobDeps, seconds: number): Promise<void> {
  deps.clock.advance(seconds);
  const { signal } = new AbortController();
  await lookAtEdges(deps, signal);
  await proveServed(deps, () => undefined, signal);
  await carryAll(deps);
}

/** The same again and again, `step` seconds each, for `seconds`. */
export async function rounds(deps: TestJobDeps, seconds: number, step = 5): Promise<void> {
  for (let passed = 0; passed < seconds; passed += step) await round(deps, step);
}
