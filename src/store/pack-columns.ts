import { earliestEnd } from '../pack/lifecycle.ts';
import { classOf, facetOf } from '../pack/list-index.ts';
import type { Pack } from '../pack/pack.ts';
import { storedRenewal } from './pack-row.ts';
import type { RowAside } from './packs.ts';

/** Columns that change in a pack's life, and their values. `due_at` and `claim` have rules of their own. */
export const changing = (pack: Pack, { json: wire, jsonVersion: wireVersion }: RowAside) => ({
  status: pack.status,
  status_since: pack.statusSince,
  drifted_on: pack.driftedOn ?? null,
  environment: pack.environment,
  class: classOf(pack),
  facet: facetOf(pack),
  expires_on: earliestEnd(pack) ?? null,
  validation_method: pack.validationMethod ?? null,
  is_delegated: pack.isDelegated,
  is_branded: pack.isBranded,
  branded_as: pack.brandedAs ?? null,
  validation_records: JSON.stringify(pack.validationRecords),
  delegations: pack.delegations,
  validation_errors: JSON.stringify(pack.validationErrors),
  found: pack.found ? JSON.stringify(pack.found) : null,
  attempts: pack.attempts,
  renewal: storedRenewal(pack),
  backup_id: pack.pair?.role === 'ordered' ? pack.pair.other : null,
  is_standby: pack.pair?.isStandby ?? false,
  modified_on: pack.modifiedOn,
  wire,
  wire_version: wireVersion,
});

/** Their names. */
export const CHANGING: readonly (keyof ReturnType<typeof changing>)[] = [
  'status',
  'status_since',
  'drifted_on',
  'environment',
  'class',
  'facet',
  'expires_on',
  'validation_method',
  'is_delegated',
  'is_branded',
  'branded_as',
  'validation_records',
  'delegations',
  'validation_errors',
  'found',
  'attempts',
  'renewal',
  'backup_id',
  'is_standby',
  'modified_on',
  'wire',
  'wire_version',
];
