import { advance, lockHeld, type Move, postpone, update } from '../../operation/advance.ts';
import { retryDelay } from '../../pack/backoff.ts';
import { ALGORITHMS, type Algorithm, type Pack } from '../../pack/pack.ts';
import { putCertificate } from '../../store/certificates.ts';
import { deleteOrders, putOrder } from '../../store/orders.ts';
import { allSent, autocommit, pipelined, type Tx, transaction } from '../../store/store.ts';
import type { Job, JobDeps } from '../job.ts';
import {
  allRecords,
  caOf,
  knowOrders,
  ordersOf,
  publishPending,
  type StoredAcmeOrder,
  withOrder,
} from '../step/acme-orders.ts';
import { getCertificate, type Issued, type Outcome } from '../step/one-certificate.ts';

/**
 * Gets the certificates, ECDSA and RSA, whose order is made when the authorizations of the first are valid. Where they go
 * different ways, all that came of them is stored.
 */
export const issue: Job = async (deps, pack, signal) => {
  const missing = ALGORITHMS.filter((a) => !pack.certificates.some(({ algorithm }) => algorithm === a));
  if (missing.length === 0) return issued(deps, pack);
  // Read once for both, which then note what they change.
  await ordersOf(deps.pool, pack);
  const algorithms = await atOnce(deps, pack, missing);
  const all = await Promise.allSettled(algorithms.map((one) => getCertificate(deps, pack, one, signal)));
  const outcomes = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const obtained = outcomes.filter((one) => one.kind === 'issued');
  const kept = obtained.length > 0 ? await store(deps, pack, obtained) : pack;
  const others = outcomes.filter((one) => one.kind !== 'issued');
  const failed = all.find((one) => one.status === 'rejected');
  if (failed && others.length > 0) await transaction(deps.pool, (tx) => noteAll(tx, kept, others));
  if (failed) throw failed.reason;
  if (others.some(({ kind }) => kind === 'refused')) return giveUp(deps, kept, others);
  if (others.some(({ kind }) => kind === 'unproven')) return revalidate(deps, kept, others);
  return others.length > 0 ? stillProcessing(deps, kept, others) : kept;
};

/**
 * Which certificates are got side by side: both where control that was shown once does for both, until something goes
 * wrong: then one is tried before an order for the other is spent. Where each order wants control shown, all are made
 * before any is finished: the subscriber sees all records as early as can be.
 */
async function atOnce(
  deps: JobDeps,
  pack: Pack,
  missing: readonly Algorithm[],
): Promise<readonly Algorithm[]> {
  const isReused = caOf(deps, pack).row.reusesAuthorizations;
  if (isReused) return pack.attempts === 0 ? missing : missing.slice(0, 1);
  const orders = await ordersOf(deps.pool, pack);
  const unordered = missing.filter((one) => !orders.some((order) => order.algorithm === one));
  return (unordered.length > 0 ? unordered : missing).slice(0, 1);
}

const issued = (deps: JobDeps, pack: Pack): Promise<Pack> =>
  autocommit(deps.pool, pack.zone.id, (db) => advance(db, deps, pack, done(pack)));

/** The move of a pack that has all its certificates. */
const done = ({ environment }: Pack): Move => ({
  event: environment === 'staging' ? 'stage' : 'done',
  validationErrors: [],
});

/** Stores certificates with the keys that were sealed for them; a pack that has all goes on, its orders have served. */
async function store(deps: JobDeps, pack: Pack, obtained: readonly Issued[]): Promise<Pack> {
  const certificates = ALGORITHMS.flatMap((algorithm) => {
    const fresh = obtained.find(({ stored }) => stored.algorithm === algorithm)?.certificate;
    return fresh ?? pack.certificates.filter((one) => one.algorithm === algorithm);
  });
  const isAll = certificates.length === ALGORITHMS.length;
  const table = pack.behind ? 'successors' : 'certificates';
  const kept = await pipelined(deps.pool, (tx) =>
    allSent(
      isAll
        ? advance(tx, deps, pack, { ...done(pack), certificates })
        : update(tx, deps, pack, { certificates }),
      ...obtained.map(({ stored: { request }, certificate, chain }) =>
        putCertificate(tx, pack.id, certificate, { chain, sealedKey: request.sealedKey, table }),
      ),
      ...(isAll ? [deleteOrders(tx, pack.id)] : obtained.map(({ stored }) => putOrder(tx, pack.id, stored))),
    ),
  );
  const orders = await ordersOf(deps.pool, pack);
  const now = obtained.map(({ stored }) => stored).reduce<readonly StoredAcmeOrder[]>(withOrder, orders);
  knowOrders(kept, isAll ? [] : now);
  return kept;
}

/** Stores orders as they now stand, and drops those that are dead. Throws `pack_moved`. */
async function noteAll(tx: Tx, pack: Pack, outcomes: readonly Outcome[]): Promise<void> {
  await lockHeld(tx, pack);
  for (const { kind, stored } of outcomes) {
    if (kind === 'refused') await deleteOrders(tx, pack.id, stored.algorithm);
    else await putOrder(tx, pack.id, stored);
  }
}

/** The CA wants control shown again: the pack goes back for that. */
async function revalidate(deps: JobDeps, pack: Pack, outcomes: readonly Outcome[]): Promise<Pack> {
  const stored = outcomes.map((one) => one.stored);
  const orders = stored.reduce<readonly StoredAcmeOrder[]>(withOrder, await ordersOf(deps.pool, pack));
  const change = { validationRecords: allRecords(orders), validationErrors: [] };
  return pipelined(deps.pool, (tx) =>
    allSent(
      advance(tx, deps, pack, { event: 'revalidate', ...change }),
      ...stored.map((one) => putOrder(tx, pack.id, one)),
      publishPending(tx, deps, { ...pack, ...change }),
    ),
  );
}

/** The CA refused to issue: the orders are dropped, and new ones made after a while. */
async function giveUp(deps: JobDeps, pack: Pack, outcomes: readonly Outcome[]): Promise<undefined> {
  const refused = outcomes.filter(({ kind }) => kind === 'refused');
  const why = refused.map(
    ({ stored }) => stored.order.problem ?? 'the order ended at the CA; a new one will be made',
  );
  await transaction(deps.pool, async (tx) => {
    await noteAll(tx, pack, outcomes);
    await postpone(tx, deps, pack, {
      seconds: Math.max(retryDelay(pack.attempts), REFUSED_WAIT),
      validationErrors: [...new Set(why)],
    });
  });
}

/** Seconds before a CA that refused is asked again, at least. */
const REFUSED_WAIT = 60;

async function stillProcessing(deps: JobDeps, pack: Pack, outcomes: readonly Outcome[]): Promise<undefined> {
  await transaction(deps.pool, async (tx) => {
    await noteAll(tx, pack, outcomes);
    await postpone(tx, deps, pack, { seconds: PROCESSING_WAIT });
  });
}

/** Seconds until a CA that is still issuing is asked again. */
const PROCESSING_WAIT = 5;
