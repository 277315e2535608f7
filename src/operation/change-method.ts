import type { CaRow } from '../ca/ca.ts';
import { Fault } from '../kit/fault.ts';
import { toName } from '../pack/hosts.ts';
import type { CertificateAuthority, Pack, PackStatus } from '../pack/pack.ts';
import { isAnsweredHere } from '../pack/type.ts';
import type { ValidationMethod } from '../pack/validation-method.ts';
import { deleteOrders } from '../store/orders.ts';
import { unpublishRecords } from '../store/published-records.ts';
import type { Tx } from '../store/store.ts';
import { amend, type By } from './advance.ts';
import { checkMethod, notOffered } from './check-method.ts';
import { type Wish, withLockedPack } from './locked-pack.ts';
import type { AdvanceDeps, OperationDeps } from './operation.ts';
import { isRestartable, restart } from './restart.ts';
import { retryNow } from './retry-now.ts';
import { spendChange } from './spend-wish.ts';

/** How control is to be shown: `cname` is by TXT records to which a CNAME leads that stays. */
export type WantedMethod = ValidationMethod | 'cname';

/** A pack whose control is to be shown otherwise. */
export type MethodWish = Wish & { readonly method: WantedMethod };

/** What a change of method is checked by. */
export interface ChangeMethodDeps extends OperationDeps {
  /** The configured CAs. */
  readonly rows: ReadonlyMap<CertificateAuthority, CaRow>;
}

/**
 * Has control of a pack's hosts shown by another method, by a new order with new records, and looked at at once; by the same
 * one it is restarted where it ran out, or looked at at once. Throws `pack_not_found`, and with a pointer `method_not_offered`
 * and, where control was shown already, `transition_refused`; `too_many_requests` where it was changed too often of late.
 */
export function changeMethod(deps: ChangeMethodDeps, { method, by, ...which }: MethodWish): Promise<Pack> {
  return withLockedPack(deps.pool, which, (tx, pack) => changeMethodHeld(tx, deps, pack, { method, by }));
}

/** As `changeMethod`, in a transaction that holds the pack. */
export async function changeMethodHeld(
  tx: Tx,
  deps: ChangeMethodDeps,
  pack: Pack,
  { method, by }: Pick<MethodWish, 'method' | 'by'>,
): Promise<Pack> {
  if (pack.validationMethod === undefined) throw refused(`certificate pack ${pack.id} is not validated`);
  const wanted = checked(deps, pack, method);
  if (wanted.validationMethod !== pack.validationMethod) return reorder(tx, deps, pack, { ...wanted, by });
  const { isDelegated } = wanted;
  const isChanged = isDelegated !== pack.isDelegated;
  if (isChanged) await spendChange(tx, deps, pack);
  const changed = isChanged ? await amend(tx, deps, pack, { event: CHANGE, isDelegated, by }) : pack;
  return isRestartable(changed) ? restart(tx, deps, changed, { by }) : retryNow(tx, deps, changed, by);
}

/** How the change is called in the record. */
const CHANGE = 'change_method';

type Wanted = Required<Pick<Pack, 'validationMethod' | 'isDelegated'>>;

/** What a method means for a pack. Throws `method_not_offered`. */
function checked({ json, rows, clock }: ChangeMethodDeps, pack: Pack, method: WantedMethod): Wanted {
  const { zone, hosts, certificateAuthority: ca } = pack;
  if (method !== 'cname') {
    const row = ca && rows.get(ca);
    checkMethod({ method, names: hosts.map(toName), row, now: clock.now() });
    return { validationMethod: method, isDelegated: false };
  }
  if (isAnsweredHere(pack))
    throw notOffered(
      method,
      `the zone ${zone.name} is answered by this service; take 'txt', which needs no CNAME`,
    );
  if (json.delegationZone === '')
    throw notOffered(method, 'validation cannot be delegated to this service (option delegation_zone)');
  return { validationMethod: 'txt', isDelegated: true };
}

/** Statuses in which control of the hosts has yet to be shown. */
export const OPEN: readonly PackStatus[] = [
  'initializing',
  'pending_validation',
  'initializing_timed_out',
  'validation_timed_out',
  'expired',
];

/** What was ordered and is to be shown goes; the next step makes a new order in its place. */
async function reorder(tx: Tx, deps: AdvanceDeps, pack: Pack, wanted: Wanted & By): Promise<Pack> {
  if (!OPEN.includes(pack.status))
    throw refused(`control of the hosts is not asked for in ${pack.status}: order another certificate pack`);
  await spendChange(tx, deps, pack);
  await unpublishRecords(tx, pack);
  if (isRestartable(pack)) return restart(tx, deps, pack, wanted);
  await deleteOrders(tx, pack);
  const anew = { validationRecords: [], validationErrors: [], attempts: 0, statusSince: deps.clock.now() };
  return amend(tx, deps, pack, { event: CHANGE, ...anew, ...wanted });
}

const refused = (why: string): Fault =>
  new Fault('transition_refused', `the validation method cannot be changed: ${why}`, {
    pointer: '/validation_method',
  });
