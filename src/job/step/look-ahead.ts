import { after, days, type Seconds } from '../../kit/time.ts';
import { recordStep } from '../../operation/record-step.ts';
import { lifeWork } from '../../operation/work.ts';
import { delegationsAfter, delegationsOf } from '../../pack/delegation.ts';
import type { Pack, Renewal } from '../../pack/pack.ts';
import { shortestLife } from '../../pack/renewal.ts';
import type { JobDeps } from '../job.ts';
import { lookAtDelegations } from './precheck.ts';

/** So long before a renewal it is looked whether validation is delegated still; before that of a short life, a part of it. */
const AHEAD: Seconds = days(7);
const PART_OF_LIFE = 1 / 8;

/** From when on that is looked at; undefined where nothing can be delegated. */
export function lookAheadFrom(
  { json }: Pick<JobDeps, 'json'>,
  pack: Pack,
  { at }: Pick<Renewal, 'at'>,
): Date | undefined {
  if (delegationsOf(pack, json.delegationZone).length === 0) return undefined;
  return after(at, -Math.min(AHEAD, shortestLife(pack) * PART_OF_LIFE));
}

/**
 * Looks, when a renewal is near, whether validation is delegated as its records say, so that their owner hears of it while
 * there is time. The pack with what was seen. Throws `pack_moved`.
 */
export async function lookAhead(
  deps: JobDeps,
  pack: Pack,
  renewal: Renewal,
  signal: AbortSignal,
): Promise<Pack> {
  const from = lookAheadFrom(deps, pack, renewal);
  if (from === undefined || from > deps.clock.now()) return pack;
  const delegations = delegationsAfter(pack.delegations, await lookAtDelegations(deps, pack, signal));
  if (delegations === pack.delegations) return pack;
  return (await recordStep(deps, lifeWork(pack), { change: { delegations } })).pack;
}
