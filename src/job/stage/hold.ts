import { days } from '../../kit/time.ts';
import { recordStep } from '../../operation/record-step.ts';
import { isOpen } from '../../pack/zone-life.ts';
import type { Job } from '../job.ts';

/** Keeps what was issued off the edges until the zone is active and not paused: whoever makes it so makes the pack due. */
export const hold: Job = async (deps, work) => {
  const { zone, environment } = work.pack;
  if (isOpen(zone)) {
    const event = environment === 'staging' ? 'stage' : 'promote';
    return recordStep(deps, work, { event, change: { validationErrors: [] } });
  }
  const why = zone.isPaused ? 'paused' : zone.status;
  const validationErrors = [
    `the zone ${zone.name} is ${why}: what was issued comes to the edges by itself when it is active again`,
  ];
  await recordStep(deps, work, { wait: days(1), change: { validationErrors } });
  return undefined;
};
