/** Packs that go from the edges of one environment to those of the other. */

import { Fault } from '../../src/kit/fault.ts';
import { changePack } from '../../src/operation/change-pack.ts';
import { NO_BACKUPS } from '../../src/operation/insert-backup.ts';
import type { Environment, Pack, PackStatus } from '../../src/pack/pack.ts';
import { OPERATOR } from '../../src/store/audit.ts';
import { givenTwoCas, serving, type TwoCas } from './backed.ts';
import { carryAll, edgeNamed, givenPack, givenZone, packOf, type TestJobDeps } from './job-deps.ts';
import type { After } from './simulator/world.ts';

const EDGES = [edgeNamed('edge-p'), { ...edgeNamed('edge-s'), environment: 'staging' } as const];
const ALGORITHM = 'ecdsa';

/** Both CAs, and an edge of each environment that shows what is wished there. */
export async function givenBoth(t: After, plain: TestJobDeps): Promise<TwoCas> {
  const cas = await givenTwoCas(t, plain);
  const deps: TestJobDeps = { ...cas.deps, edges: EDGES };
  return { ...cas, deps: { ...deps, showLeaf: serving(deps) } };
}

/** Edges of an environment show nothing. */
export const dark = (deps: TestJobDeps, environment: Environment): TestJobDeps => ({
  ...deps,
  showLeaf: async (edge, ask, signal) =>
    EDGES.some((one) => one.name === edge.name && one.environment === environment)
      ? undefined
      : deps.showLeaf(edge, ask, signal),
});

/** A pack of a zone of its own, once nothing is to be done for it. */
export async function givenIssued(
  deps: TestJobDeps,
  environment: Environment,
  change: Partial<Pack> = {},
): Promise<string> {
  const zone = await givenZone(deps, `shop-${Math.random().toString(36).slice(2)}.test`);
  const id = await givenPack(deps, zone, { environment, ...change });
  await carry(deps);
  return id;
}

/** Lets workers do what is due, until nothing is. */
export async function carry(deps: TestJobDeps): Promise<void> {
  for (let i = 0; i < 4; i++) await carryAll(deps);
}

/** Sends a pack to an environment by PATCH. The status that it has then. */
export async function move(deps: TestJobDeps, id: string, environment: Environment): Promise<PackStatus> {
  const { zone } = await packOf(deps, id);
  const on = { ...deps, rows: new Map(), backups: NO_BACKUPS };
  return (await changePack(on, { zoneId: zone.id, id, by: OPERATOR, environment })).status;
}

/** The same, once it came as far as it does. */
export async function moved(deps: TestJobDeps, id: string, environment: Environment): Promise<PackStatus> {
  await move(deps, id, environment);
  await carry(deps);
  return (await packOf(deps, id)).status;
}

/** Environments in which the leaf of a pack is shown. */
export async function shownIn(deps: TestJobDeps, id: string): Promise<string> {
  const { hosts, certificates } = await packOf(deps, id);
  const shown: string[] = [];
  for (const edge of EDGES) {
    const ask = { name: hosts[0] ?? '', algorithm: ALGORITHM } as const;
    const leaf = await deps.showLeaf(edge, ask, AbortSignal.timeout(5_000));
    if (certificates.some(({ fingerprint }) => fingerprint === leaf?.fingerprint))
      shown.push(edge.environment);
  }
  return shown.join(' ');
}

/** Edges that are to show anything of a pack. */
export async function wantedAt({ pool }: TestJobDeps, id: string): Promise<string[]> {
  const { rows } = await pool.query<{ edge: string }>(
    'select edge from deployments where pack_id = $1 and desired_ecdsa is not null order by edge',
    [id],
  );
  return rows.map(({ edge }) => edge);
}

/** What was recorded of a pack, by name. */
export async function recorded({ pool }: TestJobDeps, id: string): Promise<string[]> {
  const { rows } = await pool.query<{ event: string }>(
    'select event from audit where pack_id = $1 order by seq',
    [id],
  );
  return rows.map(({ event }) => event);
}

/** Of its own certificates. */
export const fingerprints = ({ certificates }: Pack): string[] =>
  certificates.map(({ fingerprint }) => fingerprint);
/** Whether an error is the refusal of a move in such words. */
export const refusedAs = (pattern: RegExp) => (error: unknown) =>
  error instanceof Fault &&
  error.fault === 'transition_refused' &&
  error.pointer === '/deploy' &&
  pattern.test(error.message);
