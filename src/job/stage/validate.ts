import type { CaAuthorization, CaOrder } from '../../ca/ca.ts';
import type { Seconds } from '../../kit/time.ts';
import { advance, type PackChange, postpone, update } from '../../operation/advance.ts';
import { lookDelay, retryDelay } from '../../pack/backoff.ts';
import { withoutWildcard } from '../../pack/hosts.ts';
import { ALGORITHMS, type Algorithm, type Pack } from '../../pack/pack.ts';
import { delegatedName } from '../../pack/pack-json.ts';
import { putOrder } from '../../store/orders.ts';
import { allSent, autocommit, pipelined } from '../../store/store.ts';
import type { HttpCheck, TxtCheck, Wanted } from '../../validation/validation.ts';
import type { Job, JobDeps } from '../job.ts';
import {
  allRecords,
  caOf,
  isDead,
  knowOrders,
  newRequest,
  noteOrder,
  ordersOf,
  placeOrder,
  publishPending,
  type StoredAcmeOrder,
  withOrder,
} from '../step/acme-orders.ts';
import { checkFailures, spendFailures } from '../step/ca-limits.ts';
import { publishByUpdate } from '../step/dns-update.ts';

/**
 * Shows control of every host. The records are looked at first, at every authoritative server; the CA is told
 * only when all can be seen, because its refusal ends the order and the records with it.
 */
export const validate: Job = async (deps, pack, signal) => {
  const orders = await ordersOf(deps.pool, pack);
  const now = deps.clock.now();
  const open = orders.find(({ order }) => order.status === 'pending' || isDead(order, now));
  if (orders.length === 0) return reorder(deps, pack, firstMissing(pack), signal);
  if (!open) return proven(deps, pack, orders);
  if (isDead(open.order, now)) return reorder(deps, pack, open.algorithm, signal);
  if (open.isAnswered) return judge(deps, pack, await ask(deps, pack, open, signal), signal);

  const failure = await publishByUpdate(deps, pack, signal);
  const looks = await lookAtAll(deps, pack, open.order, signal);
  const unseen = looks.filter(({ isVisible }) => !isVisible);
  if (unseen.length > 0) return waitForRecords(deps, pack, unseen, failure);
  await checkFailures(deps, caOf(deps, pack), pendingNames(open.order));
  // Noted before the CA is told, that it is told: what is to be shown stays as it is.
  await noteOrder(deps, pack, { ...open, isAnswered: true });
  const order = await caOf(deps, pack).validate(open.order, signal);
  await spendFailures(deps, caOf(deps, pack), failedNames(order));
  return judge(deps, pack, { ...open, order }, signal);
};

const pendingNames = ({ authorizations }: CaOrder): string[] =>
  authorizations.filter(({ status }) => status === 'pending').map(({ name }) => withoutWildcard(name));

const failedNames = ({ authorizations }: CaOrder): string[] =>
  authorizations.filter(({ status }) => status === 'invalid').map(({ name }) => withoutWildcard(name));

/** Where the CA was told before: what it found by now; told again where a crash came before the telling. */
async function ask(
  deps: JobDeps,
  pack: Pack,
  open: StoredAcmeOrder,
  signal: AbortSignal,
): Promise<StoredAcmeOrder> {
  const ca = caOf(deps, pack);
  const seen = await ca.look(open.order, signal);
  return { ...open, order: seen.status === 'pending' ? await ca.validate(seen, signal) : seen };
}

/** A restart may come when one of the certificates is there already. */
const firstMissing = ({ certificates }: Pack): Algorithm =>
  ALGORITHMS.find((one) => !certificates.some(({ algorithm }) => algorithm === one)) ?? 'ecdsa';

/** One look at a time per record, all records of an order side by side. */
const lookAtAll = (
  deps: JobDeps,
  pack: Pack,
  order: CaOrder,
  signal: AbortSignal,
): Promise<(TxtCheck | HttpCheck)[]> =>
  Promise.all(
    order.authorizations
      .filter(({ status }) => status === 'pending')
      .map((one) =>
        one.file ? deps.precheckHttp(one.file, signal) : deps.precheckTxt(wanted(deps, pack, one), signal),
      ),
  );

/** The record to look for, and where a CNAME is to lead if the subscriber delegates validation to us. */
function wanted({ json: { delegationZone } }: JobDeps, { zone }: Pack, one: CaAuthorization): Wanted {
  const { txtName, txtValue } = one;
  if (zone.type === 'full' || delegationZone === '') return { txtName, txtValue };
  return { txtName, txtValue, delegatedTo: delegatedName(one.name, zone.delegationUuid, delegationZone) };
}

