import { createPrivateKey } from 'node:crypto';
import type { CaOrder } from '../ca/ca.ts';
import { createCsr } from '../ca/csr.ts';
import { checkLeaf } from '../ca/leaf.ts';
import { listHosts } from '../ca/words.ts';
import { Fault } from '../kit/fault.ts';
import { newUuid } from '../kit/id.ts';
import { toName } from '../pack/hosts.ts';
import { ALGORITHMS, type Algorithm, type Pack } from '../pack/pack.ts';
import { retryDelay } from '../pack/schedule.ts';
import { putCertificate } from '../store/certificates.ts';
import { deleteOrders, putOrder } from '../store/orders.ts';
import { alone, batch, together, transaction } from '../store/store.ts';
import { advance, holdOn, keep, type Move, postpone } from './advance.ts';
import type { Job, JobDeps } from './job.ts';
import {
  allRecords,
  caOf,
  isDead,
  knowOrders,
  noteOrder,
  ordersOf,
  placeOrder,
  publishRecords,
  type Stored,
  withOrder,
} from './ordering.ts';

/** An order whose certificate request is made. */
type Requested = Stored & Required<Pick<Stored, 'request'>>;

/**
 * Gets the certificates: ECDSA, then RSA, whose order is made when the authorizations of the first are valid.
 * Every step is stored before the next, the sealed key before finalizing: whoever goes on after a crash gets
 * the same certificate, not a second one.
 */
export const issue: Job = async (deps, pack, signal) => {
  const missing = ALGORITHMS.filter((a) => !pack.certificates.some(({ algorithm }) => algorithm === a));
  const [first] = missing;
  if (first === undefined) return issued(deps, pack);
  const orders = await ordersOf(deps.pool, pack);
  const unordered = missing.find((one) => !orders.some((order) => order.algorithm === one));
  // Without reuse every order is made before any is finished: the subscriber sees all records as early as can be.
  const isReused = caOf(deps, pack).row.reusesAuthorizations;
  const algorithm = isReused ? first : (unordered ?? first);
  const stored = orders.find((order) => order.algorithm === algorithm);
  if (!stored || isDead(stored.order, deps.clock.now())) return begin(deps, pack, algorithm, signal);
  if (stored.order.status === 'pending') return revalidate(deps, pack, [...orders]);
  const requested = stored.request
    ? { ...stored, request: stored.request }
    : await request(deps, pack, stored);
  return finish(deps, pack, requested, signal);
};

/** From a ready order to the stored certificate, as far as the CA goes now. */
async function finish(
  deps: JobDeps,
  pack: Pack,
  requested: Requested,
  signal: AbortSignal,
): Promise<Pack | undefined> {
  const order = await caOf(deps, pack).finalize(requested.order, requested.request.csr, signal);
  if (isDead(order, deps.clock.now())) return giveUp(deps, pack, requested.algorithm, order);
  return order.status === 'valid'
    ? collect(deps, pack, { ...requested, order }, signal)
    : stillProcessing(deps, pack, { ...requested, order });
}

const issued = (deps: JobDeps, pack: Pack): Promise<Pack> =>
  alone(deps.pool, pack.zone.id, (db) => advance(db, deps, pack, done(pack)));

/** The move of a pack that has all its certificates. */
const done = ({ environment }: Pack): Move => ({
  event: environment === 'staging' ? 'stage' : 'done',
  validationErrors: [],
});

/** Makes the order of one algorithm; where the CA wants control shown again the pack goes back for it. */
async function begin(
  deps: JobDeps,
  pack: Pack,
  algorithm: Algorithm,
  signal: AbortSignal,
): Promise<Pack | undefined> {
  const placed = await placeOrder(deps, pack, algorithm, signal);
  if (placed.order.status === 'pending') {
    const others = (await ordersOf(deps.pool, pack)).filter((one) => one.algorithm !== algorithm);
    return revalidate(deps, pack, [...others, placed]);
  }
  return finish(deps, pack, await request(deps, pack, placed), signal);
}

function revalidate(deps: JobDeps, pack: Pack, orders: readonly Stored[]): Promise<Pack> {
  const change = { validationRecords: allRecords(orders), validationErrors: [] };
  return batch(deps.pool, (tx) =>
    together(
      advance(tx, deps, pack, { event: 'revalidate', ...change }),
      ...orders.map((stored) => putOrder(tx, pack.id, stored)),
      publishRecords(tx, deps, { ...pack, ...change }),
    ),
  );
}

