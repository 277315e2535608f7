import { days } from '../../kit/time.ts';
import { recordStep } from '../../operation/record-step.ts';
import { heldWords, inOne } from '../../pack/standing.ts';
import { isOpen } from '../../pack/zone-life.ts';
import type { Job } from '../job.ts';

/** Keeps what was issued off the edges until the zone is active and not paused: whoever makes it so makes the pack due. */
export const hold: Job = async (deps, work) => {
  const { zone, environment } = work.pack;
  if (isOpen(zone)) {
    const event = environment === 'staging' ? 'stage' : 'promote';
    return recordStep(deps, work, { event, change: { validationErrors: [] } });
  }
  const change = { validationErrors: [inOne(heldWords(zone))], found: { cause: 'zone_closed' } } as const;
  await recordStep(deps, work, { wait: days(1), change });
  return undefined;
};
