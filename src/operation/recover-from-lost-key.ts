/** The way back when the key-encryption key is lost: what was sealed with it is given up, and certificates are ordered anew. */
import { isLeaving, isServed, may } from '../pack/lifecycle.ts';
import type { Pack, PackKey } from '../pack/pack.ts';
import { TYPES } from '../pack/type.ts';
import { deleteCertificates } from '../store/certificates.ts';
import { deleteNextCertificates } from '../store/next-certificates.ts';
import { deleteOrders } from '../store/orders.ts';
import { lockPack } from '../store/packs.ts';
import { unpublishRecords } from '../store/published-records.ts';
import {
  deleteAccountsSealedOtherwise,
  deleteCsrsSealedOtherwise,
  type Lost,
  type LostOfPack,
  listCasSealedOtherwise,
  listPacksWithLost,
  lostOf,
} from '../store/sealed.ts';
import { type Tx, transaction } from '../store/store.ts';
import { touchZone } from '../store/zones.ts';
import { amend, override } from './advance.ts';
import type { OperationDeps } from './operation.ts';

const BATCH = 100;

/**
 * Gives up all that none of the keys of `kekIds` opens, and what was ordered by accounts whose keys are lost. Packs that are
 * served are renewed at once, and edges show what they have until then; packs that were on their way begin anew. Uploads are
 * taken off the edges, and requests of customers are gone. Can be run again, also after it was killed. Returns how many packs that concerned.
 */
export async function recoverFromLostKey(deps: OperationDeps, kekIds: readonly string[]): Promise<number> {
  const lost = { kekIds, cas: await listCasSealedOtherwise(deps.pool, kekIds) };
  let count = 0;
  let last: PackKey | undefined;
  do {
    const packs = await listPacksWithLost(deps.pool, lost, last, BATCH);
    for (const key of packs) count += (await orderAnew(deps, key, lost)) ? 1 : 0;
    last = packs.at(-1);
  } while (last !== undefined);
  // Last: as long as they are there, whoever runs this again knows what was ordered by them.
  await deleteAccountsSealedOtherwise(deps.pool, kekIds);
  await deleteCsrsSealedOtherwise(deps.pool, kekIds);
  return count;
}

function orderAnew(deps: OperationDeps, { zone, id }: PackKey, lost: Lost): Promise<boolean> {
  return transaction(deps.pool, async (tx) => {
    await touchZone(tx, zone.id);
    const pack = await lockPack(tx, zone.id, id);
    if (!pack || isLeaving(pack.status)) return false;
    const ofPack = await lostOf(tx, pack, lost);
    if (!ofPack.isServing && !ofPack.isComing) return false;
    if (TYPES[pack.type].source === 'upload') return takeOff(tx, deps, pack);
    return isServed(pack.status) ? renewAnew(tx, deps, pack, ofPack) : beginAnew(tx, deps, pack, ofPack);
  });
}

/** Nobody but its owner has its key: what covers its hosts beside it serves, until he sends another. */
async function takeOff(tx: Tx, deps: OperationDeps, pack: Pack): Promise<boolean> {
  if (!may(pack.status, 'withdraw')) return false;
  await override(tx, deps, pack, {
    event: 'withdraw',
    validationErrors: [pack.type === 'keyless' ? PLACE_LOST : KEY_LOST],
  });
  return true;
}

const KEY_LOST =
  'the private key cannot be opened any more; PATCH this custom certificate with a certificate and its key';

const PLACE_LOST =
  'where the private key is cannot be opened any more; PATCH this keyless certificate with its host and port';

/** What is to come goes, with the renewal that wanted it, unless it goes on as it is. */
async function renewAnew(
  tx: Tx,
  deps: OperationDeps,
  pack: Pack,
  { isComing }: LostOfPack,
): Promise<boolean> {
  if (pack.renewal?.run && !isComing) return false;
  await deleteOrders(tx, pack);
  await deleteNextCertificates(tx, pack);
  await unpublishRecords(tx, pack);
  await amend(tx, deps, pack, { renewal: { at: deps.clock.now() } });
  return true;
}

async function beginAnew(
  tx: Tx,
  deps: OperationDeps,
  pack: Pack,
  { isServing }: LostOfPack,
): Promise<boolean> {
  const isLost = isServing && may(pack.status, 'lose');
  // What is taken off the edges, or ended, is served by nobody: its keys go when it is ordered again.
  if (isServing && !isLost && !UNSERVED.includes(pack.status)) return false;
  await deleteOrders(tx, pack);
  await unpublishRecords(tx, pack);
  const without = { validationRecords: [], validationErrors: [] };
  if (!isServing) {
    await amend(tx, deps, pack, { ...without, attempts: 0 });
    return true;
  }
  await deleteCertificates(tx, pack);
  const anew = { ...without, certificates: [], renewal: undefined };
  if (isLost) await override(tx, deps, pack, { event: 'lose', ...anew });
  else await amend(tx, deps, pack, { ...anew, attempts: 0 });
  return true;
}

/** Statuses of packs that may have one certificate and wait for the other: no edge has any. */
const UNSERVED: readonly Pack['status'][] = [
  'initializing',
  'pending_validation',
  'initializing_timed_out',
  'validation_timed_out',
  'issuance_timed_out',
];