/** Makes the key and the certificate request, and stores both with the order before anything is asked with them. */
async function request(deps: JobDeps, pack: Pack, stored: Stored): Promise<Requested> {
  const key = await deps.keys.take(stored.algorithm);
  const csr = createCsr(key, pack.hosts.map(toName));
  const pem = Buffer.from(key.export({ type: 'pkcs8', format: 'pem' }));
  const sealedKey = deps.seal.close(pem, keyPurpose(pack.id, stored.algorithm));
  const requested = { ...stored, request: { csr, sealedKey } };
  await noteOrder(deps, pack, requested);
  return requested;
}

/** What a certificate's sealed key is bound to. */
export const keyPurpose = (packId: string, algorithm: string): string => `key of pack ${packId} ${algorithm}`;

/** Downloads and checks the certificate, and stores it with the key that was sealed for it. */
async function collect(deps: JobDeps, pack: Pack, stored: Requested, signal: AbortSignal): Promise<Pack> {
  const { algorithm, order } = stored;
  const ca = caOf(deps, pack);
  const chain = await ca.download(order, signal);
  const now = deps.clock.now();
  const { sealedKey } = stored.request;
  const key = createPrivateKey(deps.seal.open(sealedKey, keyPurpose(pack.id, algorithm)));
  const ask = { key, names: pack.hosts.map(toName), isPublic: ca.row.isPublic };
  const leaf = await checked(deps, pack, stored, () => checkLeaf(chain, ask, now));
  const certificate = { ...leaf, id: newUuid(), uploadedOn: now, modifiedOn: now };
  const certificates = ALGORITHMS.flatMap((one) =>
    one === algorithm ? [certificate] : pack.certificates.filter((other) => other.algorithm === one),
  );
  const isAll = certificates.length === ALGORITHMS.length;
  const table = pack.behind ? 'successors' : 'certificates';
  const kept = await batch(deps.pool, (tx) =>
    together(
      isAll
        ? advance(tx, deps, pack, { ...done(pack), certificates })
        : keep(tx, deps, pack, { certificates }),
      putCertificate(tx, pack.id, certificate, { chain, sealedKey, table }),
      putOrder(tx, pack.id, stored),
    ),
  );
  knowOrders(kept, withOrder(await ordersOf(deps.pool, pack), stored));
  return kept;
}

/** A certificate that is not what was ordered is never deployed; its order is dropped and made anew. */
async function checked<T>(deps: JobDeps, pack: Pack, { algorithm }: Stored, read: () => T): Promise<T> {
  try {
    return read();
  } catch (error) {
    await transaction(deps.pool, async (tx) => {
      await keep(tx, deps, pack, {});
      await deleteOrders(tx, pack.id, algorithm);
    });
    if (!(error instanceof Fault)) throw error;
    throw new Fault(error.fault, `${listHosts(pack.hosts)}: ${error.message}`, { cause: error });
  }
}

/** The CA refused to issue: the order is dropped, and a new one made after a while. */
async function giveUp(deps: JobDeps, pack: Pack, algorithm: Algorithm, order: CaOrder): Promise<undefined> {
  const validationErrors = [order.problem ?? 'the order ended at the CA; a new one will be made'];
  await transaction(deps.pool, async (tx) => {
    await holdOn(tx, pack);
    await deleteOrders(tx, pack.id, algorithm);
    await postpone(tx, deps, pack, {
      seconds: Math.max(retryDelay(pack.attempts), REFUSED_WAIT),
      validationErrors,
    });
  });
}

/** Seconds before a CA that refused is asked again, at least. */
const REFUSED_WAIT = 60;

async function stillProcessing(deps: JobDeps, pack: Pack, stored: Stored): Promise<undefined> {
  await transaction(deps.pool, async (tx) => {
    await holdOn(tx, pack);
    await putOrder(tx, pack.id, stored);
    await postpone(tx, deps, pack, { seconds: PROCESSING_WAIT });
  });
}

/** Seconds until a CA that is still issuing is asked again. */
const PROCESSING_WAIT = 5;
