import type { EdgeRow } from '../../edge/edge.ts';
import { advance, lockHeld, postpone } from '../../operation/advance.ts';
import { proofDelay } from '../../pack/backoff.ts';
import { toName } from '../../pack/hosts.ts';
import { ALGORITHMS, type Pack } from '../../pack/pack.ts';
import * as deployments from '../../store/deployments.ts';
import { deleteOrders } from '../../store/orders.ts';
import { unpublishRecords } from '../../store/published-records.ts';
import { autocommit, transaction } from '../../store/store.ts';
import type { Job, JobDeps } from '../job.ts';

/**
 * Takes the pack off every edge that was given it, and its records out of our DNS. Done when handshakes show
 * that no edge serves its leaves any more; another pack may serve the same names from then on.
 */
export const withdraw: Job = async (deps, pack, signal) => {
  const change = { environment: pack.environment, hosts: pack.hosts.map(toName) };
  const wasServed = await transaction(deps.pool, async (tx) => {
    await lockHeld(tx, pack);
    await unpublishRecords(tx, pack.id);
    await deleteOrders(tx, pack.id);
    const wasOn = await deployments.undeploy(tx, pack.id);
    if (wasOn) await deployments.logChange(tx, change, deps.clock.now());
    return wasOn;
  });
  if (wasServed) deps.pushChange(change);

  const problems = await holdouts(deps, pack, signal);
  if (problems.length === 0)
    return autocommit(deps.pool, pack.zone.id, (db) => advance(db, deps, pack, { event: 'done', ...GONE }));
  const seconds = proofDelay(pack.attempts);
  await autocommit(deps.pool, pack.zone.id, (db) =>
    postpone(db, deps, pack, { seconds: seconds, validationErrors: problems }),
  );
  return undefined;
};

const GONE = { validationErrors: [] };

/** Asks each edge that had the pack; those that let go are struck off, of the others is told in words. */
async function holdouts(deps: JobDeps, pack: Pack, signal: AbortSignal): Promise<string[]> {
  const given = await deployments.listEdgesOf(deps.pool, pack.id);
  const present = deps.edges.filter(({ environment }) => environment === pack.environment);
  // An edge that was configured since may have pulled the pack as well.
  const names = new Set([...given, ...(given.length > 0 ? present.map(({ name }) => name) : [])]);
  const configured = (name: string) => deps.edges.find((edge) => edge.name === name);
  const answers = await Promise.all(
    [...names].map(async (name) => {
      const edge = configured(name);
      const problem = edge && (await stillServes(deps, edge, pack, signal));
      if (problem === undefined)
        await transaction(deps.pool, async (tx) => {
          await lockHeld(tx, pack);
          await deployments.letGo(tx, pack.id, name);
        });
      return problem;
    }),
  );
  return answers.filter((problem) => problem !== undefined);
}

/** Fingerprints of all certificates of a pack that an edge may have been given. */
const leavesOf = ({ certificates, renewal }: Pack): string[] =>
  [...certificates, ...(renewal?.course?.certificates ?? [])].map(({ fingerprint }) => fingerprint);

/** Words when the edge still serves a leaf of the pack or does not answer. */
async function stillServes(
  deps: JobDeps,
  edge: EdgeRow,
  pack: Pack,
  signal: AbortSignal,
): Promise<string | undefined> {
  const leaves = leavesOf(pack);
  for (const name of pack.hosts.map(toName)) {
    for (const algorithm of ALGORITHMS) {
      const shown = await deps.showLeaf(edge, { name, algorithm }, signal).catch((error: unknown) => error);
      signal.throwIfAborted();
      if (shown instanceof Error) return `edge ${edge.name} does not answer, so it may still serve ${name}`;
      const isOurs = typeof shown === 'object' && shown !== null && 'fingerprint' in shown;
      if (isOurs && leaves.includes(String(shown.fingerprint)))
        return `edge ${edge.name} still serves ${name}`;
    }
  }
  return undefined;
}
