import type { Ca, CaAuthorization, CaOrder, OrderAsk } from '../../ca/ca.ts';
import { type CsrOptions, createCsr } from '../../ca/csr.ts';
import { endOfValidity } from '../../ca/order-policy.ts';
import { keyPlaceNamed } from '../../key/key.ts';
import { Fault } from '../../kit/fault.ts';
import type { OrderedWork } from '../../operation/load-orders.ts';
import type { StoredAcmeOrder, Work } from '../../operation/work.ts';
import { certificateNames } from '../../pack/branding.ts';
import type { Algorithm, Pack, ValidationRecord } from '../../pack/pack.ts';
import { RUNS } from '../../pack/run.ts';
import { markOf } from '../../pack/validation-method.ts';
import { getChain } from '../../store/next-certificates.ts';
import type { JobDeps } from '../job.ts';
import { rememberPatience, spendOrder } from './ca-limits.ts';
import { checkCaa } from './check-caa.ts';
import { withOwnControl } from './control.ts';
import { checkDeeperZones } from './deeper-zone.ts';
import { methodOf } from './method-of.ts';
import { newKeyPlace, tokenDepsOf } from './token-key.ts';

/** The CA of a run. Throws `ca_not_configured` where its row was taken out of the configuration since. */
export function caOf(deps: JobDeps, { run: { certificateAuthority: name } }: Pick<Work, 'run'>): Ca {
  const ca = name && deps.cas.get(name);
  if (ca) return ca;
  throw new Fault(
    'ca_not_configured',
    `${name ?? 'a CA'} is no longer configured here; the operator has to add it again`,
  );
}

/**
 * Orders a certificate of one algorithm for the pack's hosts, and its branded name. To be stored before anything else is asked. Throws, before
 * anything is asked, `caa_forbids` or `ca_limited` where the CA would refuse, and `invalid_host`.
 */
export async function placeOrder(
  deps: JobDeps,
  work: Omit<OrderedWork, 'orders'> & Pick<Work, 'orders'>,
  algorithm: Algorithm,
  signal: AbortSignal,
): Promise<StoredAcmeOrder> {
  const ca = caOf(deps, work);
  await checkDeeperZones(deps, work.pack);
  const doubts = await checkCaa(deps, { pack: work.pack, ca, algorithm }, signal);
  const place = async () => {
    await spendOrder(deps, work, ca);
    const ask = await askFor(deps, work, ca, algorithm);
    return ca.order(ask, signal).catch(async (error: unknown) => {
      await rememberPatience(deps, work, ca, error);
      throw error;
    });
  };
  const own = new Set(validIn(work).map(({ url }) => url));
  const order = await withOwnControl(deps, { work, ca, own, place }, signal);
  if (isDead(order, deps.clock.now())) throw uselessOrder(ca, order);
  const isKnown = work.orders?.some((one) => one.order.url === order.url);
  if (!isKnown && (order.status === 'processing' || order.status === 'valid')) throw usedOrder(ca);
  const doubted = doubts.length > 0 ? { ...order, doubts } : order;
  return { algorithm, order: doubted, isAnswered: false };
}

/** Authorizations that are valid, of the orders that the run has. */
const validIn = ({ orders = [] }: Pick<Work, 'orders'>): readonly CaAuthorization[] =>
  orders.flatMap(({ order }) => order.authorizations).filter(({ status }) => status === 'valid');

async function askFor(deps: JobDeps, work: Work, { row }: Ca, algorithm: Algorithm): Promise<OrderAsk> {
  const { pack, run } = work;
  const notAfter = pack.validityDays && endOfValidity(row, pack.validityDays, deps.clock.now());
  const replaces = RUNS[run.kind].isReplacing ? await getChain(deps.pool, pack, algorithm) : undefined;
  return {
    names: certificateNames(pack),
    ...(pack.brandedAs !== undefined && { ownNames: [pack.brandedAs] }),
    tenant: pack.zone.accountId,
    algorithm,
    method: methodOf(pack),
    ...(notAfter && { notAfter }),
    ...(replaces !== undefined && { replaces }),
    valid: validIn(work),
  };
}

function uselessOrder({ row }: Ca, { problem }: CaOrder): Fault {
  const why = problem ?? 'it is over already; does the clock of this machine agree with that of the CA?';
  return new Fault('ca_wrong_answer', `${row.name} made an order that is of no use: ${why}`);
}

/** Whoever finalized it did so with another key: nothing of use can come of it, and nothing was issued for it. */
const usedOrder = ({ row }: Ca): Fault =>
  new Fault(
    'ca_wrong_answer',
    `${row.name} answered with an order that was finalized before; it is asked again for a new one`,
  );

/** An order whose certificate request is made. */
export type RequestedOrder = StoredAcmeOrder & Required<Pick<StoredAcmeOrder, 'request'>>;

/** Makes the key and the certificate request of one algorithm; to be stored with an order before it is finalized. */
export async function newRequest(
  deps: JobDeps,
  work: Pick<Work, 'pack' | 'run'>,
  algorithm: Algorithm,
): Promise<RequestedOrder['request']> {
  const { pack } = work;
  const place = keyPlaceNamed(await newKeyPlace(deps, work, algorithm));
  const { key, stored } = await place.make({ ...deps, token: tokenDepsOf(deps, pack) }, { pack, algorithm });
  return { csr: await csrOf(deps, work, key), sealedKey: stored };
}

/** What a certificate request of the pack is to have beside its names: the branded one, where there is one, is the common name. */
export const requestOptions = ({ row }: Ca, { brandedAs }: Pick<Pack, 'brandedAs'>): CsrOptions => ({
  ...(row.hasCommonName && { hasCommonName: true }),
  commonName: brandedAs,
});

/** A certificate request for the names of the pack's certificates, as the CA of the run takes it. */
export function csrOf(
  deps: JobDeps,
  work: Pick<Work, 'pack' | 'run'>,
  key: Parameters<typeof createCsr>[0],
): Promise<Buffer> {
  return createCsr(key, certificateNames(work.pack), requestOptions(caOf(deps, work), work.pack));
}

/** Whether nothing can come of an order any more. One that the CA works on is over when the CA says so. */
export const isDead = ({ status, expiresAt }: CaOrder, now: Date): boolean =>
  status === 'invalid' ||
  ((status === 'pending' || status === 'ready') && expiresAt !== undefined && expiresAt <= now);

/** The records that an order wants to see. */
export const recordsOf = ({ authorizations, ownNames = [] }: CaOrder): ValidationRecord[] =>
  authorizations.map(({ name, shown, status }) => ({
    host: name,
    status: RECORD_STATUS[status],
    ...(ownNames.includes(name) && { isOurs: true }),
    ...shown,
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
export function allRecords(orders: readonly Pick<StoredAcmeOrder, 'order'>[]): ValidationRecord[] {
  const records = orders.flatMap(({ order }) => recordsOf(order));
  const shown = records.map(markOf);
  return records.filter((_, i) => shown.indexOf(shown[i] ?? '') === i);
}