async function waitForRecords(
  deps: JobDeps,
  pack: Pack,
  unseen: readonly (TxtCheck | HttpCheck)[],
  failure: string | undefined,
): Promise<undefined> {
  const problems = unseen.map((look) => look.problem ?? `${nameOf(look)} cannot be seen yet`);
  const validationErrors = failure === undefined ? problems : [failure, ...problems];
  const shown = unseen.map((look) => ({ name: nameOf(look), seen: look.seen }));
  deps.log.debug({ pack: pack.id, seen: shown }, 'validation records not visible');
  await autocommit(deps.pool, pack.zone.id, (db) =>
    postpone(db, deps, pack, { seconds: lookAgainAfter(pack), validationErrors }),
  );
}

/** Nobody has to publish what our own name servers answer: what is not there yet, while one of them starts, is soon. */
const lookAgainAfter = ({ zone, attempts }: Pack): Seconds =>
  zone.type === 'full' ? Math.min(lookDelay(attempts), retryDelay(attempts)) : lookDelay(attempts);

const nameOf = (look: TxtCheck | HttpCheck): string => ('url' in look ? look.url : look.txtName);

/** Goes by what the CA found: on, on to wait, or to a new order behind the pack. */
async function judge(
  deps: JobDeps,
  pack: Pack,
  open: StoredAcmeOrder,
  signal: AbortSignal,
): Promise<Pack | undefined> {
  const { order, algorithm } = open;
  if (isDead(order, deps.clock.now()))
    return replace(deps, pack, { algorithm, why: refusals(order) }, signal);
  const answered = { ...open, isAnswered: true };
  if (order.status !== 'pending') return controlShown(deps, pack, answered);
  const kept = await store(deps, pack, answered, { validationErrors: [] });
  await autocommit(deps.pool, pack.zone.id, (db) => postpone(db, deps, kept, { seconds: CA_STILL_LOOKS }));
  return undefined;
}

/** Seconds until a CA that has not made up its mind is asked again. */
const CA_STILL_LOOKS = 5;

const refusals = (order: CaOrder): string[] => {
  const causes = order.authorizations.flatMap(({ problem }) => problem ?? []);
  return causes.length > 0 ? causes : [order.problem ?? 'the order ended at the CA; a new one was made'];
};

/** The CA refused: a new order goes behind the pack, to be looked at after the usual wait. */
async function replace(
  deps: JobDeps,
  pack: Pack,
  { algorithm, why }: { readonly algorithm: Algorithm; readonly why: readonly string[] },
  signal: AbortSignal,
): Promise<undefined> {
  const placed = await placeOrder(deps, pack, algorithm, signal);
  const kept = await store(deps, pack, placed, { validationErrors: why });
  await autocommit(deps.pool, pack.zone.id, (db) =>
    postpone(db, deps, kept, { seconds: lookDelay(kept.attempts) }),
  );
}

/** A restart, or an order that ended of age: a new one, looked at at once. */
async function reorder(deps: JobDeps, pack: Pack, algorithm: Algorithm, signal: AbortSignal): Promise<Pack> {
  const placed = await placeOrder(deps, pack, algorithm, signal);
  return store(deps, pack, placed, {});
}

/** The CA found control; the pack goes on unless another of its orders still waits for that. */
async function controlShown(deps: JobDeps, pack: Pack, proved: StoredAcmeOrder): Promise<Pack> {
  // The certificate request is made already here, so that it needs no write of its own; an RSA key can take a while.
  const isLacking = proved.algorithm === 'ecdsa' && !proved.request;
  const stored = isLacking ? { ...proved, request: await newRequest(deps, pack, 'ecdsa') } : proved;
  const orders = withOrder(await ordersOf(deps.pool, pack), stored);
  const change = { validationRecords: allRecords(orders), validationErrors: [] };
  const now = deps.clock.now();
  const isOpen = orders.some(({ order }) => order.status === 'pending' || isDead(order, now));
  const kept = await pipelined(deps.pool, (tx) =>
    allSent(
      isOpen ? update(tx, deps, pack, change) : advance(tx, deps, pack, { event: 'done', ...change }),
      putOrder(tx, pack.id, stored),
      publishPending(tx, deps, { ...pack, ...change }),
    ),
  );
  knowOrders(kept, orders);
  return kept;
}

/** Writes an order and the records that all orders of the pack now want, in one transaction. */
async function store(deps: JobDeps, pack: Pack, stored: StoredAcmeOrder, change: PackChange): Promise<Pack> {
  const orders = withOrder(await ordersOf(deps.pool, pack), stored);
  const shown = { ...change, validationRecords: allRecords(orders) };
  const kept = await pipelined(deps.pool, (tx) =>
    allSent(
      update(tx, deps, pack, shown),
      putOrder(tx, pack.id, stored),
      publishPending(tx, deps, { ...pack, ...shown }),
    ),
  );
  knowOrders(kept, orders);
  return kept;
}

function proven(deps: JobDeps, pack: Pack, orders: readonly StoredAcmeOrder[]): Promise<Pack> {
  const change = { validationRecords: allRecords(orders), validationErrors: [] };
  return pipelined(deps.pool, (tx) =>
    allSent(
      advance(tx, deps, pack, { event: 'done', ...change }),
      publishPending(tx, deps, { ...pack, ...change }),
    ),
  );
}
