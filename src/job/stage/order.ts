import { recordStep } from '../../operation/record-step.ts';
import { firstMissing } from '../../pack/missing-algorithm.ts';
import type { Job } from '../job.ts';
import { placeOrder, recordsOf } from '../step/acme-orders.ts';
import { whyWaiting } from '../step/next-look.ts';

/** Orders the first certificate that is missing, ECDSA where there is to be one; the pack then waits with its records known. */
export const order: Job = async (deps, work, signal) => {
  const placed = await placeOrder(deps, work, firstMissing(work), signal);
  const { certificateAuthority = '' } = work.run;
  const validationErrors = whyWaiting(certificateAuthority, placed.order, deps.clock.now());
  const change = { validationRecords: recordsOf(placed.order), validationErrors };
  const step = { event: 'done', change, orders: [placed], publishes: 'pending' } as const;
  return recordStep(deps, { ...work, orders: [] }, step);
};
