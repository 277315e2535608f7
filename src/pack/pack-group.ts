/** Groups in which an account's packs are counted for whoever looks at all of them: what waits for whom, and what is late. */
import type { Mover } from './found.ts';
import { isKept } from './lifecycle.ts';
import { PACK_STATUSES, type PackStatus } from './pack.ts';

export const PACK_GROUPS = [
  'active',
  'waiting_for_customer',
  'waiting_for_us',
  'waiting_for_ca',
  'being_renewed',
  'at_risk',
  'expired',
] as const;
export type PackGroup = (typeof PACK_GROUPS)[number];

/** Whose move it is: who has to do something before a pack gets further. */
export type WaitedFor = 'customer' | 'us' | 'ca';

/** Whose move it is by what was found: the operator is one of us. */
export const MOVE_OF: Readonly<Record<Mover, WaitedFor>> = {
  customer: 'customer',
  operator: 'us',
  ca: 'ca',
  us: 'us',
};

/** Whose move it is in a status; `nobody`: it is where it is to be. What timed out waits for a restart. */
// biome-ignore format: a table is read by column
export const MOVES: Readonly<Record<PackStatus, WaitedFor | 'nobody'>> = {
  initializing:           'ca',
  pending_validation:     'customer',
  pending_issuance:       'ca',
  pending_deployment:     'us',
  active:                 'nobody',
  staging_deployment:     'us',
  staging_active:         'nobody',
  holding_deployment:     'customer',
  backup_issued:          'nobody',
  deactivating:           'us',
  inactive:               'nobody',
  pending_expiration:     'nobody',
  expired:                'nobody',
  initializing_timed_out: 'customer',
  validation_timed_out:   'customer',
  issuance_timed_out:     'customer',
  deployment_timed_out:   'us',
  pending_deletion:       'us',
  deletion_timed_out:     'us',
  pending_cleanup:        'us',
  deleted:                'nobody',
};

/** Statuses in which a pack waits for somebody: for whom, that depends on what was found too. */
const WAITING = PACK_STATUSES.filter((status) => MOVES[status] !== 'nobody');

/** Statuses that packs of a group may have, in their order; undefined: any. */
const STATUSES: Readonly<Record<PackGroup, readonly PackStatus[] | undefined>> = {
  active: PACK_STATUSES.filter((status) => status === 'active' || status === 'staging_active'),
  waiting_for_customer: WAITING,
  waiting_for_us: WAITING,
  waiting_for_ca: WAITING,
  being_renewed: PACK_STATUSES.filter(isKept),
  at_risk: undefined,
  expired: ['expired'],
};

/** The same of one. */
export const statusesOfGroup = (group: PackGroup): readonly PackStatus[] | undefined => STATUSES[group];

/** Whether the status alone tells whether a pack is in it. */
export const isByStatus = (group: PackGroup): boolean => group === 'active' || group === 'expired';

/** Whether all that are in it are past the time of their renewal. */
export const isOfRenewals = (group: PackGroup): boolean => group === 'being_renewed' || group === 'at_risk';
