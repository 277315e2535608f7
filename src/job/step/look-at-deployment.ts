import type { RevokedLeaf } from '../../ca/revocation-status.ts';
import type { EdgeRow, ShownLeaf } from '../../edge/edge.ts';
import { leafOf } from '../../edge/leaf.ts';
import { Fault } from '../../kit/fault.ts';
import { toName } from '../../pack/hosts.ts';
import { ALGORITHMS, type Algorithm } from '../../pack/pack.ts';
import { servingAt } from '../../pack/priority.ts';
import { listChains } from '../../store/certificates.ts';
import type { DueDeployment } from '../../store/deployment-looks.ts';
import { getPack } from '../../store/packs.ts';
import { listCandidates } from '../../store/served-hosts.ts';
import type { JobDeps } from '../job.ts';
import { chainMismatch, mismatch } from './verify-edge.ts';

/** Most names of a pack that are asked for in one look: the next goes on behind them. */
const MOST_NAMES = 50;

/** What handshakes with an edge showed of a deployment. */
export interface DeploymentSeen {
  /** What is wrong, in words; undefined: all that was asked for was shown. */
  readonly problem: string | undefined;
  /** Place of the name from which the next look goes on: that of which something is wrong, if any. */
  readonly nextName: number;
  /** How many names were asked for. */
  readonly count: number;
  /** Leaves that are to be shown and that their CA revoked. */
  readonly revoked: readonly { readonly leaf: string; readonly by: RevokedLeaf }[];
}

/**
 * Asks an edge for names of a pack, for each algorithm of which it is to show a leaf. Names that another pack serves there are that one's.
 * Throws `edge_unreachable`.
 */
export async function lookAtDeployment(
  deps: JobDeps,
  edge: EdgeRow,
  due: DueDeployment,
  signal: AbortSignal,
): Promise<DeploymentSeen> {
  const names = due.hosts.map(toName);
  const most = Math.min(MOST_NAMES, names.length);
  const chains = await listChains(deps.pool, due.pack);
  const chainOf = (leaf: string) => chains.find(({ chain }) => leafOf(chain) === leaf)?.chain ?? '';
  const wanted = ALGORITHMS.flatMap((algorithm): Wanted[] => {
    const leaf = due.wanted[algorithm];
    return leaf === null ? [] : [{ algorithm, leaf, chain: chainOf(leaf) }];
  });
  const revoked = wanted.flatMap(({ leaf, chain }) => {
    const by = deps.revocations?.look(chain);
    return by ? [{ leaf, by }] : [];
  });
  for (let count = 1; count <= most; count++) {
    const place = (due.nextName + count - 1) % names.length;
    const problem = await problemOf(deps, edge, { due, name: names[place] ?? '', wanted }, signal);
    if (problem !== undefined) return { problem, nextName: place, count, revoked };
  }
  return { problem: undefined, nextName: (due.nextName + most) % names.length, count: most, revoked };
}

/** What is to be shown by one algorithm. */
interface Wanted {
  readonly algorithm: Algorithm;
  readonly leaf: string;
  /** In PEM; '': another certificate took its place meanwhile. */
  readonly chain: string;
}

interface Asked {
  readonly due: DueDeployment;
  readonly name: string;
}

async function problemOf(
  deps: JobDeps,
  edge: EdgeRow,
  { due, name, wanted }: Asked & { readonly wanted: readonly Wanted[] },
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const { algorithm, leaf, chain } of wanted) {
    const shown = await deps.showLeaf(edge, { name, algorithm }, signal);
    const flaw =
      shown?.fingerprint === leaf ? chainMismatch(edge, name, chain, shown) : mismatch(edge, name, shown);
    if (flaw === undefined) continue;
    if (shown?.fingerprint === leaf || !(await isRight(deps, edge, { due, name, algorithm, shown })))
      return flaw;
  }
  return undefined;
}

/** Whether what an edge showed is right all the same: the pack changed meanwhile, is being renewed, or another one serves the name. */
async function isRight(
  { pool }: JobDeps,
  { location }: EdgeRow,
  {
    due,
    name,
    algorithm,
    shown,
  }: Asked & { readonly algorithm: Algorithm; readonly shown: ShownLeaf | undefined },
): Promise<boolean> {
  const serving = servingAt(await listCandidates(pool, name, due.environment), location);
  if (serving[0]?.packId !== due.pack.id) return true;
  const pack = await getPack(pool, due.pack.zone.id, due.pack.id);
  const good = [...(pack?.certificates ?? []), ...(pack?.renewal?.run?.certificates ?? [])];
  return good.some((one) => one.algorithm === algorithm && one.fingerprint === shown?.fingerprint);
}

/** Whether a look failed because nobody reached the edge: that says nothing of what it serves. */
export const isUnreached = (error: unknown): boolean =>
  error instanceof Fault && error.fault === 'edge_unreachable';
