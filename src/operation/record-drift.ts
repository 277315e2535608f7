import { Fault } from '../kit/fault.ts';
import { after, type Seconds } from '../kit/time.ts';
import { edgeFinding } from '../pack/edge-finding.ts';
import { keyAwayIn } from '../pack/key-elsewhere.ts';
import { isDeploying, may } from '../pack/lifecycle.ts';
import { ALGORITHMS, type Pack, type PackKey } from '../pack/pack.ts';
import { remarksOn } from '../pack/remarks.ts';
import { hostsIn } from '../pack/standing.ts';
import { listWanted, lookSoon, type StandingDeployment } from '../store/deployment-looks.ts';
import type { Tx } from '../store/store.ts';
import { override } from './advance.ts';
import { withLockedPack } from './locked-pack.ts';
import type { OperationDeps } from './operation.ts';

/** How long an edge that answers may show something else than a pack until the pack does not count as served. */
export const LONGEST_WRONG: Seconds = 60;

/** A pack, and which edges do not count. */
export interface Proved {
  readonly pack: PackKey;
  readonly away: ReadonlySet<string>;
}

/**
 * Writes down that edges show something else than a pack that is served, where one has done so for `LONGEST_WRONG`: it goes back to
 * where it is put on the edges, with what they showed. Whether it did.
 */
export const recordDrift = (deps: OperationDeps, proved: Proved): Promise<boolean> =>
  changed(deps, proved, async (tx, pack, standing) => {
    const now = deps.clock.now();
    const isLong = ({ wrongSince }: StandingDeployment) =>
      wrongSince !== undefined && after(wrongSince, LONGEST_WRONG) <= now;
    if (!may(pack.status, 'drift') || !standing.some(isLong)) return undefined;
    const wrong = standing.filter(({ wrongSince }) => wrongSince !== undefined);
    await lookSoon(tx, pack);
    return override(tx, deps, pack, {
      event: 'drift',
      driftedOn: now,
      validationErrors: [
        ...keyAwayIn(pack.validationErrors),
        ...wrong.flatMap(({ problem }) => problem ?? []),
      ],
      found: edgeFinding(wrong, hostsIn(pack.hosts)),
    });
  });

/** Writes down that a pack that had drifted is served again, where every edge showed it since. Whether it did. */
export const recordReturn = (deps: OperationDeps, proved: Proved): Promise<boolean> =>
  changed(deps, proved, async (tx, pack, standing) => {
    const { driftedOn, status, pair, renewal } = pack;
    if (!driftedOn || !isDeploying(status) || pair?.isStandby) return undefined;
    if (standing.length === 0 || !standing.every((one) => isShown(pack, one, driftedOn))) return undefined;
    const remarks = [...keyAwayIn(pack.validationErrors), ...remarksOn(pack, pack.certificates)];
    const validationErrors = renewal?.run ? pack.validationErrors : remarks;
    return override(tx, deps, pack, { event: 'done', validationErrors });
  });

/** Whether an edge was to show the pack's present leaves when it was looked at, and did. */
function isShown(pack: Pack, { wanted, problem, seenOn }: StandingDeployment, since: Date): boolean {
  const leafOf = (algorithm: string) =>
    pack.certificates.find((one) => one.algorithm === algorithm)?.fingerprint ?? null;
  const isPresent = ALGORITHMS.every((algorithm) => wanted[algorithm] === leafOf(algorithm));
  return isPresent && problem === undefined && seenOn !== undefined && seenOn >= since;
}

type Change = (tx: Tx, pack: Pack, standing: readonly StandingDeployment[]) => Promise<Pack | undefined>;

async function changed(deps: OperationDeps, { pack: key, away }: Proved, change: Change): Promise<boolean> {
  let isChanged = false;
  try {
    await withLockedPack(deps.pool, { zoneId: key.zone.id, id: key.id }, async (tx, pack) => {
      const standing = (await listWanted(tx, pack)).filter(({ edge }) => !away.has(edge));
      const moved = await change(tx, pack, standing);
      isChanged = moved !== undefined;
      return moved ?? pack;
    });
  } catch (error) {
    if (!(error instanceof Fault) || error.fault !== 'pack_not_found') throw error;
  }
  return isChanged;
}
