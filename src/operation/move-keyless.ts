import { Fault } from '../kit/fault.ts';
import { toName } from '../pack/hosts.ts';
import { earliestEnd, may, type PackEvent } from '../pack/lifecycle.ts';
import { isOff } from '../pack/managed.ts';
import type { Environment, Pack } from '../pack/pack.ts';
import type { Restriction } from '../pack/region.ts';
import { isOpen } from '../pack/zone-life.ts';
import { undeploy } from '../store/deployments.ts';
import { keepTo, leaveHosts } from '../store/served-hosts.ts';
import type { Tx } from '../store/store.ts';
import { amend, type By, override } from './advance.ts';
import type { ServedChange } from './assign-to-edges.ts';
import type { OperationDeps } from './operation.ts';

/** Where a keyless certificate is to be served. */
export interface KeylessPlace {
  readonly environment: Environment;
  /** Undefined: at every edge of the environment. */
  readonly restriction: Restriction | undefined;
}

/** Whether that is elsewhere than where it is now. */
export const isElsewhere = (pack: Pack, { environment, restriction }: KeylessPlace): boolean =>
  environment !== pack.environment || JSON.stringify(restriction) !== JSON.stringify(pack.keptTo);

/**
 * Has a keyless pack go to other edges under its own id, in a transaction that holds it: it is off those of another environment at
 * once, and covers nothing any more where it may not be. One that was off comes back, or is held while its zone is closed. What changed, for the edges to be told of. Throws `transition_refused` for
 * one whose certificate has ended.
 */
export async function moveKeyless(
  tx: Tx,
  deps: OperationDeps,
  pack: Pack,
  { environment, restriction, ...by }: KeylessPlace & By,
): Promise<ServedChange[]> {
  const now = deps.clock.now();
  const end = earliestEnd(pack);
  if (pack.status === 'expired' || (end && end <= now)) throw ended(pack);
  const event = eventTo(pack, environment);
  // What is held is nowhere, also where it was not off yet.
  if (environment === pack.environment && event !== 'hold') await keepTo(tx, pack, restriction);
  else {
    await leaveHosts(tx, pack, now);
    await undeploy(tx, pack);
  }
  // What an edge of before showed is no matter of the others.
  const driftedOn = environment === pack.environment ? pack.driftedOn : undefined;
  const change = { environment, keptTo: restriction, driftedOn, validationErrors: [], ...by };
  if (event === undefined) await amend(tx, deps, pack, { event: 'move', ...change });
  else await override(tx, deps, pack, { event, ...change });
  const hosts = pack.hosts.map(toName);
  return [...new Set([pack.environment, environment])].map((one) => ({ environment: one, hosts }));
}

/** Undefined: it is on its way there already, or is held until its zone is open. */
function eventTo(pack: Pack, environment: Environment): PackEvent | undefined {
  const { status, zone } = pack;
  if (status === 'holding_deployment') return undefined;
  if ((isOff(pack) || environment !== pack.environment) && !isOpen(zone)) return 'hold';
  if (environment === 'staging') return may(status, 'stage') ? 'stage' : undefined;
  if (status === 'deployment_timed_out') return 'restart';
  return may(status, 'promote') ? 'promote' : undefined;
}

const ended = ({ id }: Pack): Fault =>
  new Fault(
    'transition_refused',
    `the certificate of keyless certificate ${id} has ended: bring another one`,
  );
