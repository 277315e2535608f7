/** One certificate of a pack: from its order to the chain that the CA gave. */
import { createPrivateKey } from 'node:crypto';
import { checkLeaf } from '../../ca/leaf.ts';
import { listHosts } from '../../ca/messages.ts';
import { keyPlaceOf } from '../../key/key.ts';
import { Fault } from '../../kit/fault.ts';
import { newUuid } from '../../kit/id.ts';
import type { OrderedWork } from '../../operation/load-orders.ts';
import { noteOrder } from '../../operation/note-order.ts';
import { recordStep } from '../../operation/record-step.ts';
import type { StoredAcmeOrder } from '../../operation/work.ts';
import { toName } from '../../pack/hosts.ts';
import type { Algorithm, Certificate } from '../../pack/pack.ts';
import type { JobDeps } from '../job.ts';
import { caOf, isDead, newRequest, placeOrder, type RequestedOrder } from './acme-orders.ts';
import { beforeFinalizing } from './control.ts';

/** A certificate that the CA issued, with what serves it; its order is not stored yet as it stands. */
export interface Issued {
  readonly kind: 'issued';
  readonly stored: RequestedOrder;
  readonly certificate: Certificate;
  readonly chain: string;
}

/**
 * As far as one certificate came: `pending` where the CA wants control shown again, `processing` where it takes its time,
 * `refused` where its order is dead.
 */
export type Outcome =
  | Issued
  | { readonly kind: 'pending' | 'processing' | 'refused'; readonly stored: StoredAcmeOrder };

/**
 * Gets a certificate of one algorithm, by the order that there is or by a new one. What an order gives is stored before the
 * next step, the sealed key too: whoever goes on after a crash gets the same certificate, not a second one.
 */
export async function getCertificate(
  deps: JobDeps,
  work: OrderedWork,
  algorithm: Algorithm,
  signal: AbortSignal,
): Promise<Outcome> {
  const there = work.orders.find((order) => order.algorithm === algorithm);
  const isLive = there && !isDead(there.order, deps.clock.now());
  if (isLive && there.order.status === 'pending') return { kind: 'pending', stored: there };
  if (isLive && there.request) return finish(deps, work, { ...there, request: there.request }, signal);
  // The key first: where none is ready, an order that was just made would wait for it, stored nowhere.
  const request = await newRequest(deps, work.pack, algorithm);
  const stored = { ...(isLive ? there : await placeOrder(deps, work, algorithm, signal)), request };
  await noteOrder(deps, work, stored);
  return stored.order.status === 'pending' ? { kind: 'pending', stored } : finish(deps, work, stored, signal);
}

/** From a ready order to the certificate, as far as the CA goes now. */
async function finish(
  deps: JobDeps,
  work: OrderedWork,
  asked: RequestedOrder,
  signal: AbortSignal,
): Promise<Outcome> {
  const ca = caOf(deps, work);
  const ready = await beforeFinalizing(deps, { work, ca }, asked.order);
  if (ready.status === 'pending')
    return { kind: 'pending', stored: { ...asked, order: ready, isAnswered: false } };
  const order = await ca.finalize(ready, asked.request.csr, signal);
  const stored = { ...asked, order };
  if (isDead(order, deps.clock.now())) return { kind: 'refused', stored };
  return order.status === 'valid' ? collect(deps, work, stored, signal) : { kind: 'processing', stored };
}

/** Downloads and checks the certificate. */
async function collect(
  deps: JobDeps,
  work: OrderedWork,
  stored: RequestedOrder,
  signal: AbortSignal,
): Promise<Issued> {
  const { pack } = work;
  const ca = caOf(deps, work);
  const chain = await ca.download(stored.order, signal);
  const now = deps.clock.now();
  const { algorithm, request } = stored;
  const key = createPrivateKey(keyPlaceOf(pack.type).open(deps, { pack, algorithm }, request.sealedKey));
  const ask = { key, names: pack.hosts.map(toName), isPublic: ca.row.isPublic };
  const leaf = await checked(deps, work, stored, () => checkLeaf(chain, ask, now));
  const certificate = { ...leaf, id: newUuid(), uploadedOn: now, modifiedOn: now };
  return { kind: 'issued', stored, certificate, chain };
}

/** A certificate that is not what was ordered is never deployed; its order is dropped and made anew. */
async function checked<T>(
  deps: JobDeps,
  work: OrderedWork,
  { algorithm }: StoredAcmeOrder,
  read: () => T,
): Promise<T> {
  try {
    return read();
  } catch (error) {
    await recordStep(deps, work, { ended: [algorithm] });
    if (!(error instanceof Fault)) throw error;
    throw new Fault(error.fault, `${listHosts(work.pack.hosts)}: ${error.message}`, { cause: error });
  }
}
