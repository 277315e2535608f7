import type { Ca, CaAuthorization, CaOrder } from '../../ca/ca.ts';
import { createCsr } from '../../ca/csr.ts';
import { endOfValidity } from '../../ca/order-policy.ts';
import { keyPurpose } from '../../key/purpose.ts';
import { Fault } from '../../kit/fault.ts';
import { toName } from '../../pack/hosts.ts';
import type { Algorithm, Pack, TxtValidation, ValidationRecord } from '../../pack/pack.ts';
import { delegatedName } from '../../pack/pack-json.ts';
import { getChain } from '../../store/next-certificates.ts';
import { listOrders, putOrderHeld, type StoredOrder } from '../../store/orders.ts';
import { publishRecords } from '../../store/published-records.ts';
import type { Db, Tx } from '../../store/store.ts';
import type { JobDeps } from '../job.ts';
import { rememberPatience, spendOrder } from './ca-limits.ts';
import { checkCaa } from './check-caa.ts';

/** An order as the CA last showed it, beside what we made for it. */
export type StoredAcmeOrder = StoredOrder<CaOrder>;

/** The CA of a pack. Throws `ca_not_configured` where its row was taken out of the configuration since. */
export function caOf(deps: JobDeps, pack: Pack): Ca {
  const ca = deps.cas.get(pack.certificateAuthority);
  if (ca) return ca;
  const name = pack.certificateAuthority;
  throw new Fault(
    'ca_not_configured',
    `${name} is no longer configured here; the operator has to add it again`,
  );
}

/**
 * Orders a certificate of one algorithm for the pack's hosts. To be stored before anything else is asked. Throws
 * `caa_forbids` or `ca_limited`, before anything is asked, where the CA would refuse.
 */
export async function placeOrder(
  deps: JobDeps,
  pack: Pack,
  algorithm: Algorithm,
  signal: AbortSignal,
): Promise<StoredAcmeOrder> {
  const ca = caOf(deps, pack);
  await checkCaa(deps, { pack, ca, algorithm }, signal);
  await spendOrder(deps, pack, ca);
  const notAfter = endOfValidity(ca.row, pack.validityDays, deps.clock.now());
  const method = pack.validationMethod === 'http' && ({ method: 'http' } as const);
  const replaces = pack.behind && (await getChain(deps.pool, pack.id, algorithm));
  const earlier = KNOWN.get(pack)?.flatMap(({ order }) => order.authorizations) ?? [];
  const ask = {
    names: pack.hosts.map(toName),
    algorithm,
    ...method,
    ...(notAfter && { notAfter }),
    ...(replaces !== undefined && { replaces }),
    valid: earlier.filter(({ status }) => status === 'valid'),
  };
  const order = await ca.order(ask, signal).catch(async (error: unknown) => {
    await rememberPatience(deps, pack, ca, error);
    throw error;
  });
  if (isDead(order, deps.clock.now())) {
    const why =
      order.problem ?? 'it is over already; does the clock of this machine agree with that of the CA?';
    throw new Fault(
      'ca_wrong_answer',
      `${pack.certificateAuthority} made an order that is of no use: ${why}`,
    );
  }
  return { algorithm, order, isAnswered: false };
}

/** Orders of packs that are in a worker's hands: nobody else changes them without taking the pack. */
const KNOWN = new WeakMap<Pack, readonly StoredAcmeOrder[]>();

/** The pack's orders as stored, ECDSA first. */
export async function ordersOf(db: Db, pack: Pack): Promise<readonly StoredAcmeOrder[]> {
  const known = KNOWN.get(pack);
  if (known) return known;
  const orders = await listOrders(db, pack.id, (json): CaOrder => JSON.parse(json, reviveInstants));
  return knowOrders(pack, orders);
}

/** Remembers what a pack's orders are that were just written with it. */
export function knowOrders(pack: Pack, orders: readonly StoredAcmeOrder[]): readonly StoredAcmeOrder[] {
  KNOWN.set(pack, orders);
  return orders;
}

/** The orders with one of them as it now is, ECDSA first. */
export const withOrder = (orders: readonly StoredAcmeOrder[], stored: StoredAcmeOrder): StoredAcmeOrder[] =>
  [...orders.filter(({ algorithm }) => algorithm !== stored.algorithm), stored].toSorted((a, b) =>
    a.algorithm < b.algorithm ? -1 : 1,
  );

