import type { Seconds } from '../kit/time.ts';
import type { PackEvent } from '../pack/lifecycle.ts';
import type { Algorithm, Certificate } from '../pack/pack.ts';
import { RUNS } from '../pack/run.ts';
import { putCertificate, type StoredKeyPair } from '../store/certificates.ts';
import { deleteOrders, putOrder } from '../store/orders.ts';
import { publishRecords, unpublishRecords } from '../store/published-records.ts';
import { allSent, pipelined, type Tx } from '../store/store.ts';
import { advance, type Change, postpone, update } from './advance.ts';
import type { AdvanceDeps, OperationDeps } from './operation.ts';
import { recordsToPublish } from './records-to-publish.ts';
import { type StoredAcmeOrder, type Work, withOrder, withoutOrder } from './work.ts';

/** A certificate that the CA issued, with what serves it. */
export interface NewCertificate extends StoredKeyPair {
  readonly certificate: Certificate;
}

/** What a stage changed. */
export interface StageStep {
  /** Where it leads: along the lifecycle by an event, or into a wait. Neither: a step inside the status. */
  readonly event?: PackEvent | undefined;
  readonly wait?: Seconds | undefined;
  readonly change?: Change;
  /** Orders as they now stand. */
  readonly orders?: readonly StoredAcmeOrder[];
  /** Orders that are over. */
  readonly ended?: 'all' | readonly Algorithm[];
  readonly certificates?: readonly NewCertificate[];
  /** Whether what is published is to follow the pack's records: `nothing` takes all of it away. */
  readonly publishes?: 'pending' | 'nothing' | undefined;
}

/**
 * Writes what a stage changed, in one transaction that goes out in one piece: the pack, its orders, certificates with their
 * sealed keys, published records. Throws `pack_moved` where the worker lost the pack; then nothing is written.
 */
export async function recordStep(deps: OperationDeps, work: Work, step: StageStep): Promise<Work> {
  const written = await pipelined(deps.pool, (tx) =>
    allSent(move(tx, deps, work, step), ...beside(tx, deps, work, step)),
  );
  return { ...written, orders: work.orders && ordersAfter(work.orders, step) };
}

function move(tx: Tx, deps: AdvanceDeps, work: Work, { event, wait, change = {} }: StageStep): Promise<Work> {
  if (event !== undefined) return advance(tx, deps, work, { event, ...change });
  return wait === undefined
    ? update(tx, deps, work, change)
    : postpone(tx, deps, work, { seconds: wait, ...change });
}

function beside(tx: Tx, deps: AdvanceDeps, { pack, run }: Work, step: StageStep): Promise<unknown>[] {
  const { orders = [], ended = [], certificates = [], publishes } = step;
  const table = RUNS[run.kind].isAside ? 'successors' : 'certificates';
  return [
    ...orders.map((one) => putOrder(tx, pack, one)),
    ...(ended === 'all' ? [deleteOrders(tx, pack)] : ended.map((one) => deleteOrders(tx, pack, one))),
    ...certificates.map(({ certificate, ...pair }) =>
      putCertificate(tx, pack, certificate, { ...pair, table }),
    ),
    ...(publishes === 'nothing' ? [unpublishRecords(tx, pack)] : []),
    ...(publishes === 'pending'
      ? [publishRecords(tx, pack, recordsToPublish({ ...pack, ...step.change }, deps.json.delegationZone))]
      : []),
  ];
}

function ordersAfter(
  before: readonly StoredAcmeOrder[],
  { orders = [], ended = [] }: StageStep,
): readonly StoredAcmeOrder[] {
  if (ended === 'all') return [];
  return ended.reduce(withoutOrder, orders.reduce(withOrder, before));
}
