/** Has a pack that a CA issues for go to the edges of the other environment, under its own id, with its backup. */
import { Fault } from '../kit/fault.ts';
import { toName } from '../pack/hosts.ts';
import { isDeploying, isIssued, isLeaving, may, type PackEvent } from '../pack/lifecycle.ts';
import type { Certificate, Environment, Pack } from '../pack/pack.ts';
import { isOver, isSucceeded } from '../pack/renewal.ts';
import { TYPES } from '../pack/type.ts';
import { isOpen } from '../pack/zone-life.ts';
import { undeploy } from '../store/deployments.ts';
import { logChange } from '../store/edge-changes.ts';
import { promoteNextCertificates } from '../store/next-certificates.ts';
import { deleteOrders } from '../store/orders.ts';
import { lockPack } from '../store/packs.ts';
import type { Tx } from '../store/store.ts';
import { amend, type By, override } from './advance.ts';
import type { AdvanceDeps } from './operation.ts';
import { spendChange } from './spend-wish.ts';

/** Where a pack is to be served. */
interface Aim extends By {
  readonly environment: Environment;
}

/**
 * Has a pack go to the edges of an environment, in a transaction that holds its zone and it: it is off those of the other at once,
 * and so is the other of it and its backup, which goes with it. What is not issued yet goes there once it is; what is issued in a zone
 * that is closed, once that is open. The pack as it is then; where it is for that environment already, as it was. Throws
 * `transition_refused` for a pack that goes nowhere, and `too_many_requests` where it went too often of late.
 */
export async function movePack(tx: Tx, deps: AdvanceDeps, pack: Pack, aim: Aim): Promise<Pack> {
  const { pair, zone } = pack;
  if (aim.environment === pack.environment) return pack;
  demandOrdered(pack);
  const other = pair && (await lockPack(tx, zone.id, pair.other));
  const [front, behind] = other && pair.isStandby ? [other, pack] : [pack, other];
  for (const one of [pack, front]) demandMovable(one, deps.clock.now());
  await spendChange(tx, deps, pack, 'move');
  await moveFront(tx, deps, front, aim);
  if (behind && !isLeaving(behind.status)) await moveStandby(tx, deps, behind, aim);
  return (await lockPack(tx, zone.id, pack.id)) ?? pack;
}

/** Throws for what is not ordered to go anywhere by itself. */
function demandOrdered(pack: Pack): void {
  const { pair, type } = pack;
  if (!TYPES[type].api.deploy) throw refused(pack, `is of type ${type}, which is for production`);
  if (pair?.role === 'backup')
    throw refused(pack, `is a backup, and goes where its certificate pack ${pair.other} goes: PATCH that`);
}

/** Throws where nothing of a pack could be served elsewhere. */
function demandMovable(pack: Pack, now: Date): void {
  const { status, pair } = pack;
  if (isLeaving(status)) throw refused(pack, 'is being deleted');
  // Its backup serves, and goes.
  if (pair?.isStandby) return;
  if (status === 'expired')
    throw refused(
      pack,
      'has expired: PATCH it without deploy, so that it is ordered anew, and with deploy then',
    );
  if (isIssued(status) && !comingOf(pack) && isOver(pack, now))
    throw refused(pack, 'has certificates that have ended, and their renewal has not come about yet');
}

/** The one that is for the edges. */
async function moveFront(tx: Tx, deps: AdvanceDeps, pack: Pack, { environment, ...by }: Aim): Promise<void> {
  await leaveEdges(tx, deps, pack);
  const event = eventTo(pack, environment);
  // A renewal that is under way, and the errors of an order, are not over by that.
  if (event === undefined) return void (await amend(tx, deps, pack, { event: 'move', environment, ...by }));
  const coming = comingOf(pack);
  if (coming) {
    await deleteOrders(tx, pack);
    await promoteNextCertificates(tx, pack);
  }
  const renewed = coming && { certificates: coming, renewal: undefined };
  const change = { environment, driftedOn: undefined, validationErrors: [], ...renewed };
  await override(tx, deps, pack, { event, ...change, ...by });
}

/** New certificates that are all there, and that not every edge showed yet: those go with the pack. */
function comingOf(pack: Pack): readonly Certificate[] | undefined {
  const run = pack.renewal?.run;
  return run && (isDeploying(run.status) || isSucceeded(pack)) ? run.certificates : undefined;
}

/** Undefined: it is not issued yet, or is held until its zone is open. */
function eventTo({ status, zone }: Pack, environment: Environment): PackEvent | undefined {
  if (!isIssued(status) || status === 'holding_deployment') return undefined;
  if (!isOpen(zone)) return 'hold';
  if (environment === 'staging') return 'stage';
  return status === 'deployment_timed_out' ? 'restart' : 'promote';
}

/** The other of a pack and its backup is on no edge any more, where it had not left yet, and is kept for the new ones. */
async function moveStandby(
  tx: Tx,
  deps: AdvanceDeps,
  pack: Pack,
  { environment, ...by }: Aim,
): Promise<void> {
  await leaveEdges(tx, deps, pack);
  if (may(pack.status, 'withdraw')) await override(tx, deps, pack, { event: 'withdraw', environment, ...by });
  else await amend(tx, deps, pack, { event: 'move', environment, ...by });
}

/** The edges that a pack goes to are told when it is given to them. */
async function leaveEdges(tx: Tx, deps: AdvanceDeps, pack: Pack): Promise<void> {
  const change = { environment: pack.environment, hosts: pack.hosts.map(toName) };
  if (await undeploy(tx, pack)) await logChange(tx, change, deps.clock.now());
}

const refused = ({ id }: Pack, why: string): Fault =>
  new Fault('transition_refused', `certificate pack ${id} ${why}`, { pointer: '/deploy' });
