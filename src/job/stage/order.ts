import { recordStep } from '../../operation/record-step.ts';
import { algorithmsOf } from '../../pack/type.ts';
import type { Job } from '../job.ts';
import { placeOrder, recordsOf } from '../step/acme-orders.ts';

/** Orders the first certificate, ECDSA where there is to be one; the pack then waits with its records known. */
export const order: Job = async (deps, work, signal) => {
  const [algorithm = 'ecdsa'] = algorithmsOf(work.pack);
  const placed = await placeOrder(deps, work, algorithm, signal);
  const change = { validationRecords: recordsOf(placed.order), validationErrors: [] };
  const step = { event: 'done', change, orders: [placed], publishes: 'pending' } as const;
  return recordStep(deps, { ...work, orders: [] }, step);
};