/** Notes an order of which the pack shows nothing new, before the CA is asked again. Throws `pack_moved`. */
export async function noteOrder(deps: JobDeps, pack: Pack, stored: StoredAcmeOrder): Promise<void> {
  if (!(await putOrderHeld(deps.pool, pack, stored)))
    throw new Fault('pack_moved', `certificate pack ${pack.id} was changed meanwhile`);
  const known = KNOWN.get(pack);
  if (known) knowOrders(pack, withOrder(known, stored));
}

/** An order whose certificate request is made. */
export type RequestedOrder = StoredAcmeOrder & Required<Pick<StoredAcmeOrder, 'request'>>;

/** Makes the key and the certificate request of one algorithm; to be stored with an order before it is finalized. */
export async function newRequest(
  deps: JobDeps,
  pack: Pack,
  algorithm: Algorithm,
): Promise<RequestedOrder['request']> {
  const key = await deps.keys.take(algorithm);
  const csr = await createCsr(key, pack.hosts.map(toName));
  const pem = Buffer.from(key.export({ type: 'pkcs8', format: 'pem' }));
  return { csr, sealedKey: deps.seal.close(pem, keyPurpose(pack.id, algorithm)) };
}

const reviveInstants = (key: string, value: unknown): unknown =>
  key === 'expiresAt' && typeof value === 'string' ? new Date(value) : value;

const toFilePlace = (url: string): { readonly host: string; readonly path: string } => {
  const { hostname, pathname } = new URL(url);
  return { host: hostname, path: pathname };
};

/** Whether nothing can come of an order any more. */
export const isDead = ({ status, expiresAt }: CaOrder, now: Date): boolean =>
  status === 'invalid' || (status !== 'valid' && expiresAt !== undefined && expiresAt <= now);

/** The records that an order wants to see. */
export const recordsOf = ({ authorizations }: CaOrder): ValidationRecord[] =>
  authorizations.map(({ name, txtName, txtValue, file, status: is }) => {
    const one = { host: name, status: RECORD_STATUS[is] };
    return file ? { ...one, httpUrl: file.url, httpBody: file.body } : { ...one, txtName, txtValue };
  });

const RECORD_STATUS: Readonly<Record<CaAuthorization['status'], ValidationRecord['status']>> = {
  pending: 'pending',
  valid: 'valid',
  invalid: 'invalid',
  deactivated: 'invalid',
  expired: 'invalid',
  revoked: 'invalid',
};

/** The records of all orders of a pack: one set for ECDSA, and one for RSA where the CA wants another. */
export function allRecords(orders: readonly StoredAcmeOrder[]): ValidationRecord[] {
  const records = orders.flatMap(({ order }) => recordsOf(order));
  const shown = records.map((one) => ('httpUrl' in one ? one.httpUrl : `${one.txtName} ${one.txtValue}`));
  return records.filter((_, i) => shown.indexOf(shown[i] ?? '') === i);
}

/**
 * Publishes what a pack still has to show, where our own DNS answers: in the zone itself when it is `full`,
 * under the delegation zone otherwise; files, at our edges. Values that are no longer needed go.
 */
export async function publishPending(
  tx: Tx,
  deps: JobDeps,
  pack: Pick<Pack, 'id' | 'zone' | 'validationRecords'>,
): Promise<void> {
  const { delegationZone } = deps.json;
  const pending = pack.validationRecords.filter(({ status }) => status === 'pending');
  const isAnswered = pack.zone.type === 'full' || delegationZone !== '';
  const place = ({ host, txtName }: TxtValidation) =>
    pack.zone.type === 'full' ? txtName : delegatedName(host, pack.zone.delegationUuid, delegationZone);
  const txt = pending.flatMap((one) =>
    'txtName' in one && isAnswered ? [{ name: place(one), value: one.txtValue }] : [],
  );
  const files = pending.flatMap((one) =>
    'httpUrl' in one ? [{ ...toFilePlace(one.httpUrl), body: one.httpBody }] : [],
  );
  await publishRecords(tx, pack.id, { txt, files });
}
