import type { EdgeRow } from '../../edge/edge.ts';
import { advance, lockHeld, postpone } from '../../operation/advance.ts';
import { proofDelay } from '../../pack/backoff.ts';
import { toName } from '../../pack/hosts.ts';
import type { Pack } from '../../pack/pack.ts';
import * as deployments from '../../store/deployments.ts';
import { autocommit, transaction } from '../../store/store.ts';
import type { Job, JobDeps } from '../job.ts';
import { type EdgeProof, splitServedNames, verifyEdge } from '../step/verify-edge.ts';

/**
 * Puts the pack on every edge of its environment and shakes hands with each until all show its leaves, ECDSA
 * and RSA apart. Edges are worked on side by side: one that fails does not keep another from serving.
 */
export const deploy: Job = async (deps, pack, signal) => {
  const edges = deps.edges.filter(({ environment }) => environment === pack.environment);
  if (edges.length === 0) return waitForEdge(deps, pack);
  await wish(deps, pack, edges);

  const { own, others } = await splitServedNames(deps, pack);
  // A renewal of a pack that another one outranks by now shows on no edge; it is renewed for the day when that goes.
  if (own.length === 0 && !pack.behind) return wait(deps, pack, [outranked(others)], []);
  const proofs = await proveSoon(deps, edges, { pack, names: own }, signal);
  const problems = proofs.flatMap(({ problem }) => problem ?? []);
  return problems.length === 0 ? proved(deps, pack, proofs) : wait(deps, pack, problems, proofs);
};

const outranked = (names: readonly string[]): string =>
  `${names[0]}${names.length > 1 ? ` and ${names.length - 1} more` : ''}: another certificate pack of yours serves ` +
  'these hosts and was ordered later; this one waits until that is deleted';

/** Makes the edges ask for the pack, unless it is wished there: names it covers, leaves wanted, and word of the change. */
async function wish(deps: JobDeps, pack: Pack, edges: readonly EdgeRow[]): Promise<void> {
  const change = { environment: pack.environment, hosts: pack.hosts.map(toName) };
  const isNew = await transaction(deps.pool, async (tx) => {
    await lockHeld(tx, pack);
    if (
      await deployments.isDeployed(
        tx,
        pack,
        edges.map(({ name }) => name),
      )
    )
      return false;
    await deployments.deploy(
      tx,
      pack,
      change.hosts,
      edges.map(({ name }) => name),
    );
    await deployments.logChange(tx, change, deps.clock.now());
    return true;
  });
  if (isNew) deps.pushChange(change);
}

async function waitForEdge(deps: JobDeps, pack: Pack): Promise<undefined> {
  const validationErrors = [`no ${pack.environment} edge is configured here`];
  await autocommit(deps.pool, pack.zone.id, (db) =>
    postpone(db, deps, pack, { seconds: NO_EDGE_WAIT, validationErrors }),
  );
}

/** Seconds until it is looked again: the operator adds an edge, and starts this process again, or another. */
const NO_EDGE_WAIT = 60;

/** A few rounds in quick succession, for edges that have the word but not yet the certificate. */
async function proveSoon(
  deps: JobDeps,
  edges: readonly EdgeRow[],
  what: { readonly pack: Pack; readonly names: readonly string[] },
  signal: AbortSignal,
): Promise<EdgeProof[]> {
  for (let round = 0; ; round++) {
    const proofs = await Promise.all(edges.map((edge) => verifyEdge(deps, edge, what, signal)));
    if (round === QUICK_ROUNDS || proofs.every(({ problem }) => problem === undefined)) return proofs;
    await deps.clock.sleep(proofDelay(round), signal);
  }
}

const QUICK_ROUNDS = 3;

function proved(deps: JobDeps, pack: Pack, proofs: readonly EdgeProof[]): Promise<Pack> {
  return transaction(deps.pool, async (tx) => {
    const moved = await advance(tx, deps, pack, { event: 'done', validationErrors: [] });
    for (const proof of proofs) await deployments.observe(tx, pack.id, proof, deps.clock.now());
    return moved;
  });
}

async function wait(
  deps: JobDeps,
  pack: Pack,
  why: readonly string[],
  proofs: readonly EdgeProof[],
): Promise<undefined> {
  await transaction(deps.pool, async (tx) => {
    await postpone(tx, deps, pack, {
      seconds: proofDelay(pack.attempts + QUICK_ROUNDS),
      validationErrors: why,
    });
    for (const proof of proofs) await deployments.observe(tx, pack.id, proof, deps.clock.now());
  });
}
