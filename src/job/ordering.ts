import type { Ca, CaAuthorization, CaOrder } from '../ca/ca.ts';
import { endOfValidity } from '../ca/offer.ts';
import { Fault } from '../kit/fault.ts';
import { toName } from '../pack/hosts.ts';
import type { Algorithm, Pack, ValidationRecord } from '../pack/pack.ts';
import { delegatedName } from '../pack/reply.ts';
import { listOrders, type StoredOrder } from '../store/orders.ts';
import type { Db, Tx } from '../store/store.ts';
import { publish } from '../store/txt-records.ts';
import { checkCaa } from './check-caa.ts';
import type { JobDeps } from './job.ts';
import { rememberPatience, spendOrder } from './limits.ts';

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
): Promise<StoredOrder<CaOrder>> {
  const ca = caOf(deps, pack);
  await checkCaa(deps, { pack, ca, algorithm }, signal);
  await spendOrder(deps, pack, ca);
  const notAfter = endOfValidity(ca.row, pack.validityDays, deps.clock.now());
  const ask = { names: pack.hosts.map(toName), algorithm, ...(notAfter && { notAfter }) };
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

/** The pack's orders as stored, ECDSA first. */
export const ordersOf = (db: Db, pack: Pack): Promise<StoredOrder<CaOrder>[]> =>
  listOrders(db, pack.id, (json): CaOrder => JSON.parse(json, reviveInstants));

const reviveInstants = (key: string, value: unknown): unknown =>
  key === 'expiresAt' && typeof value === 'string' ? new Date(value) : value;

/** Whether nothing can come of an order any more. */
export const isDead = ({ status, expiresAt }: CaOrder, now: Date): boolean =>
  status === 'invalid' || (status !== 'valid' && expiresAt !== undefined && expiresAt <= now);

/** The records that an order wants to see. */
export const recordsOf = ({ authorizations }: CaOrder): ValidationRecord[] =>
  authorizations.map(({ name, txtName, txtValue, status }) => ({
    host: name,
    txtName,
    txtValue,
    status: RECORD_STATUS[status],
  }));

const RECORD_STATUS: Readonly<Record<CaAuthorization['status'], ValidationRecord['status']>> = {
  pending: 'pending',
  valid: 'valid',
  invalid: 'invalid',
  deactivated: 'invalid',
  expired: 'invalid',
  revoked: 'invalid',
};

/** The records of all orders of a pack: one set for ECDSA, and one for RSA where the CA wants another. */
export function allRecords(orders: readonly StoredOrder<CaOrder>[]): ValidationRecord[] {
  const records = orders.flatMap(({ order }) => recordsOf(order));
  return records.filter(
    ({ txtName, txtValue }, i) =>
      records.findIndex((r) => r.txtName === txtName && r.txtValue === txtValue) === i,
  );
}

/**
 * Publishes what a pack still has to show, where our own DNS answers: in the zone itself when it is `full`,
 * under the delegation zone otherwise. Values that are no longer needed go.
 */
export async function publishRecords(tx: Tx, deps: JobDeps, pack: Pack): Promise<void> {
  const { delegationZone } = deps.reply;
  const pending = pack.validationRecords.filter(({ status }) => status === 'pending');
  const isAnswered = pack.zone.type === 'full' || delegationZone !== '';
  const place = ({ host, txtName }: ValidationRecord) =>
    pack.zone.type === 'full' ? txtName : delegatedName(host, pack.zone.delegationUuid, delegationZone);
  const records = pending.map((record) => ({ name: place(record), value: record.txtValue }));
  await publish(tx, pack.id, isAnswered ? records : []);
}
